//! The inbox.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Something another service told us.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) seq: i64,
    pub(crate) event_id: String,
    pub(crate) kind: String,
    pub(crate) subject: Uuid,
    pub(crate) data: serde_json::Value,
    pub(crate) at: DateTime<Utc>,
}

/// The customer's next unprocessed event whose time has come. One whose time has not come holds
/// back those after it: they are in order.
pub(crate) async fn next(
    conn: &mut PgConnection,
    customer: Uuid,
) -> sqlx::Result<Option<EventRow>> {
    let row = sqlx::query!(
        r#"select seq, event_id, type as kind, subject, data, at, at <= perennial.business_now(clock_id) as "due!"
             from perennial.lifecycle_events
            where customer_id = $1 and processed_at is null order by seq limit 1"#,
        customer
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.filter(|row| row.due).map(|row| EventRow {
        seq: row.seq,
        event_id: row.event_id,
        kind: row.kind,
        subject: row.subject,
        data: row.data,
        at: row.at,
    }))
}

/// Notes that an event was processed; `refused` says why it came to nothing.
pub(crate) async fn processed(
    conn: &mut PgConnection,
    seq: i64,
    refused: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.lifecycle_events
            set processed_at = now(), outcome = case when $2::text is null then 'done' else 'refused' end, reason = $2
          where seq = $1",
        seq,
        refused
    )
    .execute(conn)
    .await?;
    Ok(())
}
