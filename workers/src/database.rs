//! Reaching the database, and bringing its schema up to date.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is none.
    #[error("DATABASE_URL is not a PostgreSQL URL: {0}")]
    Url(#[source] sqlx::Error),
    /// Nobody answers.
    #[error("the database does not answer: {0}; check DATABASE_URL, and that the server runs")]
    Unreachable(#[source] sqlx::Error),
    /// It was migrated by a newer version.
    #[error(
        "the database was migrated by a newer version of Perennial (it knows migration {version}, this binary does \
         not): run that version, or a newer one; nothing was changed"
    )]
    Newer {
        /// A migration this binary does not have.
        version: i64,
    },
    /// It has not been migrated, or not by this version.
    #[error("the database lacks migration {version}: run `perennial migrate` first")]
    Older {
        /// A migration the database does not have.
        version: i64,
    },
    /// A migration failed.
    #[error("the schema was not brought up to date: {0}")]
    Migrate(#[source] MigrateError),
    /// A statement failed.
    #[error("the database refused: {0}")]
    Refused(#[from] sqlx::Error),
}

/// Who a process is to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whoever the URL says: migrations, administration.
    Owner,
    /// `perennial_worker`, where it exists and may be taken: append-only tables are just that.
    Worker,
}

/// Connects, with at most `connections_max` connections.
///
/// # Errors
/// When the URL is none, or nobody answers.
pub async fn connect(url: &str, role: Role, connections_max: u32) -> Result<PgPool, DatabaseError> {
    let options: PgConnectOptions = url.parse().map_err(DatabaseError::Url)?;
    // A user who is called like the schema would else find other tables than the rest.
    let options = options.application_name("perennial").options([("search_path", "public")]);
    let pool = PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(15))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if role == Role::Worker {
                    // A role that does not exist or may not be taken leaves the URL's own.
                    sqlx::raw_sql(AssertSqlSafe(TAKE_WORKER_ROLE)).execute(connection).await?;
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .map_err(DatabaseError::Unreachable)?;
    Ok(pool)
}

const TAKE_WORKER_ROLE: &str = "do $$ begin
    if exists (select from pg_roles where rolname = 'perennial_worker')
       and pg_has_role(current_user, 'perennial_worker', 'member')
       and to_regnamespace('perennial') is not null then
        set role perennial_worker;
    end if;
end $$";

/// Brings the schema up to date. What is there stays; running it again does nothing.
///
/// # Errors
/// When the database is newer than this binary, or a migration fails (it is then undone).
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => DatabaseError::Newer { version },
        other => DatabaseError::Migrate(other),
    })
}

/// Checks that the schema is this binary's, and changes nothing.
///
/// # Errors
/// When it is older or newer.
pub async fn check_schema(pool: &PgPool) -> Result<(), DatabaseError> {
    let applied = applied(pool).await?;
    let known: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    if let Some(&version) = applied.iter().find(|version| !known.contains(version)) {
        return Err(DatabaseError::Newer { version });
    }
    match known.iter().find(|version| !applied.contains(version)) {
        Some(&version) => Err(DatabaseError::Older { version }),
        None => Ok(()),
    }
}

async fn applied(pool: &PgPool) -> Result<Vec<i64>, DatabaseError> {
    let migrated = sqlx::query_scalar!(
        r#"select to_regclass('public._sqlx_migrations') is not null as "there!""#
    );
    if !migrated.fetch_one(pool).await? {
        return Ok(vec![]);
    }
    Ok(sqlx::query_scalar("select version from public._sqlx_migrations where success")
        .fetch_all(pool)
        .await?)
}
