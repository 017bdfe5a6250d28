//! The first connections: whether the database answers, whether a pooler stands before it, and how
//! many connections it takes.
//!
//! The pool alone would wait out its whole time limit for a server that refuses, and then report
//! that the pool timed out.

use std::time::Duration;

use futures::future::join_all;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool, Row};
use tokio::time::{Instant, interval, timeout_at};

use super::{DatabaseError, Role, session};
use crate::settings;

/// The longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(15);
/// How often a server that is starting is asked again.
const STARTING_LOOK: Duration = Duration::from_millis(250);
/// How often two sessions are compared: on a busy pooler one look may miss.
const LOOKS: u32 = 3;

/// What answers at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// PostgreSQL itself.
    Server,
    /// A pooler that gives each client a session of its own.
    Pooler,
}

/// Connects, with at most `connections_max` connections.
///
/// # Errors
/// When the URL is none, nobody answers, the login is refused, or a pooler in transaction mode
/// answers. Nothing was done then.
pub async fn connect(url: &str, role: Role, connections_max: u32) -> Result<PgPool, DatabaseError> {
    let options = options(url)?;
    who_answers(&options).await?;
    pool(options, role, connections_max).await
}

/// Connects a worker, whose queue and jobs share `connections`: fewer if a pooler has fewer, which
/// would let the others wait.
///
/// # Errors
/// As [`connect`], and when the database takes fewer than [`settings::CONNECTIONS_MIN`].
pub async fn connect_worker(url: &str, connections: u32) -> Result<PgPool, DatabaseError> {
    let options = options(url)?;
    let least = settings::CONNECTIONS_MIN;
    let wanted = match who_answers(&options).await? {
        Answers::Server => least,
        Answers::Pooler => connections,
    };
    let taken = taken_at_once(&options, wanted).await?;
    if taken < least {
        return Err(DatabaseError::TooFewConnections { least, taken });
    }
    let connections = if taken < wanted {
        tracing::warn!(
            taken,
            wanted,
            "the pooler has {taken} of {wanted} connections: the worker makes do with them"
        );
        taken
    } else {
        connections
    };
    pool(options, Role::Worker, connections.saturating_sub(perennial_queue::CONNECTIONS_MAX)).await
}

async fn pool(
    options: PgConnectOptions,
    role: Role,
    connections_max: u32,
) -> Result<PgPool, DatabaseError> {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(CONNECT_MAX)
        .after_connect(move |connection, _| Box::pin(session::prepare(connection, role)))
        .connect_with(options)
        .await
        .map_err(|error| refused(&error))
}

fn options(url: &str) -> Result<PgConnectOptions, DatabaseError> {
    let options: PgConnectOptions = url.parse().map_err(DatabaseError::Url)?;
    // Each session sets the rest itself; see `session`.
    let options = options.application_name("perennial").extra_float_digits(None);
    Ok(match settings::ca_file()? {
        Some(authority) if !url.contains("sslrootcert=") => {
            options.ssl_root_cert_from_pem(authority.pem)
        }
        _ => options,
    })
}

/// PostgreSQL takes any startup parameter with a dot in its name. A pooler refuses it, each in words
/// of its own, or drops it: what is refused is tried again without it.
async fn who_answers(options: &PgConnectOptions) -> Result<Answers, DatabaseError> {
    let deadline = Instant::now() + CONNECT_MAX;
    let marked = options.clone().options([("perennial.direct", "yes")]);
    match dial(&marked, deadline).await {
        Ok(mut connection) => {
            let sql = "select coalesce(current_setting('perennial.direct', true), '') = 'yes'";
            let direct: bool = within(deadline, async {
                sqlx::raw_sql(sql).fetch_one(&mut connection).await?.try_get(0)
            })
            .await?;
            // The server notices either way.
            drop(connection.close().await);
            if direct {
                return Ok(Answers::Server);
            }
        }
        Err(Dialled::Refused(sqlx::Error::Database(_))) => {}
        Err(other) => return Err(other.into()),
    }
    let mut first = dial(options, deadline).await?;
    let mut second = dial(options, deadline).await?;
    let mut shared = false;
    for _ in 0..LOOKS {
        let look = within(deadline, sessions_are_shared(&mut first, &mut second)).await;
        shared = shared || look?;
    }
    drop((first.close().await, second.close().await));
    if shared { Err(DatabaseError::PooledByTransaction) } else { Ok(Answers::Pooler) }
}

