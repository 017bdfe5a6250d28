//! Attempts to collect.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

columns! {
    /// An attempt that is going to be made.
    PlannedPayment / PlannedPayments {
        id: Uuid,
        invoice_id: Uuid,
        // One of both.
        subscription_id: Option<Uuid>,
        order_id: Option<Uuid>,
        customer_id: Uuid,
        clock_id: Uuid,
        attempt: i32,
        method_id: Uuid,
        network: Option<String>,
        provider: String,
        amount_minor: i64,
        currency: String,
        idempotency_key: String,
        request_hash: String,
        planned_at: DateTime<Utc>,
        decision: i64,
        occasion: String,
    }
}

/// Adds attempts, planned and due at once. The database's own tag is added to their keys.
pub(crate) async fn plan(conn: &mut PgConnection, rows: &PlannedPayments) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.payments
             (id, invoice_id, subscription_id, order_id, customer_id, clock_id, attempt, method_id, network, provider,
              amount_minor, currency, status, idempotency_key, request_hash, planned_at, due_at, decision, occasion)
         select u.id, u.invoice, u.subscription, u.order_id, u.customer, u.clock, u.attempt, u.method, u.network, u.provider,
                u.amount, u.currency, 'planned', u.key || '@' || (select tag from perennial.installation), u.hash,
                u.planned_at, u.planned_at, u.decision, u.occasion
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::uuid[],
                       $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[],
                       $14::timestamptz[], $15::bigint[], $16::uuid[], $17::text[])
                as u (id, invoice, subscription, customer, clock, attempt, method, network, provider, amount,
                      currency, key, hash, planned_at, decision, order_id, occasion)",
        &rows.id,
        &rows.invoice_id,
        &rows.subscription_id as &[Option<Uuid>],
        &rows.customer_id,
        &rows.clock_id,
        &rows.attempt,
        &rows.method_id,
        &rows.network as &[Option<String>],
        &rows.provider,
        &rows.amount_minor,
        &rows.currency,
        &rows.idempotency_key,
        &rows.request_hash,
        &rows.planned_at,
        &rows.decision,
        &rows.order_id as &[Option<Uuid>],
        &rows.occasion
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An attempt with all that a call to the provider needs.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) id: Uuid,
    pub(crate) invoice_id: Uuid,
    pub(crate) subscription_id: Option<Uuid>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) attempt: i32,
    pub(crate) method_id: Uuid,
    pub(crate) method_reference: String,
    pub(crate) network: Option<String>,
    pub(crate) provider_customer: Option<String>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) status: String,
    pub(crate) planned_at: DateTime<Utc>,
    /// The machine's time: keys age from it.
    pub(crate) first_sent_at: Option<DateTime<Utc>>,
    /// Business time.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) inquiries: i32,
    pub(crate) intent_reference: Option<String>,
    /// As the provider sees it.
    pub(crate) idempotency_key: String,
    pub(crate) request_hash: String,
    /// Seconds of business time since what it is for came due.
    pub(crate) age_seconds: i64,
    /// The database may have been rewound: the provider is asked before an intent is made.
    pub(crate) ask_first: bool,
    /// Charges of earlier attempts at the same intent.
    pub(crate) earlier_charges: Vec<String>,
    /// The customer's charges in the hour before it, but for the first of each subscription; none
    /// if it is itself the first of its subscription.
    pub(crate) repeats: i64,
}

