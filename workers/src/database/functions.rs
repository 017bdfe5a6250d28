//! The SQL functions, views and triggers of `migrations/functions`: each has one definition there,
//! and is applied again whenever its file changed.
//!
//! **Never** holds a lock that traffic needs for long: it gives up a lock it does not get at once,
//! and tries again from the beginning.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{DatabaseError, schema};

/// One file of `migrations/functions`.
struct File {
    name: &'static str,
    sql: &'static str,
}

macro_rules! files {
    ($($name:literal,)*) => {
        &[$(File {
            name: $name,
            sql: include_str!(concat!("../../../migrations/functions/", $name, ".sql")),
        },)*]
    };
}

/// In this order: what a view, a trigger, a default of an argument or an aggregate needs comes
/// before it. (The body of a function may name what comes later.)
const FILES: &[File] = files![
    "clocks",
    "checks",
    "charges",
    "events",
    "jobs",
    "catalogue",
    "subscriptions",
    "sold",
    "money",
    "refunds",
    "mail",
    "meters",
    "usage_closing",
    "usage",
    "usage_batch",
    "retention",
    "wallets",
    "orders",
    "memberships",
    "access",
    "api_keys",
    "revenue",
    "analytics",
    "stocks",
    "flows",
    "figures",
    "insight",
    "affiliates",
    "roi",
    "due",
    "invariants",
    "rights",
];

/// This version. An older one than that which migrated a database is refused.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How often a lock is tried that is not granted at once, and the time from one try to the next.
const TRIES_MAX: u32 = 60;
const TRIED_EVERY: Duration = Duration::from_secs(2);

/// How the files are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The changed files; what they define replaces what was there.
    Replace,
    /// All files, after all that they defined was dropped: an argument's name, a type that is
    /// returned or a view's column changed, and that cannot be replaced.
    Rebuild,
}

pub(super) fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// Refuses a database that a newer version migrated.
pub(super) async fn refuse_newer(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    if !schema::has_table(conn, "perennial.schema_version").await? {
        return Ok(());
    }
    let theirs: Option<String> =
        sqlx::query_scalar!("select version from perennial.schema_version")
            .fetch_optional(conn)
            .await?;
    match theirs {
        Some(theirs) if parts(&theirs) > parts(VERSION) => {
            Err(DatabaseError::NewerVersion { theirs, ours: VERSION })
        }
        _ => Ok(()),
    }
}

fn parts(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

/// Checks that the functions are this version's.
pub(super) async fn check(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    refuse_newer(conn).await?;
    let recorded = recorded(conn).await?;
    let differs = changed(&recorded).map(|file| file.name.to_owned()).next();
    match differs.or_else(|| gone(&recorded).next()) {
        Some(file) => Err(DatabaseError::FunctionsDiffer { file }),
        None => Ok(()),
    }
}

/// Applies the files that changed, in one transaction. `migration` is the newest versioned one.
pub(super) async fn apply(conn: &mut PgConnection, migration: i64) -> Result<(), DatabaseError> {
    if is_current(conn, migration).await? {
        return Ok(());
    }
    let (mut way, mut tries) = (Way::Replace, 1);
    let mut turns = tokio::time::interval(TRIED_EVERY);
    loop {
        turns.tick().await;
        match apply_once(conn, way, migration).await {
            Ok(()) => return Ok(()),
            Err(failed) if is_busy(&failed.source) && tries < TRIES_MAX => {
                tries += 1;
            }
            Err(failed) if failed.source.as_database_error().is_some() && way == Way::Replace => {
                way = Way::Rebuild;
            }
            Err(Failed { file, source }) => {
                let detail = detail(&source);
                return Err(DatabaseError::Functions { file, detail, source });
            }
        }
    }
}

/// Whether somebody else held a lock, or changed the same function.
fn is_busy(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        matches!(error.code().as_deref(), Some("55P03" | "40P01" | "40001"))
            || error.message() == "tuple concurrently updated"
    })
}

/// What the database says beside the message, such as which object depends on another.
fn detail(error: &sqlx::Error) -> String {
    let error =
        error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    error
        .and_then(PgDatabaseError::detail)
        .map_or_else(String::new, |detail| format!(" ({detail})"))
}

struct Failed {
    file: &'static str,
    source: sqlx::Error,
}

fn failed(file: &'static str) -> impl Fn(sqlx::Error) -> Failed {
    move |source| Failed { file, source }
}

async fn apply_once(conn: &mut PgConnection, way: Way, migration: i64) -> Result<(), Failed> {
    let general = failed("beginning");
    let mut transaction = conn.begin().await.map_err(&general)?;
    let conn = &mut *transaction;
    sqlx::raw_sql("set local lock_timeout = '1s'; set local check_function_bodies = off")
        .execute(&mut *conn)
        .await
        .map_err(&general)?;
    let recorded = recorded(conn).await.map_err(&general)?;
    let files: Vec<&File> = match way {
        Way::Replace => changed(&recorded).collect(),
        Way::Rebuild => FILES.iter().collect(),
    };
    let mut names: Vec<String> = files.iter().map(|file| file.name.to_owned()).collect();
    names.extend(gone(&recorded).chain([String::new()]));
    let before = forget(conn, &names).await.map_err(&general)?;
    if way == Way::Rebuild {
        drop_all(conn, &before).await.map_err(failed("dropping"))?;
    }
    for file in files {
        run(conn, file).await.map_err(failed(file.name))?;
    }
    if way == Way::Replace {
        drop_stale(conn, &before).await.map_err(failed("dropping"))?;
    }
    finish(conn, migration).await.map_err(failed("checking"))?;
    transaction.commit().await.map_err(failed("committing"))
}

