//! Invoices, their lines and their gap-free numbers.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

/// An invoice that a decision has to know: open, or paid without the customer having been told.
#[derive(Debug, Clone)]
pub(crate) struct InvoiceRow {
    pub(crate) id: Uuid,
    pub(crate) subscription_id: Uuid,
    pub(crate) kind: String,
    /// Of a final invoice: that of the last period.
    pub(crate) period_index: i64,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) number: i64,
    pub(crate) status: String,
    pub(crate) total_minor: i64,
    pub(crate) carried_minor: i64,
    pub(crate) settled_minor: i64,
    pub(crate) credited_minor: i64,
    pub(crate) attempts: i32,
    pub(crate) in_flight: Option<Uuid>,
    /// Why that attempt is made.
    pub(crate) occasion: String,
}

/// Unfinished invoices of locked subscriptions, and closed ones that are named; what is owed is computed from rows (rule M6).
pub(crate) async fn unfinished(
    conn: &mut PgConnection,
    subscriptions: &[Uuid],
    closed: &[Uuid],
) -> sqlx::Result<Vec<InvoiceRow>> {
    sqlx::query_as!(
        InvoiceRow,
        // Step by step from the few that are unfinished: no other order is right at every size.
        r#"with unfinished as materialized (
                  select * from perennial.invoices
                   where subscription_id = any($1) and (status = 'open' or receipt_key is null)
                  union
                  select * from perennial.invoices where id = any($2) and subscription_id = any($1))
           select i.id as "id!", i.subscription_id as "subscription_id!", i.kind as "kind!",
                  p.period_index as "period_index!", p.starts_at as "starts_at!", p.ends_at as "ends_at!", i.number as "number!", i.status as "status!",
                  i.total_minor as "total_minor!",
                  coalesce((select sum(c.amount_minor) from perennial.invoice_items c
                             where c.invoice_id = i.id and c.kind = 'carried_balance'), 0)::bigint as "carried_minor!",
                  coalesce(t.settled_minor, 0)::bigint as "settled_minor!",
                  coalesce((select -sum(b.amount_minor) from perennial.customer_balance_entries b
                             where b.invoice_id = i.id and b.kind in ('applied', 'carried')), 0)::bigint
                      as "credited_minor!",
                  coalesce(t.attempts, 0) as "attempts!", t.in_flight,
                  coalesce(t.occasion, 'schedule') as "occasion!"
             from unfinished i
            cross join lateral (
                  select p.period_index, p.starts_at, p.ends_at from perennial.subscription_periods p
                   where p.subscription_id = i.subscription_id and p.period_index = i.period_index
                     and p.kind = 'service'
                  union all
                  select s.period_index, min(l.period_start), max(l.period_end)
                    from perennial.subscriptions s
                    join perennial.invoice_items l on l.invoice_id = i.id
                   where i.kind = 'final' and s.id = i.subscription_id group by s.period_index
                  limit 1) p
            cross join lateral (
                  select sum(y.amount_minor) filter (where y.status = 'succeeded') as settled_minor,
                         max(y.attempt) as attempts,
                         (array_agg(y.id) filter (where y.status in ('planned', 'executing', 'unknown', 'processing')))[1]
                             as in_flight,
                         (array_agg(y.occasion) filter (where y.status in ('planned', 'executing', 'unknown', 'processing')))[1]
                             as occasion
                    from perennial.payments y where y.invoice_id = i.id) t
            order by i.subscription_id, p.starts_at"#,
        subscriptions,
        closed
    )
    .fetch_all(conn)
    .await
}

columns! {
    /// A finalised invoice.
    NewInvoice / NewInvoices {
        id: Uuid,
        subscription_id: Uuid,
        customer_id: Uuid,
        kind: String,
        // None: a final one.
        period_index: Option<i64>,
        // None: the next one.
        number: Option<i64>,
        currency: String,
        total_minor: i64,
        issued_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
        finalized_at: DateTime<Utc>,
        decision: i64,
    }
}

/// The series every invoice is numbered in.
pub(crate) const SERIES: &str = "INV";

/// How an invoice number is printed.
#[must_use]
pub fn number_text(number: i64) -> String {
    format!("{SERIES}-{number:06}")
}

/// Takes `count` numbers: the first of them. The counter stays locked until the transaction ends,
/// so that a number that is not used was never taken (rule M7).
pub(crate) async fn take_numbers(conn: &mut PgConnection, count: i64) -> sqlx::Result<i64> {
    let last = sqlx::query_scalar!(
        "update perennial.invoice_series set last_number = last_number + $1 where prefix = $2 returning last_number",
        count,
        SERIES
    )
    .fetch_one(conn)
    .await?;
    Ok(last - count + 1)
}