/// Attempts by id; those that do not exist are not among the answer.
pub(crate) async fn load(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<Attempt>> {
    sqlx::query_as!(
        Attempt,
        r#"select p.id as "id!", p.invoice_id as "invoice_id!", p.subscription_id, p.order_id,
                  p.attempt as "attempt!", m.id as "method_id!", m.reference as "method_reference!", p.network,
                  c.reference as "provider_customer?", p.amount_minor as "amount_minor!", p.currency as "currency!",
                  p.status as "status!", p.planned_at as "planned_at!", p.first_sent_at, p.sent_at, p.inquiries as "inquiries!",
                  i.intent_reference, p.idempotency_key as "idempotency_key!", p.request_hash as "request_hash!",
                  extract(epoch from perennial.business_now(p.clock_id) - least(i.issued_at, p.planned_at))::bigint
                      as "age_seconds!",
                  exists (select from perennial.reconciliations r
                           where r.provider = p.provider and r.ask_first_until > now()) as "ask_first!",
                  array(select e.charge_reference from perennial.payments e
                         where e.invoice_id = p.invoice_id and e.attempt < p.attempt
                           and e.charge_reference is not null) as "earlier_charges!: Vec<String>",
                  (select case when p.order_id is null and count(*) filter (where r.subscription_id = p.subscription_id) = 0
                               then 0 else count(*) - count(distinct r.subscription_id) end
                     from perennial.payment_methods k
                     join perennial.payments r on r.method_id = k.id
                    where k.customer_id = p.customer_id and r.planned_at > p.planned_at - interval '1 hour'
                      -- of two that are about to be made, one comes first
                      and r.id <> p.id and (r.status <> 'planned' or r.id < p.id)
                      and r.status <> 'rejected') as "repeats!"
             from perennial.payments p
             join perennial.invoices i on i.id = p.invoice_id
             join perennial.payment_methods m on m.id = p.method_id
             left join perennial.provider_customers c on c.provider = p.provider and c.customer_id = p.customer_id
            where p.id = any($1)"#,
        ids
    )
    .fetch_all(conn)
    .await
}

/// Persists the intent of an invoice, once, before anything is confirmed (protocol X1).
pub(crate) async fn persist_intents(
    conn: &mut PgConnection,
    provider: &str,
    invoices: &[Uuid],
    references: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.invoices i set intent_reference = u.reference, provider = $1
           from unnest($2::uuid[], $3::text[]) as u (id, reference)
          where i.id = u.id and i.intent_reference is null",
        provider,
        invoices,
        references
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that attempts are about to be sent: from now on their keys age. Answers with those that
/// still wait for it, and the business instant of it.
pub(crate) async fn begin(
    conn: &mut PgConnection,
    ids: &[Uuid],
    machine_now: DateTime<Utc>,
) -> sqlx::Result<HashMap<Uuid, DateTime<Utc>>> {
    let begun = sqlx::query!(
        r#"update perennial.payments
              set status = 'executing', first_sent_at = coalesce(first_sent_at, $2),
                  sent_at = perennial.business_now(clock_id)
            where id = any($1) and status in ('planned', 'executing', 'unknown')
        returning id, sent_at as "sent_at!""#,
        ids,
        machine_now
    )
    .fetch_all(conn)
    .await?;
    Ok(begun.into_iter().map(|row| (row.id, row.sent_at)).collect())
}

/// An attempt whose outcome is awaited: to be asked for after a while (business time).
#[derive(Debug, Clone)]
pub(crate) struct Awaiting<'a> {
    pub(crate) id: Uuid,
    pub(crate) status: &'a str,
    pub(crate) delay_seconds: i32,
    pub(crate) inquiries: i32,
    pub(crate) reason: &'a str,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) http_status: Option<i32>,
}

/// Notes that an outcome is still awaited.
pub(crate) async fn await_outcome(conn: &mut PgConnection, row: &Awaiting<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.payments
            set status = $2, due_at = perennial.business_now(clock_id) + $3 * interval '1 second', inquiries = $4, last_error = $5,
                request_id = coalesce($6, request_id), http_status = coalesce($7, http_status)
          where id = $1 and status in ('planned', 'executing', 'unknown', 'processing')",
        row.id,
        row.status,
        f64::from(row.delay_seconds),
        row.inquiries,
        row.reason,
        row.request_id,
        row.http_status
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A decision about what a payment was for, being taken.
#[derive(Debug, Clone)]
pub(crate) struct Deciding {
    /// The payment.
    pub(crate) payment_id: Uuid,
    pub(crate) invoice_id: Uuid,
    // One of both: the subject.
    pub(crate) subscription_id: Option<Uuid>,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) subject_id: Uuid,
    pub(crate) subject_kind: String,
    pub(crate) customer_id: Uuid,
    pub(crate) clock_id: Uuid,
    pub(crate) currency: String,
    /// What was charged, if we know.
    pub(crate) method_id: Option<Uuid>,
    /// What of the payment has not gone back.
    pub(crate) left_minor: i64,
    pub(crate) now: DateTime<Utc>,
    pub(crate) version: i64,
}

/// Takes the number of the next decision about the subscription or order that was paid for: it is
/// locked, and stays as it is otherwise.
pub(crate) async fn decide(conn: &mut PgConnection, payment: Uuid) -> sqlx::Result<Deciding> {
    sqlx::query_as!(
        Deciding,
        r#"with paid as (select * from perennial.payments where id = $1),
                decided as (
                    update perennial.subscriptions s set version = s.version + 1, updated_at = now()
                      from paid where s.id = paid.subscription_id returning s.version),
                ordered as (
                    update perennial.orders o set version = o.version + 1
                      from paid where o.id = paid.order_id returning o.version)
           select p.id as payment_id, p.invoice_id, p.subscription_id, p.order_id,
                  coalesce(p.subscription_id, p.order_id) as "subject_id!",
                  case when p.order_id is null then 'subscription' else 'order' end as "subject_kind!",
                  p.customer_id, p.clock_id, p.currency, p.method_id,
                  p.amount_minor - p.refunded_minor - p.disputed_minor as "left_minor!",
                  perennial.business_now(p.clock_id) as "now!", v.version as "version!"
             from paid p, (select version from decided union all select version from ordered) v"#,
        payment
    )
    .fetch_one(conn)
    .await
}

/// What was told of a refund or a dispute, under the provider's reference.
#[derive(Debug, Clone)]
pub(crate) struct Claim<'a> {
    pub(crate) id: Uuid,
    pub(crate) amount_minor: i64,
    pub(crate) reason: &'a str,
    pub(crate) reference: &'a str,
    pub(crate) at: DateTime<Utc>,
}

