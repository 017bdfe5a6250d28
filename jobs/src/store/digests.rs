//! Weekly digests to the team.

use chrono::NaiveDate;
use sqlx::PgConnection;

/// A digest of the outbox.
#[derive(Debug, Clone)]
pub(crate) struct DigestRow {
    pub(crate) key: String,
    pub(crate) status: String,
}

/// The last Sunday that is over, in the business's zone.
pub(crate) async fn last_week(conn: &mut PgConnection) -> sqlx::Result<NaiveDate> {
    sqlx::query_scalar!(
        r#"select (date_trunc('week', perennial.business_now() at time zone business_zone)::date - 1) as "until!"
             from perennial.analytics_settings"#
    )
    .fetch_one(conn)
    .await
}

/// The digest of the week that ends with this day; a new one waits to be sent.
pub(crate) async fn of_week(conn: &mut PgConnection, until: NaiveDate) -> sqlx::Result<DigestRow> {
    sqlx::query!(
        "insert into perennial.digests (key, until, status, queued_at)
         values ('team_digest/' || $1::date, $1, 'queued', perennial.business_now()) on conflict do nothing",
        until
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_as!(DigestRow, "select key, status from perennial.digests where until = $1", until)
        .fetch_one(conn)
        .await
}

/// Notes that a digest is about to be handed to the server; false: it does not wait any more.
pub(crate) async fn begin(conn: &mut PgConnection, key: &str) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "update perennial.digests
            set status = 'sending', first_sent_at = coalesce(first_sent_at, perennial.business_now()),
                attempts = attempts + 1
          where key = $1 and status = 'queued'",
        key
    )
    .execute(conn)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// Saves what became of a digest.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    key: &str,
    status: &str,
    reply: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.digests
            set status = $2, reply = $3,
                settled_at = case when $2 = 'queued' then null else perennial.business_now() end
          where key = $1 and status in ('queued', 'sending')",
        key,
        status,
        reply
    )
    .execute(conn)
    .await?;
    Ok(())
}
