//! Bringing the schema up to date: the versioned migrations, and then the SQL functions.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection, PgPool};

use super::{DatabaseError, functions, rights};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Held by one `migrate` at a time.
const LOCK: i64 = 0x7065_7265_6e6e_6961;

/// How long a `migrate` waits before it asks again for the lock. It does not wait inside of the
/// database: an index that the other one builds concurrently would wait for this session in turn.
const LOCK_ASKED_EVERY: Duration = Duration::from_millis(100);

/// The migrations of the last commit before the baseline (4496e8d): the SHA-256 of the lines
/// `version checksum`. Their files are gone; their schema is that of the baseline.
const BEFORE_THE_BASELINE: &str =
    "195c17922cf68fc6f578b7cd7b60bed59601146b04806964c51056e3f0ca8514";

/// The last migration whose content a database of that commit already has.
const BASELINE_END: i64 = 17;

/// Brings the schema up to date. What is there stays; running it again does nothing. A second call
/// at the same time waits for the first one.
///
/// # Errors
/// When the database is newer than this binary or not Perennial's, or when a migration fails (it is
/// then undone).
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    // A connection of its own: however this ends, closing it releases the locks.
    let mut conn = pool.acquire().await?.detach();
    let migrated = migrate_alone(&mut conn).await;
    let closed = conn.close().await;
    migrated?;
    Ok(closed?)
}

async fn migrate_alone(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    let mut turns = tokio::time::interval(LOCK_ASKED_EVERY);
    turns.tick().await;
    while !sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "locked!""#, LOCK)
        .fetch_one(&mut *conn)
        .await?
    {
        turns.tick().await;
    }
    if digest(conn).await? == BEFORE_THE_BASELINE {
        adopt(conn).await?;
    }
    refuse_unknown(&applied(conn).await?)?;
    functions::refuse_newer(conn).await?;
    // (`run` takes connections in a way that no spawned task may.)
    MIGRATIONS.run_direct(None, conn, false).await.map_err(DatabaseError::Migrate)?;
    functions::apply(conn, newest()).await?;
    rights::settle(conn).await
}

/// Checks that the schema is this binary's, and changes nothing.
///
/// # Errors
/// When it is older or newer.
pub async fn check_schema(pool: &PgPool) -> Result<(), DatabaseError> {
    let mut conn = pool.acquire().await?;
    let applied = applied(&mut conn).await?;
    refuse_unknown(&applied)?;
    let lacks = |version: i64| !applied.iter().any(|migration| migration.version == version);
    match MIGRATIONS.iter().find(|migration| lacks(migration.version)) {
        Some(missing) => Err(DatabaseError::Older { version: missing.version }),
        None => functions::check(&mut conn).await,
    }
}

fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

struct Applied {
    version: i64,
    checksum: Vec<u8>,
}

async fn applied(conn: &mut PgConnection) -> Result<Vec<Applied>, DatabaseError> {
    if !has_table(conn, "public._sqlx_migrations").await? {
        return Ok(vec![]);
    }
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "select version, checksum from public._sqlx_migrations where success order by version",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(version, checksum)| Applied { version, checksum }).collect())
}

/// Whether there is such a table or view.
pub(super) async fn has_table(conn: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select to_regclass($1) is not null as "there!""#, name)
        .fetch_one(conn)
        .await
}

/// What is known by number must have the content that is known, before what is not known by number
/// can be said to be newer.
fn refuse_unknown(applied: &[Applied]) -> Result<(), DatabaseError> {
    let known = |version: i64| MIGRATIONS.iter().find(|migration| migration.version == version);
    for migration in applied {
        let version = migration.version;
        if known(version).is_some_and(|known| *known.checksum != *migration.checksum) {
            return Err(DatabaseError::Foreign { version });
        }
    }
    match applied.iter().find(|migration| known(migration.version).is_none()) {
        Some(&Applied { version, .. }) => Err(DatabaseError::Newer { version }),
        None => Ok(()),
    }
}

/// The SHA-256 of the lines `version checksum` of what was applied.
async fn digest(conn: &mut PgConnection) -> Result<String, DatabaseError> {
    let lines: Vec<_> = applied(conn)
        .await?
        .iter()
        .map(|migration| format!("{} {}", migration.version, hex::encode(&migration.checksum)))
        .collect();
    Ok(functions::sha256(&lines.join("\n")))
}

/// Replaces the records of the migrations before the baseline by those of the baseline.
async fn adopt(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    let mut transaction = conn.begin().await?;
    sqlx::query("delete from public._sqlx_migrations").execute(&mut *transaction).await?;
    MIGRATIONS
        .run_direct(Some(BASELINE_END), &mut *transaction, true)
        .await
        .map_err(DatabaseError::Migrate)?;
    Ok(transaction.commit().await?)
}
