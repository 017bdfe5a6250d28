//! Orders, and the packages they are of.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::invoices::{SERIES, take_numbers};

/// A package with its price.
#[derive(Debug, Clone)]
pub(crate) struct SoldRow {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) tokens: i64,
    pub(crate) amount_minor: i64,
}

/// A package as it is sold in a currency.
pub(crate) async fn sold(
    conn: &mut PgConnection,
    package: &str,
    currency: &str,
) -> sqlx::Result<Option<SoldRow>> {
    sqlx::query_as!(
        SoldRow,
        "select p.name, p.unit, p.tokens, r.amount_minor
           from perennial.token_packages p
           join perennial.token_package_prices r on r.package = p.code
          where p.code = $1 and r.currency = $2 and p.active",
        package,
        currency
    )
    .fetch_optional(conn)
    .await
}

/// What a customer may buy a unit for: the smallest package, in the currency of a live subscription
/// if it is sold in that.
#[derive(Debug, Clone)]
pub(crate) struct OfferRow {
    pub(crate) package: String,
    pub(crate) tokens: i64,
    pub(crate) currency: String,
    pub(crate) amount_minor: i64,
}

/// The offer of a unit, or of one package of it.
pub(crate) async fn offer(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
    package: Option<&str>,
) -> sqlx::Result<Option<OfferRow>> {
    sqlx::query_as!(
        OfferRow,
        r#"select p.code as package, p.tokens, r.currency, r.amount_minor
             from perennial.token_packages p
             join perennial.token_package_prices r on r.package = p.code
            where p.unit = $2 and p.active and ($3::text is null or p.code = $3)
            order by exists (select from perennial.live_subscriptions s
                              where s.customer_id = $1 and s.currency = r.currency) desc,
                     r.currency = 'USD' desc, r.amount_minor, p.code
            limit 1"#,
        customer,
        unit,
        package
    )
    .fetch_optional(conn)
    .await
}

/// An order that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder<'a> {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) clock_id: Uuid,
    pub(crate) kind: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) key: &'a str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) package: &'a str,
    pub(crate) description: &'a str,
    pub(crate) quantity: i64,
    pub(crate) unit_amount_minor: i64,
    pub(crate) amount_minor: i64,
    pub(crate) unit: &'a str,
    pub(crate) tokens: i64,
}

/// Adds an order, pending, with its one item. False where there is one of this id or key.
pub(crate) async fn insert(conn: &mut PgConnection, new: &NewOrder<'_>) -> sqlx::Result<bool> {
    let added = sqlx::query_scalar!(
        r#"with fresh as (
                insert into perennial.orders (id, customer_id, clock_id, kind, status, currency, total_minor, key,
                                              placed_at, version)
                values ($1, $2, $3, $4, 'pending', $5, $6, $7, $8, 1)
                on conflict do nothing returning id)
           insert into perennial.order_items (order_id, position, package, description, quantity, unit_amount_minor,
                                              amount_minor, unit, tokens)
           select id, 1, $9, $10, $11, $12, $6, $13, $14 from fresh
           returning true as "added!""#,
        new.id,
        new.customer_id,
        new.clock_id,
        new.kind,
        new.currency,
        new.amount_minor,
        new.key,
        new.at,
        new.package,
        new.description,
        new.quantity,
        new.unit_amount_minor,
        new.unit,
        new.tokens
    )
    .fetch_optional(conn)
    .await?;
    Ok(added.is_some())
}

/// Adds the invoice of an order, open, with a line for each of its items. It has the next number.
pub(crate) async fn invoice(
    conn: &mut PgConnection,
    invoice: Uuid,
    order: Uuid,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let number = take_numbers(&mut *conn, 1).await?;
    sqlx::query!(
        "insert into perennial.invoices (id, order_id, customer_id, kind, series, number, status, currency, total_minor,
                                         issued_at, due_at, finalized_at, decision)
         select $1, id, customer_id, 'order', $3, $4, 'open', currency, total_minor, $5, $5, $5, version
           from perennial.orders where id = $2",
        invoice,
        order,
        SERIES,
        number,
        at
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into perennial.invoice_items (invoice_id, position, kind, description, quantity, unit_amount_minor,
                                              amount_minor)
         select $1, position, 'package', description, quantity, unit_amount_minor, amount_minor
           from perennial.order_items where order_id = $2",
        invoice,
        order
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An order, locked.
#[derive(Debug, Clone)]
pub(crate) struct OrderRow {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Uuid,
    pub(crate) clock_id: Uuid,
    pub(crate) now: DateTime<Utc>,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) currency: String,
    pub(crate) total_minor: i64,
    pub(crate) version: i64,
    pub(crate) description: String,
    pub(crate) unit: String,
    pub(crate) invoice_number: Option<i64>,
    /// The attempt whose outcome is awaited.
    pub(crate) in_flight: Option<Uuid>,
    /// The highest attempt number so far.
    pub(crate) attempts: i32,
    /// What was tried already.
    pub(crate) tried: Vec<Uuid>,
}

/// Locks an order, its customer first: the order in which everybody locks them.
pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<OrderRow>> {
    sqlx::query!(
        "select from perennial.customers c
          where c.id = (select customer_id from perennial.orders where id = $1) for no key update",
        id
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query!("select from perennial.orders where id = $1 for no key update", id)
        .fetch_optional(&mut *conn)
        .await?;
    sqlx::query_as!(
        OrderRow,
        r#"select o.id as "id!", o.customer_id as "customer_id!", o.clock_id as "clock_id!",
                  perennial.business_now(o.clock_id) as "now!", o.kind as "kind!", o.status as "status!",
                  o.currency as "currency!", o.total_minor as "total_minor!", o.version as "version!",
                  t.description as "description!", t.unit as "unit!", i.number as "invoice_number?",
                  (select p.id from perennial.payments p
                    where p.order_id = o.id and p.status in ('planned', 'executing', 'unknown', 'processing')) as in_flight,
                  coalesce((select max(p.attempt) from perennial.payments p where p.order_id = o.id), 0) as "attempts!",
                  array(select p.method_id from perennial.payments p
                         where p.order_id = o.id and p.method_id is not null) as "tried!: Vec<Uuid>"
             from perennial.orders o
             join perennial.order_items t on t.order_id = o.id and t.position = 1
             left join perennial.invoices i on i.order_id = o.id
            where o.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

/// What became of an order with a decision.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'a> {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) status: &'a str,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) reason: Option<&'a str>,
}

/// Saves it.
pub(crate) async fn save(conn: &mut PgConnection, order: &Standing<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.orders set version = $2, status = $3, closed_at = $4, reason = $5 where id = $1",
        order.id,
        order.version,
        order.status,
        order.closed_at,
        order.reason
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Grants what a paid order consists of, each item once.
pub(crate) async fn grant(conn: &mut PgConnection, order: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "select perennial.add_grant(o.customer_id, i.unit, i.tokens, 'paid', 0, null, null, 'order',
                                    format('order/%s/%s', o.id, i.position))
           from perennial.orders o join perennial.order_items i on i.order_id = o.id
          where o.id = $1",
        order
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}
