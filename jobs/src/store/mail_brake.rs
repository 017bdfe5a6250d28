//! The brake of the mail stream: one row while the server refuses us, none while it does not.

use chrono::{DateTime, Utc};
use perennial_core::email::BRAKE_AFTER;
use sqlx::PgConnection;

/// A brake that holds, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brake {
    /// Refusals in a row.
    pub(crate) refusals: i32,
    /// When the first of them came.
    pub(crate) since: DateTime<Utc>,
}

/// While the brake holds: when the next probe is due.
pub(crate) async fn held_until(conn: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select probe_at from perennial.mail_brake where refusals >= $1",
        BRAKE_AFTER
    )
    .fetch_optional(conn)
    .await
}

/// Counts refusals. Answers with how many there were in a row.
pub(crate) async fn refused(
    conn: &mut PgConnection,
    count: i32,
    reason: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<Brake> {
    sqlx::query_as!(
        Brake,
        "insert into perennial.mail_brake as b (refusals, since, reason, probe_at) values ($1, $3, $2, $3)
         on conflict (singleton) do update
            set refusals = least(b.refusals::bigint + excluded.refusals, 1000000)::integer, reason = excluded.reason
         returning refusals, since",
        count,
        reason,
        at
    )
    .fetch_one(conn)
    .await
}

/// Says when the next probe is due.
pub(crate) async fn probe_at(conn: &mut PgConnection, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update perennial.mail_brake set probe_at = $1", at).execute(conn).await?;
    Ok(())
}

/// Takes the probe that is due, for one caller: until it is over, or `until`, there is no other.
pub(crate) async fn take_probe(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "update perennial.mail_brake set probe_at = $2 where probe_at <= $1",
        now,
        until
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Something was accepted: the brake is off. Answers with what it was.
pub(crate) async fn release(conn: &mut PgConnection) -> sqlx::Result<Option<Brake>> {
    sqlx::query_as!(Brake, "delete from perennial.mail_brake returning refusals, since")
        .fetch_optional(conn)
        .await
}