/// Name and hash of the files as they were applied last.
async fn recorded(conn: &mut PgConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query!("select name, sha256 from perennial.function_files order by name");
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.name, row.sha256)).collect())
}

async fn is_current(conn: &mut PgConnection, migration: i64) -> Result<bool, sqlx::Error> {
    let recorded = recorded(conn).await?;
    let marked = sqlx::query_scalar!(
        r#"select exists (select from perennial.schema_version where version = $1 and migration = $2) as "is!""#,
        VERSION,
        migration
    );
    let marked = marked.fetch_one(conn).await?;
    Ok(marked && changed(&recorded).next().is_none() && gone(&recorded).next().is_none())
}

fn changed(recorded: &[(String, String)]) -> impl Iterator<Item = &'static File> {
    FILES.iter().filter(|file| {
        !recorded.iter().any(|(name, hash)| name == file.name && *hash == sha256(file.sql))
    })
}

/// Files that were applied and are no more.
fn gone(recorded: &[(String, String)]) -> impl Iterator<Item = String> {
    let is_file = |name: &str| FILES.iter().any(|file| file.name == name);
    recorded.iter().filter(move |(name, _)| !is_file(name)).map(|(name, _)| name.clone())
}

/// A function, a view or a trigger, as `pg_identify_object` names it.
#[derive(Debug, Clone)]
struct Object {
    kind: String,
    identity: String,
}

/// Deletes the records of files, and returns the objects that they defined.
async fn forget(conn: &mut PgConnection, files: &[String]) -> Result<Vec<Object>, sqlx::Error> {
    sqlx::query!("delete from perennial.function_files where name = any($1)", files)
        .execute(&mut *conn)
        .await?;
    sqlx::query_as!(
        Object,
        "delete from perennial.function_objects where file = any($1) returning kind, identity",
        files
    )
    .fetch_all(conn)
    .await
}

/// Applies a file, and records what it defined: the rows of the catalogue that this transaction wrote.
async fn run(conn: &mut PgConnection, file: &File) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(file.sql).execute(&mut *conn).await?;
    sqlx::query!(
        "insert into perennial.function_objects (kind, identity, file)
         select o.type, o.identity, $1
           from (select 'pg_proc'::regclass as class, p.oid
                   from pg_proc p
                  where p.pronamespace = 'perennial'::regnamespace and p.xmin = pg_current_xact_id()::xid
                  union all
                 select 'pg_class'::regclass, r.ev_class
                   from pg_rewrite r join pg_class c on c.oid = r.ev_class
                  where c.relnamespace = 'perennial'::regnamespace and r.xmin = pg_current_xact_id()::xid
                  union all
                 select 'pg_trigger'::regclass, t.oid
                   from pg_trigger t join pg_class c on c.oid = t.tgrelid
                  where c.relnamespace = 'perennial'::regnamespace and not t.tgisinternal and t.tgparentid = 0
                    and t.xmin = pg_current_xact_id()::xid) x
          cross join lateral pg_identify_object(x.class, x.oid, 0) o
         on conflict do nothing",
        file.name
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into perennial.function_files (name, sha256) values ($1, $2)",
        file.name,
        sha256(file.sql)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Drops what no file defines any more.
async fn drop_stale(conn: &mut PgConnection, before: &[Object]) -> Result<(), sqlx::Error> {
    let defined = sqlx::query_as!(Object, "select kind, identity from perennial.function_objects")
        .fetch_all(&mut *conn)
        .await?;
    let is_defined = |object: &&Object| {
        defined.iter().any(|one| (&one.kind, &one.identity) == (&object.kind, &object.identity))
    };
    let stale: Vec<Object> = before.iter().filter(|one| !is_defined(one)).cloned().collect();
    drop_all(conn, &stale).await
}

/// Drops triggers before views, and views before functions; those of a kind together, since they
/// may need each other. What somebody else made of them is never dropped with them: it is an error.
async fn drop_all(conn: &mut PgConnection, objects: &[Object]) -> Result<(), sqlx::Error> {
    let of = |kinds: &[&str]| -> Vec<&str> {
        let such = objects.iter().filter(|object| kinds.contains(&object.kind.as_str()));
        such.map(|object| object.identity.as_str()).collect()
    };
    let mut statements: Vec<String> =
        of(&["trigger"]).into_iter().map(|trigger| format!("drop trigger {trigger}")).collect();
    for (word, identities) in
        [("view", of(&["view"])), ("routine", of(&["function", "aggregate", "procedure"]))]
    {
        if !identities.is_empty() {
            statements.push(format!("drop {word} {}", identities.join(", ")));
        }
    }
    for statement in statements {
        // As the catalogue quotes them.
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// What follows each change: rights and partitions of what is new, a look at every body, and the
/// record that this version was here.
async fn finish(conn: &mut PgConnection, migration: i64) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "select perennial.make_month_partitions();
         select perennial.grant_rights();
         set local check_function_bodies = on;
         -- Those that only others call are resolved in their callers' path.
         set local search_path = perennial, pg_temp;
         select case l.lanname when 'sql' then fmgr_sql_validator(p.oid) else plpgsql_validator(p.oid) end
           from pg_proc p join pg_language l on l.oid = p.prolang
          where p.pronamespace = 'perennial'::regnamespace and l.lanname in ('sql', 'plpgsql')",
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into perennial.schema_version (version, migration) values ($1, $2)
         on conflict (only_row) do update set version = excluded.version, migration = excluded.migration",
        VERSION,
        migration
    )
    .execute(conn)
    .await?;
    Ok(())
}
