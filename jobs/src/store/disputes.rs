//! Disputes: what customers' banks ask about payments, or take back of them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::payments::{Claim, Deciding};

/// Whether an event tells of a dispute, or of its becoming a chargeback, that is not known yet. The
/// payment is locked; what cannot be is refused by the check that the door made.
pub(crate) async fn is_news(conn: &mut PgConnection, seq: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select perennial.check_dispute(e) as "news!" from perennial.lifecycle_events e where e.seq = $1"#,
        seq
    )
    .fetch_one(conn)
    .await
}

/// Whether an event tells of the end of a dispute that is not known yet.
pub(crate) async fn is_closing_news(conn: &mut PgConnection, seq: i64) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select perennial.check_dispute_closed(e) as "news!" from perennial.lifecycle_events e where e.seq = $1"#,
        seq
    )
    .fetch_one(conn)
    .await
}

/// Adds an inquiry about the payment.
pub(crate) async fn inquire(
    conn: &mut PgConnection,
    of: &Deciding,
    new: &Claim<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.disputes (id, payment_id, customer_id, clock_id, currency, amount_minor, reason,
                                         reference, status, inquired_at, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'inquiry', $9, $10)",
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

/// Adds a chargeback of the payment, or lets an inquiry become one; `beyond_minor` of it exceeds
/// what was left of the payment.
pub(crate) async fn open(
    conn: &mut PgConnection,
    of: &Deciding,
    new: &Claim<'_>,
    beyond_minor: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.disputes (id, payment_id, customer_id, clock_id, currency, amount_minor, reason,
                                         reference, status, opened_at, recorded_at, beyond_minor)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11)
         on conflict (reference) do update
            set status = 'open', opened_at = excluded.opened_at, recorded_at = excluded.recorded_at,
                beyond_minor = excluded.beyond_minor",
        new.id,
        of.payment_id,
        of.customer_id,
        of.clock_id,
        of.currency,
        new.amount_minor,
        new.reason,
        new.reference,
        new.at,
        of.now,
        beyond_minor
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A dispute that is over.
#[derive(Debug, Clone)]
pub(crate) struct Closed {
    pub(crate) id: Uuid,
    pub(crate) amount_minor: i64,
    pub(crate) beyond_minor: i64,
    pub(crate) reason: String,
}

/// Closes a dispute; without a status it stays the inquiry it is.
pub(crate) async fn close(
    conn: &mut PgConnection,
    reference: &str,
    status: Option<&str>,
    at: DateTime<Utc>,
) -> sqlx::Result<Closed> {
    sqlx::query_as!(
        Closed,
        "update perennial.disputes set status = coalesce($2, status), closed_at = $3
          where reference = $1 returning id, amount_minor, beyond_minor, reason",
        reference,
        status,
        at
    )
    .fetch_one(conn)
    .await
}
