//! Money at the provider that no attempt of ours brought: where to look for it, and what was found.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

/// An intent that brought nothing yet, as far as we know, and that no attempt waits for.
#[derive(Debug, Clone)]
pub(crate) struct UnpaidIntent {
    pub(crate) invoice_id: Uuid,
    pub(crate) subscription_id: Option<Uuid>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) currency: String,
    pub(crate) reference: String,
}

/// Those of a subscription's open invoices.
pub(crate) async fn unpaid_of_subscription(
    conn: &mut PgConnection,
    subscription: Uuid,
) -> sqlx::Result<Vec<UnpaidIntent>> {
    sqlx::query_as!(
        UnpaidIntent,
        r#"select i.id as invoice_id, i.subscription_id, i.order_id, i.currency, i.intent_reference as "reference!"
             from perennial.invoices i
            where i.subscription_id = $1 and i.status = 'open' and i.intent_reference is not null
              and not exists (select from perennial.payments p
                               where p.invoice_id = i.id
                                 and p.status in ('planned', 'executing', 'unknown', 'processing', 'succeeded'))
            order by i.issued_at"#,
        subscription
    )
    .fetch_all(conn)
    .await
}

/// That of an invoice, whatever became of it.
pub(crate) async fn unpaid_of_invoice(
    conn: &mut PgConnection,
    invoice: Uuid,
) -> sqlx::Result<Vec<UnpaidIntent>> {
    sqlx::query_as!(
        UnpaidIntent,
        r#"select i.id as invoice_id, i.subscription_id, i.order_id, i.currency, i.intent_reference as "reference!"
             from perennial.invoices i
            where i.id = $1 and i.intent_reference is not null
              and not exists (select from perennial.payments p
                               where p.invoice_id = i.id
                                 and p.status in ('planned', 'executing', 'unknown', 'processing', 'succeeded'))"#,
        invoice
    )
    .fetch_all(conn)
    .await
}

columns! {
    /// Captured money that was found at the provider.
    FoundPayment / FoundPayments {
        id: Uuid,
        invoice_id: Uuid,
        subscription_id: Option<Uuid>,
        order_id: Option<Uuid>,
        customer_id: Uuid,
        clock_id: Uuid,
        attempt: i32,
        provider: String,
        amount_minor: i64,
        currency: String,
        idempotency_key: String,
        request_hash: String,
        at: DateTime<Utc>,
        charge_reference: Option<String>,
        request_id: Option<String>,
        decision: i64,
    }
}

/// Adds payments that no attempt of ours brought.
pub(crate) async fn insert_found(
    conn: &mut PgConnection,
    rows: &FoundPayments,
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.payments
             (id, invoice_id, subscription_id, order_id, customer_id, clock_id, attempt, provider, amount_minor,
              currency, status, origin, idempotency_key, request_hash, planned_at, settled_at, charge_reference,
              request_id, decision, outcome_decision)
         select u.id, u.invoice, u.subscription, u.order_id, u.customer, u.clock, u.attempt, u.provider, u.amount,
                u.currency, 'succeeded', 'found', u.key, u.hash, u.at, u.at, u.charge, u.request, u.decision, u.decision
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::integer[],
                       $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
                       $14::text[], $15::text[], $16::bigint[])
                as u (id, invoice, subscription, order_id, customer, clock, attempt, provider, amount, currency, key,
                      hash, at, charge, request, decision)",
        &rows.id,
        &rows.invoice_id,
        &rows.subscription_id as &[Option<Uuid>],
        &rows.order_id as &[Option<Uuid>],
        &rows.customer_id,
        &rows.clock_id,
        &rows.attempt,
        &rows.provider,
        &rows.amount_minor,
        &rows.currency,
        &rows.idempotency_key,
        &rows.request_hash,
        &rows.at,
        &rows.charge_reference as &[Option<String>],
        &rows.request_id as &[Option<String>],
        &rows.decision
    )
    .execute(conn)
    .await?;
    Ok(())
}
