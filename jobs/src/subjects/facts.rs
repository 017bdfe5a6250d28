//! What there is to say of one subject, beside the subscription it belongs to.

use perennial_core::currency::Currency;
use perennial_core::money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Subject;

/// A fact: what it is called, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fact {
    /// What it is called.
    pub label: String,
    /// What it is.
    pub value: String,
}

/// A row's facts, those that are null left out; the amount is written by its currency.
struct Row {
    labels: Vec<String>,
    values: Vec<Option<String>>,
    amount_minor: Option<i64>,
    currency: Option<String>,
}

/// The facts of a subject, in the order to print. Of a subscription there are none here: see
/// [`crate::explain`].
///
/// # Errors
/// When the database does not answer.
pub async fn facts(conn: &mut PgConnection, subject: &Subject) -> sqlx::Result<Vec<Fact>> {
    let row = match subject.kind.as_str() {
        "customer" => customer(conn, subject.id).await?,
        "invoice" => invoice(conn, subject.id).await?,
        "payment" => payment(conn, subject.id).await?,
        "order" => order(conn, subject.id).await?,
        "payment_method" => method(conn, subject.id).await?,
        "refund" => refund(conn, subject.id).await?,
        "dispute" => dispute(conn, subject.id).await?,
        "email" => email(conn, subject.id).await?,
        "membership" => membership(conn, subject.id).await?,
        "api_key" => api_key(conn, subject.id).await?,
        "event" => event(conn, &subject.name).await?,
        _ => None,
    };
    Ok(row.map(Row::facts).unwrap_or_default())
}

impl Row {
    fn facts(self) -> Vec<Fact> {
        let fact = |label: &str, value| Fact { label: label.to_owned(), value };
        let pairs = self.labels.iter().zip(self.values);
        let mut facts: Vec<_> =
            pairs.filter_map(|(label, value)| Some(fact(label, value?))).collect();
        if let (Some(minor), Some(code)) = (self.amount_minor, &self.currency) {
            let written = match Currency::parse(code) {
                Ok(currency) => Money::new(minor, currency).to_string(),
                Err(_) => format!("{minor} {code}"),
            };
            facts.insert(0, fact("amount", written));
        }
        facts
    }
}

async fn customer(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['now', 'clock', 'time zone', 'mail'] as "labels!",
                  array[to_char(perennial.business_now(c.clock_id) at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        k.name, c.time_zone,
                        (select 'none: the address is suppressed: ' || left(s.reason, 200)
                           from perennial.email_suppressions s where s.address = c.email)]
                      as "values!: Vec<Option<String>>",
                  null::bigint as amount_minor, null::text as currency
             from perennial.customers c join perennial.clocks k on k.id = c.clock_id where c.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn invoice(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['number', 'status', 'for', 'issued', 'closed', 'intent', 'attempts'] as "labels!",
                  array[i.series || '-' || lpad(i.number::text, 6, '0'), i.status, i.kind,
                        to_char(i.issued_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(i.closed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), i.intent_reference,
                        (select count(*) from perennial.payments p where p.invoice_id = i.id)::text]
                      as "values!: Vec<Option<String>>",
                  i.total_minor as "amount_minor?", i.currency as "currency?"
             from perennial.invoices i where i.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn payment(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['status', 'attempt', 'planned', 'settled', 'declined', 'error', 'intent', 'charge', 'request',
                        'next look'] as "labels!",
                  array[p.status, p.attempt || ' of inv_' || replace(p.invoice_id::text, '-', ''),
                        to_char(p.planned_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(p.settled_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        p.decline_code, left(p.last_error, 200), i.intent_reference, p.charge_reference, p.request_id,
                        to_char(p.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')]
                      as "values!: Vec<Option<String>>",
                  p.amount_minor as "amount_minor?", p.currency as "currency?"
             from perennial.payments p join perennial.invoices i on i.id = p.invoice_id where p.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn order(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['status', 'of', 'placed', 'closed', 'why'] as "labels!",
                  array[o.status,
                        (select string_agg(t.quantity || ' x ' || t.description, ', ' order by t.position)
                           from perennial.order_items t where t.order_id = o.id),
                        to_char(o.placed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(o.closed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), left(o.reason, 200)]
                      as "values!: Vec<Option<String>>",
                  o.total_minor as "amount_minor?", o.currency as "currency?"
             from perennial.orders o where o.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn method(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['reference', 'card', 'good until', 'blocked', 'not before', 'attached'] as "labels!",
                  array[m.reference, coalesce(m.network, m.kind) || coalesce(' ' || m.last4, ''),
                        to_char(m.expires_at at time zone 'UTC', 'YYYY-MM-DD'), m.blocked_reason,
                        to_char(m.not_before at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(m.attached_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')]
                      as "values!: Vec<Option<String>>",
                  null::bigint as amount_minor, null::text as currency
             from perennial.payment_methods m where m.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn refund(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['of', 'reason', 'reference', 'at'] as "labels!",
                  array['pay_' || replace(r.payment_id::text, '-', ''), r.reason, r.reference,
                        to_char(r.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')]
                      as "values!: Vec<Option<String>>",
                  r.amount_minor as "amount_minor?", r.currency as "currency?"
             from perennial.refunds r where r.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn dispute(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['status', 'of', 'reason', 'reference', 'opened', 'closed'] as "labels!",
                  array[d.status, 'pay_' || replace(d.payment_id::text, '-', ''), d.reason, d.reference,
                        to_char(coalesce(d.opened_at, d.inquired_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(d.closed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')]
                      as "values!: Vec<Option<String>>",
                  d.amount_minor as "amount_minor?", d.currency as "currency?"
             from perennial.disputes d where d.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn email(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['template', 'status', 'why', 'queued', 'settled', 'tries', 'key'] as "labels!",
                  array[e.template, e.status, left(e.reply, 200),
                        to_char(e.queued_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(e.settled_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), e.attempts::text, e.key]
                      as "values!: Vec<Option<String>>",
                  null::bigint as amount_minor, null::text as currency
             from perennial.emails e where e.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn membership(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['of', 'status', 'starts', 'ends'] as "labels!",
                  array[t.name, m.status, to_char(m.starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(m.ends_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')]
                      as "values!: Vec<Option<String>>",
                  null::bigint as amount_minor, null::text as currency
             from perennial.user_memberships m join perennial.membership_types t on t.id = m.membership_type_id
            where m.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn api_key(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['name', 'scopes', 'issued', 'expires', 'revoked', 'last used'] as "labels!",
                  array[k.name, array_to_string(k.scopes, ', '),
                        to_char(k.issued_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(k.expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(k.revoked_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(k.last_used_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')]
                      as "values!: Vec<Option<String>>",
                  null::bigint as amount_minor, null::text as currency
             from perennial.api_keys k where k.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

async fn event(conn: &mut PgConnection, event_id: &str) -> sqlx::Result<Option<Row>> {
    sqlx::query_as!(
        Row,
        r#"select array['type', 'at', 'received', 'outcome', 'why'] as "labels!",
                  array[e.type, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        to_char(e.received_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                        coalesce(e.outcome, 'not processed yet'), left(e.reason, 200)]
                      as "values!: Vec<Option<String>>",
                  null::bigint as amount_minor, null::text as currency
             from perennial.lifecycle_events e where e.event_id = $1"#,
        event_id
    )
    .fetch_optional(conn)
    .await
}
