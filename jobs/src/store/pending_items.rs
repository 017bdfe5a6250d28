//! What waits for the next invoice of a subscription.

use chrono::{DateTime, Utc};
use perennial_core::ids::{InvoiceId, PendingItemId};
use sqlx::PgConnection;
use uuid::Uuid;

/// An item that no invoice has billed yet.
#[derive(Debug, Clone)]
pub(crate) struct PendingItemRow {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) subscription_id: Uuid,
    pub(crate) kind: String,
    pub(crate) metric_id: i32,
    pub(crate) currency: String,
    pub(crate) description: String,
    pub(crate) quantity: i64,
    pub(crate) amount_minor: i64,
    pub(crate) period_start: DateTime<Utc>,
    pub(crate) period_end: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Adds an item; its id follows from what it bills. Where its subscription has ended, a final invoice
/// is due.
pub(crate) async fn insert(conn: &mut PgConnection, item: &PendingItemRow) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.pending_invoice_items
             (id, customer_id, subscription_id, clock_id, kind, metric_id, currency, description, quantity, amount_minor,
              period_start, period_end, created_at, final_at)
         select $1, $2, s.id, s.clock_id, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                case when s.ended_at is not null then $12::timestamptz end
           from perennial.subscriptions s where s.id = $3",
        item.id,
        item.customer_id,
        item.subscription_id,
        item.kind,
        item.metric_id,
        item.currency,
        item.description,
        item.quantity,
        item.amount_minor,
        item.period_start,
        item.period_end,
        item.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What waits for subscriptions, oldest first.
pub(crate) async fn load(
    conn: &mut PgConnection,
    subscriptions: &[Uuid],
) -> sqlx::Result<Vec<PendingItemRow>> {
    sqlx::query_as!(
        PendingItemRow,
        "select id, customer_id, subscription_id, kind, metric_id, currency, description, quantity, amount_minor,
                period_start, period_end, created_at
           from perennial.pending_invoice_items
          where subscription_id = any($1) and invoice_id is null
          order by subscription_id, period_start, metric_id, kind",
        subscriptions
    )
    .fetch_all(conn)
    .await
}

/// Subscriptions have ended: what waits for their next invoice waits for a final one.
pub(crate) async fn await_final_invoice(
    conn: &mut PgConnection,
    ended: &[Uuid],
) -> sqlx::Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.pending_invoice_items set final_at = perennial.business_now(clock_id)
          where subscription_id = any($1) and invoice_id is null and final_at is null",
        ended
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an invoice bills them.
pub(crate) async fn billed(
    conn: &mut PgConnection,
    items: &[PendingItemId],
    invoice: InvoiceId,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.0).collect();
    sqlx::query!(
        "update perennial.pending_invoice_items set invoice_id = $2 where id = any($1) and invoice_id is null",
        &ids,
        invoice.0
    )
    .execute(conn)
    .await?;
    Ok(())
}
