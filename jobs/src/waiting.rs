//! How long a worker waits for a lock.
//!
//! Workers wait for each other: what they lock is free again within milliseconds. The transaction
//! of a caller (of `consume`, of `emit`) may stay open for hours, so that no worker waits for one
//! (rule X9). Where rows are locked that callers lock too, the statement skips those it does not
//! get, and whoever they belong to is left out; for what cannot be skipped, such as a key that a
//! caller has inserted, a lock that does not come within a moment ends the transaction. Either way
//! the work is set aside and tried again, at the cost of no attempt.

use std::time::Duration;

use sqlx::{Executor, PgConnection, PgPool, Postgres, Transaction};

/// When work that met a locked row is tried again.
pub(crate) const SKIPPED: Duration = Duration::from_millis(250);

/// When work that waited for a lock in vain is tried again.
pub(crate) const WAITED_IN_VAIN: Duration = Duration::from_secs(1);

/// `lock_not_available`, `deadlock_detected`, `serialization_failure`.
const BLOCKED: [&str; 3] = ["55P03", "40P01", "40001"];

/// Begins a transaction that looks rows up, and whose statements give up a lock that does not come.
///
/// A connection keeps its first plans, which may have met empty tables: they may read no table whole
/// that can be looked into. (Where one cannot, the price of that would start the compiler of plans.)
pub(crate) async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with(
        "begin; set local lock_timeout = '250ms'; set local enable_seqscan = off; set local jit = off",
    )
    .await
}

/// As [`begin`], where no caller can hold what is locked.
pub(crate) async fn begin_among_workers(
    pool: &PgPool,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    pool.begin_with("begin; set local enable_seqscan = off; set local jit = off").await
}

/// As [`begin`] does for a transaction, for what follows on a connection, up to [`read_as_before`].
pub(crate) async fn look_rows_up(conn: &mut PgConnection) -> sqlx::Result<()> {
    conn.execute("set enable_seqscan = off; set jit = off").await.map(drop)
}

/// Ends [`look_rows_up`].
pub(crate) async fn read_as_before(conn: &mut PgConnection) -> sqlx::Result<()> {
    conn.execute("reset enable_seqscan; reset jit").await.map(drop)
}

/// All locks that callers may hold are taken: from here on the transaction meets only workers, who
/// may take turns for longer (invoice numbers, above all).
pub(crate) async fn only_workers_ahead(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("set local lock_timeout = '30s'").execute(conn).await?;
    Ok(())
}

/// Whether a statement failed only because of who else was there.
pub(crate) fn is_blocked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| BLOCKED.contains(&code.as_ref()))
}
