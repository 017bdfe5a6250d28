//! `subscription.created`

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use perennial_core::calendar::Anchor;
use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_core::lifecycle::Item;
use serde::Deserialize;
use sqlx::PgConnection;

use super::{BY, Trouble};
use crate::clock;
use crate::context::Cx;
use crate::lifecycle::{Journal, Terms, begin, interval};
use crate::store::catalog::{self, Wanted};
use crate::store::events::EventRow;
use crate::store::{customers, policies, subscriptions};

#[derive(Debug, Deserialize)]
pub(super) struct SubscriptionCreated {
    plan: String,
    interval: String,
    interval_count: Option<i32>,
    currency: Option<String>,
    seats: Option<i64>,
    anchor: Option<String>,
    time_zone: Option<String>,
    trial_end: Option<DateTime<Utc>>,
    policy: Option<String>,
    negotiated_amount_minor: Option<i64>,
    negotiated_setup_fee_minor: Option<i64>,
    // Ordering only; the event's customer is authoritative.
    #[serde(rename = "customer")]
    _customer: uuid::Uuid,
}

pub(super) async fn created(
    conn: &mut PgConnection,
    cx: &Cx,
    customer: CustomerId,
    event: &EventRow,
    data: SubscriptionCreated,
) -> Result<Journal, Trouble> {
    let id = SubscriptionId(event.subject);
    if !subscriptions::lock(&mut *conn, &[id.0]).await?.is_empty() {
        return Err(Trouble::refused(format!("subject: {id} exists already")));
    }
    let known = customers::lock(&mut *conn, customer.0).await?;
    let known =
        known.ok_or_else(|| Trouble::refused(format!("customer: {customer} does not exist")))?;
    let now = clock::business_now(&mut *conn, known.clock_id).await?;
    let zone: Tz = data
        .time_zone
        .as_deref()
        .unwrap_or(&known.time_zone)
        .parse()
        .map_err(|error| Trouble::refused(format!("time_zone: {error}")))?;
    let currency = Currency::parse(data.currency.as_deref().unwrap_or("USD"))
        .map_err(|error| Trouble::refused(format!("currency: {error}")))?;
    let interval_count = data.interval_count.unwrap_or(1);
    let interval = interval(&data.interval, interval_count)
        .map_err(|problem| Trouble::refused(format!("interval: {problem}")))?;
    let wanted = Wanted {
        plan: &data.plan,
        customer: customer.0,
        currency: currency.code(),
        interval_unit: &data.interval,
        interval_count,
    };
    let item = item(&mut *conn, &wanted, &data).await?;
    let policy = data.policy.as_deref().unwrap_or("standard");
    let policy_id = policies::latest(&mut *conn, policy).await?;
    let policy_id =
        policy_id.ok_or_else(|| Trouble::refused(format!("policy: there is no `{policy}`")))?;
    let started = data.trial_end.unwrap_or(event.at);
    let terms = Terms {
        id,
        customer,
        clock_id: known.clock_id,
        plan_name: item.description.split(',').next().unwrap_or_default().to_owned(),
        item,
        currency,
        anchor: anchor(data.anchor.as_deref(), zone, started)?,
        interval,
        trial_end: data.trial_end.filter(|end| *end > event.at),
        policy: cx.policies.get(&mut *conn, policy_id).await?,
        policy_id,
        started_at: event.at,
        now,
    };
    Ok(begin(conn, cx.payments.name(), terms, BY).await?)
}

/// The price and the seats.
async fn item(
    conn: &mut PgConnection,
    wanted: &Wanted<'_>,
    data: &SubscriptionCreated,
) -> Result<Item, Trouble> {
    if let Some(amount) = data.negotiated_amount_minor {
        let setup_fee = data.negotiated_setup_fee_minor.unwrap_or_default();
        catalog::negotiate(&mut *conn, wanted, amount, setup_fee).await?;
    }
    let price = catalog::price(conn, wanted).await?;
    let price = price
        .ok_or_else(|| Trouble::refused(format!("plan: {} is not sold like that", wanted.plan)))?;
    let quantity = data.seats.unwrap_or(1);
    Ok(Item {
        price: price.price_id.into(),
        plan: price.plan_id.into(),
        description: if quantity == 1 {
            price.plan_name
        } else {
            format!("{}, {quantity} seats", price.plan_name)
        },
        quantity,
        unit_amount_minor: price.unit_amount_minor,
        setup_fee_minor: price.setup_fee_minor,
    })
}

/// Boundary 0: a date means local midnight; without one it is the start (a trial's end).
fn anchor(text: Option<&str>, zone: Tz, started: DateTime<Utc>) -> Result<Anchor, Trouble> {
    let Some(text) = text else { return Ok(Anchor::at(started, zone)) };
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(Anchor::on(date, zone));
    }
    let instant = DateTime::parse_from_rfc3339(text).map_err(|error| {
        Trouble::refused(format!("anchor: `{text}` is neither a date nor an instant: {error}"))
    })?;
    Ok(Anchor::at(instant.to_utc(), zone))
}
