//! Periods that were opened.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

columns! {
    /// A period.
    PeriodRow / PeriodRows {
        subscription_id: Uuid,
        period_index: i64,
        kind: String,
        starts_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
    }
}

/// Adds periods. One that overlaps another of its subscription fails the transaction.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &PeriodRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.subscription_periods (subscription_id, period_index, kind, starts_at, ends_at)
         select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[])",
        &rows.subscription_id,
        &rows.period_index,
        &rows.kind,
        &rows.starts_at,
        &rows.ends_at
    )
    .execute(conn)
    .await?;
    Ok(())
}
