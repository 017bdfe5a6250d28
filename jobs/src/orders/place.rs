//! How an order begins.

use chrono::{DateTime, Utc};
use perennial_core::ids::{CustomerId, InvoiceId, OrderId};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::decision::{Decision, Status, money};
use crate::clock;
use crate::lifecycle::{counted, methods_of};
use crate::mail::{OrderFailed, Reason};
use crate::store::customers;
use crate::store::methods::{self, MethodRow};
use crate::store::orders::{self, NewOrder, SoldRow};
use crate::waiting;

/// What somebody wants to buy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) id: OrderId,
    pub(crate) customer: CustomerId,
    pub(crate) kind: Kind,
    pub(crate) package: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) quantity: i64,
    /// Names the occasion: there is one order of it.
    pub(crate) key: &'a str,
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The customer.
    Purchase,
    /// A wallet that ran low.
    TopUp,
}

/// Why there is no order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// There is one already.
    #[error("subject: {0} exists already")]
    Exists(OrderId),
    /// Nobody is to pay.
    #[error("customer: {0} does not exist")]
    NoCustomer(CustomerId),
    /// It is not sold, or not any more.
    #[error("package: {package} is not sold in {currency}")]
    NotSold {
        /// Which.
        package: String,
        /// In what.
        currency: String,
    },
    /// It cannot be counted.
    #[error("quantity: {0}")]
    Amount(String),
    /// The database did not do it.
    #[error("{}", crate::store::Said(.0))]
    Database(#[from] sqlx::Error),
}

/// Places an order within the caller's transaction: with its invoice and the first attempt, or
/// failed at once where there is nothing to charge.
pub(crate) async fn place(
    conn: &mut PgConnection,
    provider: &'static str,
    wish: &Wish<'_>,
    by: &'static str,
) -> Result<(), PlaceError> {
    let customer = customers::lock(&mut *conn, wish.customer.0).await?;
    let customer = customer.ok_or(PlaceError::NoCustomer(wish.customer))?;
    let now = clock::business_now(&mut *conn, customer.clock_id).await?;
    let sold = orders::sold(&mut *conn, wish.package, wish.currency).await?;
    let sold = sold.ok_or_else(|| PlaceError::NotSold {
        package: wish.package.to_owned(),
        currency: wish.currency.to_owned(),
    })?;
    let description = description(&sold, wish.quantity);
    let new = NewOrder {
        id: wish.id.0,
        customer_id: wish.customer.0,
        clock_id: customer.clock_id,
        kind: wish.kind.as_str(),
        currency: wish.currency,
        key: wish.key,
        at: now,
        package: wish.package,
        description: &description,
        quantity: wish.quantity,
        unit_amount_minor: sold.amount_minor,
        amount_minor: times(sold.amount_minor, wish.quantity)?,
        unit: &sold.unit,
        tokens: times(sold.tokens, wish.quantity)?,
    };
    if !orders::insert(&mut *conn, &new).await? {
        return Err(PlaceError::Exists(wish.id));
    }
    let decision = Decision {
        order: wish.id,
        customer: wish.customer,
        clock_id: customer.clock_id,
        now,
        amount: money(new.amount_minor, wish.currency).map_err(PlaceError::Amount)?,
        version: 1,
        by,
        facts: serde_json::Map::new(),
    };
    Ok(begin(conn, provider, decision, &description).await?)
}

async fn begin(
    conn: &mut PgConnection,
    provider: &'static str,
    mut decision: Decision,
    description: &str,
) -> sqlx::Result<()> {
    let methods = methods::load(&mut *conn, &[decision.customer.0]).await?;
    let usable = methods_at_first(&methods, decision.now);
    let Some(method) = first_usable(&methods, &usable, &[]) else {
        let letter = OrderFailed {
            what: description.to_owned(),
            amount: decision.amount,
            method: None,
            reason: why_not(&methods),
        };
        let key = format!("order_failed/{}", decision.order);
        decision.tell(&mut *conn, key, &letter.into()).await?;
        return decision
            .conclude(conn, "order_failed", Status::Failed("no payment method can be charged"))
            .await;
    };
    let invoice = InvoiceId::derived(&decision.order.to_string());
    decision.facts.insert("invoices".to_owned(), json!([invoice.to_string()]));
    let sides = ("accounts_receivable", "revenue");
    decision.post(&mut *conn, "invoice_issued", sides, invoice, None).await?;
    waiting::only_workers_ahead(&mut *conn).await?;
    // Late: taking its number makes other transactions wait for this one.
    orders::invoice(&mut *conn, invoice.0, decision.order.0, decision.now).await?;
    decision.charge(&mut *conn, provider, invoice, 1, method).await?;
    decision.conclude(conn, "order_placed", Status::Pending).await
}

/// Those that may be charged with something new.
fn methods_at_first(methods: &[MethodRow], now: DateTime<Utc>) -> Vec<Uuid> {
    let methods = methods_of(methods).into_iter();
    methods.filter(|method| method.usable_at_first(now).is_ok()).map(|method| method.id.0).collect()
}

/// Those that may be charged with something that was tried before: the networks count it.
pub(super) async fn methods_again(
    conn: &mut PgConnection,
    methods: &[MethodRow],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    let methods = counted(conn, methods, now).await?.into_iter();
    Ok(methods.filter(|method| method.usable(now).is_ok()).map(|method| method.id.0).collect())
}

/// The first method in order that is usable and was not tried.
pub(super) fn first_usable<'a>(
    methods: &'a [MethodRow],
    usable: &[Uuid],
    tried: &[Uuid],
) -> Option<&'a MethodRow> {
    methods.iter().find(|row| usable.contains(&row.id) && !tried.contains(&row.id))
}

fn why_not(methods: &[MethodRow]) -> Reason {
    match methods.first() {
        None => Reason::NoMethod,
        Some(first) => {
            first.blocked_reason.as_deref().map_or(Reason::Generic, Reason::from_decline_code)
        }
    }
}

fn times(each: i64, quantity: i64) -> Result<i64, PlaceError> {
    each.checked_mul(quantity).ok_or_else(|| PlaceError::Amount(format!("{quantity} are too many")))
}

/// What an invoice calls it.
fn description(sold: &SoldRow, quantity: i64) -> String {
    match quantity {
        1 => sold.name.clone(),
        several => format!("{several} × {}", sold.name),
    }
}

impl Kind {
    /// Its durable name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::TopUp => "top_up",
        }
    }
}