/// With a session of its own, a connection keeps its server process while another has a
/// transaction open, and nobody else has that process. A pooler in transaction mode shares them: what
/// a session sets and locks leaks to other clients, and notifications reach the wrong ones.
async fn sessions_are_shared(
    first: &mut PgConnection,
    second: &mut PgConnection,
) -> sqlx::Result<bool> {
    let before = backend(first).await?;
    sqlx::raw_sql("begin").execute(&mut *second).await?;
    let other = backend(second).await?;
    // With a single server connection, the transaction above holds it: asking again would wait.
    let shared = before == other || backend(first).await? != before;
    sqlx::raw_sql("rollback").execute(second).await?;
    Ok(shared)
}

/// The server process behind a connection. Without a prepared statement, which a pooler might not
/// know.
async fn backend(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::raw_sql("select pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}

/// How many of the `wanted` connections are taken at the same time.
async fn taken_at_once(options: &PgConnectOptions, wanted: u32) -> Result<u32, DatabaseError> {
    let deadline = Instant::now() + CONNECT_MAX / 3;
    let dialled = join_all((0..wanted).map(|_| async {
        let mut connection = dial(options, deadline).await?;
        // A pooler takes everybody, and lets those wait that it has no connection for.
        within(deadline, async { backend(&mut connection).await }).await?;
        Ok::<_, DatabaseError>(connection)
    }));
    let mut taken = 0;
    let mut open = vec![];
    for one in dialled.await {
        match one {
            Ok(connection) => {
                taken += 1;
                open.push(connection);
            }
            Err(DatabaseError::TooFewConnections { .. } | DatabaseError::Silent) => {}
            Err(other) => return Err(other),
        }
    }
    join_all(open.into_iter().map(Connection::close)).await;
    Ok(taken)
}

/// Why there is no connection.
enum Dialled {
    Refused(sqlx::Error),
    Silent,
}

/// One connection. A server that is starting is waited for; all else is answered at once.
async fn dial(options: &PgConnectOptions, deadline: Instant) -> Result<PgConnection, Dialled> {
    let mut look = interval(STARTING_LOOK);
    loop {
        look.tick().await;
        match timeout_at(deadline, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if has_code(&error, "57P03") && Instant::now() < deadline => {}
            Ok(Err(error)) => return Err(Dialled::Refused(error)),
            Err(_) => return Err(Dialled::Silent),
        }
    }
}

async fn within<T>(
    deadline: Instant,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> Result<T, DatabaseError> {
    match timeout_at(deadline, answer).await {
        Ok(answered) => answered.map_err(|error| refused(&error)),
        Err(_) => Err(DatabaseError::Silent),
    }
}

impl From<Dialled> for DatabaseError {
    fn from(dialled: Dialled) -> Self {
        match dialled {
            Dialled::Refused(error) => refused(&error),
            Dialled::Silent => Self::Silent,
        }
    }
}

fn refused(error: &sqlx::Error) -> DatabaseError {
    let reason = perennial_jobs::store::Said(error).to_string();
    match error {
        sqlx::Error::Database(_) if reason.contains("statement pooling") => {
            DatabaseError::PooledByTransaction
        }
        sqlx::Error::Database(_) if is_too_many(error, &reason) => {
            DatabaseError::TooFewConnections { least: settings::CONNECTIONS_MIN, taken: 0 }
        }
        sqlx::Error::Database(_) => DatabaseError::Login { reason },
        sqlx::Error::Tls(_) => DatabaseError::Tls { reason },
        sqlx::Error::Io(error) if error.get_ref().is_some_and(|it| it.is::<rustls::Error>()) => {
            DatabaseError::Tls { reason }
        }
        _ => DatabaseError::Unreachable { reason },
    }
}

/// PostgreSQL's code for it, and PgBouncer's words.
fn is_too_many(error: &sqlx::Error, reason: &str) -> bool {
    has_code(error, "53300")
        || ["no more connections allowed", "query_wait_timeout"]
            .iter()
            .any(|words| reason.contains(words))
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|found| found == code)
}