/// How much went back of a payment and beyond it, or (below zero) came again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GoneBack {
    pub(crate) refunded_minor: i64,
    pub(crate) disputed_minor: i64,
    /// What banks took beyond what was left of the payment.
    pub(crate) beyond_minor: i64,
}

/// Adds to what went back of a payment; refused by the table where that is more than was paid.
pub(crate) async fn go_back(
    conn: &mut PgConnection,
    payment: Uuid,
    by: GoneBack,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.payments
            set refunded_minor = refunded_minor + $2, disputed_minor = disputed_minor + $3, beyond_minor = beyond_minor + $4
          where id = $1",
        payment,
        by.refunded_minor,
        by.disputed_minor,
        by.beyond_minor
    )
    .execute(conn)
    .await?;
    Ok(())
}

columns! {
    /// The outcome of an attempt.
    SettledPayment / SettledPayments {
        id: Uuid,
        status: String,
        at: DateTime<Utc>,
        decline_code: Option<String>,
        network_decline_code: Option<String>,
        network_advice_code: Option<String>,
        advice_code: Option<String>,
        charge_reference: Option<String>,
        request_id: Option<String>,
        http_status: Option<i32>,
        replayed: bool,
        last_error: Option<String>,
        decision: i64,
    }
}

/// Saves outcomes.
pub(crate) async fn settle(conn: &mut PgConnection, rows: &SettledPayments) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.payments p
            set status = u.status, settled_at = u.at, due_at = null, decline_code = u.decline_code,
                inquiries = p.inquiries + case when p.status in ('unknown', 'processing') then 1 else 0 end,
                network_decline_code = u.network_decline_code, network_advice_code = u.network_advice_code,
                advice_code = u.advice_code, charge_reference = u.charge, request_id = u.request_id,
                http_status = u.http_status, replayed = u.replayed, last_error = u.error,
                outcome_decision = u.decision
           from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                       $8::text[], $9::text[], $10::integer[], $11::boolean[], $12::text[], $13::bigint[])
                as u (id, status, at, decline_code, network_decline_code, network_advice_code, advice_code, charge,
                      request_id, http_status, replayed, error, decision)
          where p.id = u.id",
        &rows.id,
        &rows.status,
        &rows.at,
        &rows.decline_code as &[Option<String>],
        &rows.network_decline_code as &[Option<String>],
        &rows.network_advice_code as &[Option<String>],
        &rows.advice_code as &[Option<String>],
        &rows.charge_reference as &[Option<String>],
        &rows.request_id as &[Option<String>],
        &rows.http_status as &[Option<i32>],
        &rows.replayed,
        &rows.last_error as &[Option<String>],
        &rows.decision
    )
    .execute(conn)
    .await?;
    Ok(())
}