/// Adds invoices, open.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &NewInvoices) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let numbers = numbers(&mut *conn, rows).await?;
    sqlx::query!(
        "insert into perennial.invoices
             (id, subscription_id, customer_id, period_index, kind, series, number, status, currency, total_minor,
              issued_at, due_at, finalized_at, decision)
         select u.id, u.subscription, u.customer, u.period_index, u.kind, $12, u.number, 'open', u.currency, u.total,
                u.issued_at, u.due_at, u.finalized_at, u.decision
           from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[],
                       $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $13::text[])
                as u (id, subscription, customer, period_index, number, currency, total, issued_at, due_at,
                      finalized_at, decision, kind)",
        &rows.id,
        &rows.subscription_id,
        &rows.customer_id,
        &rows.period_index as &[Option<i64>],
        &numbers,
        &rows.currency,
        &rows.total_minor,
        &rows.issued_at,
        &rows.due_at,
        &rows.finalized_at,
        &rows.decision,
        SERIES,
        &rows.kind
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The numbers of invoices, the missing ones taken now.
async fn numbers(conn: &mut PgConnection, rows: &NewInvoices) -> sqlx::Result<Vec<i64>> {
    let missing = rows.number.iter().filter(|number| number.is_none()).count();
    if missing == 0 {
        return Ok(rows.number.iter().flatten().copied().collect());
    }
    let first = take_numbers(conn, i64::try_from(missing).unwrap_or(i64::MAX)).await?;
    let mut next = first..;
    Ok(rows
        .number
        .iter()
        .map(|number| number.or_else(|| next.next()).unwrap_or_default())
        .collect())
}

columns! {
    /// A line of an invoice.
    LineRow / LineRows {
        invoice_id: Uuid,
        position: i32,
        kind: String,
        description: String,
        quantity: i64,
        unit_amount_minor: i64,
        amount_minor: i64,
        period_start: DateTime<Utc>,
        period_end: DateTime<Utc>,
        price_id: Option<Uuid>,
    }
}

/// Adds lines.
pub(crate) async fn insert_lines(conn: &mut PgConnection, rows: &LineRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.invoice_items
             (invoice_id, position, kind, description, quantity, unit_amount_minor, amount_minor, period_start,
              period_end, price_id)
         select * from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                              $7::bigint[], $8::timestamptz[], $9::timestamptz[], $10::uuid[])",
        &rows.invoice_id,
        &rows.position,
        &rows.kind,
        &rows.description,
        &rows.quantity,
        &rows.unit_amount_minor,
        &rows.amount_minor,
        &rows.period_start,
        &rows.period_end,
        &rows.price_id as &[Option<Uuid>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

columns! {
    /// An invoice that is open no more.
    Closing / Closings {
        id: Uuid,
        status: String,
        at: DateTime<Utc>,
    }
}

/// Closes invoices.
pub(crate) async fn close(conn: &mut PgConnection, rows: &Closings) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.invoices i set status = u.status, closed_at = u.at
           from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as u (id, status, at)
          where i.id = u.id and i.status = 'open'",
        &rows.id,
        &rows.status,
        &rows.at
    )
    .execute(conn)
    .await?;
    Ok(())
}

columns! {
    /// The email that told the customer of a payment.
    Receipted / Receipts {
        id: Uuid,
        receipt_key: String,
    }
}

/// Notes that customers were told, or need not be.
pub(crate) async fn receipted(conn: &mut PgConnection, rows: &Receipts) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.invoices i set receipt_key = u.key
           from unnest($1::uuid[], $2::text[]) as u (id, key) where i.id = u.id and i.receipt_key is null",
        &rows.id,
        &rows.receipt_key
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Description and amount of the lines of invoices.
#[derive(Debug, Clone)]
pub(crate) struct LineText {
    pub(crate) invoice_id: Uuid,
    pub(crate) description: String,
    pub(crate) amount_minor: i64,
}

/// The lines of invoices, as a receipt names them.
pub(crate) async fn lines(
    conn: &mut PgConnection,
    invoices: &[Uuid],
) -> sqlx::Result<Vec<LineText>> {
    if invoices.is_empty() {
        return Ok(vec![]);
    }
    sqlx::query_as!(
        LineText,
        "select invoice_id, description, amount_minor from perennial.invoice_items
          where invoice_id = any($1) order by invoice_id, position",
        invoices
    )
    .fetch_all(conn)
    .await
}
