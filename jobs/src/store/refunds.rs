//! Refunds: what was paid back of payments, as others told us.

use sqlx::PgConnection;

use super::payments::{Claim, Deciding};

/// Whether an event tells of a refund that is not known yet. The payment is locked; what cannot be
/// is refused by the check that the door made.
pub(crate) async fn is_news(conn: &mut PgConnection, seq: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select perennial.check_refund(e) as "news!" from perennial.lifecycle_events e where e.seq = $1"#,
        seq
    )
    .fetch_one(conn)
    .await
}

/// Adds a refund of the payment.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    of: &Deciding,
    new: &Claim<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.refunds (id, payment_id, customer_id, clock_id, currency, amount_minor, reason,
                                        reference, at, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        of.payment_id,
        of.customer_id,
        of.clock_id,
        of.currency,
        new.amount_minor,
        new.reason,
        new.reference,
        new.at,
        of.now
    )
    .execute(conn)
    .await?;
    Ok(())
}
