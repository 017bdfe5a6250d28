//! `subscription.created`

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use perennial_core::calendar::Anchor;
use perennial_core::currency::Currency;
use perennial_core::dunning::{DunningPolicy, EndAction};
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_core::lifecycle::Item;
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{BY, Trouble};
use crate::clock;
use crate::context::Cx;
use crate::lifecycle::{Journal, Terms, begin, interval};
use crate::store::catalog::{self, PriceRow, Wanted};
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
    starts_at: Option<DateTime<Utc>>,
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
    let wanted = data.wanted(customer)?;
    if let Some(amount) = data.negotiated_amount_minor {
        let setup_fee = data.negotiated_setup_fee_minor.unwrap_or_default();
        catalog::negotiate(&mut *conn, &wanted, amount, setup_fee).await?;
    }
    let price = catalog::price(&mut *conn, &wanted).await?;
    let price = price
        .ok_or_else(|| Trouble::refused(format!("plan: {} is not sold like that", wanted.plan)))?;
    let name = data.policy();
    let policy_id = policies::latest(&mut *conn, name).await?;
    let policy_id =
        policy_id.ok_or_else(|| Trouble::refused(format!("policy: there is no `{name}`")))?;
    let policy = cx.policies.get(&mut *conn, policy_id).await?;
    check_end(&mut *conn, &policy, &wanted).await?;
    let (clock_id, time_zone) = (known.clock_id, known.time_zone);
    let known = Known { customer, clock_id, time_zone, now, price, policy_id, policy };
    Ok(begin(conn, cx.payments.name(), data.terms(event, known)?, BY).await?)
}

/// What the database knows of a sign-up.
pub(super) struct Known {
    pub(super) customer: CustomerId,
    pub(super) clock_id: Uuid,
    pub(super) time_zone: String,
    pub(super) now: DateTime<Utc>,
    pub(super) price: PriceRow,
    pub(super) policy_id: Uuid,
    pub(super) policy: Arc<DunningPolicy>,
}

impl SubscriptionCreated {
    /// The name of the policy it is to have.
    pub(super) fn policy(&self) -> &str {
        self.policy.as_deref().unwrap_or("standard")
    }

    /// Whether its price is made for it.
    pub(super) fn is_negotiated(&self) -> bool {
        self.negotiated_amount_minor.is_some()
    }

    fn currency(&self) -> Result<Currency, Trouble> {
        Currency::parse(self.currency.as_deref().unwrap_or("USD"))
            .map_err(|error| Trouble::refused(format!("currency: {error}")))
    }

    /// What its price is looked for by.
    pub(super) fn wanted(&self, customer: CustomerId) -> Result<Wanted<'_>, Trouble> {
        self.currency()?;
        Ok(Wanted {
            plan: &self.plan,
            customer: customer.0,
            currency: self.currency.as_deref().unwrap_or("USD"),
            interval_unit: &self.interval,
            interval_count: self.interval_count.unwrap_or(1),
        })
    }

    /// What was agreed.
    pub(super) fn terms(self, event: &EventRow, known: Known) -> Result<Terms, Trouble> {
        let zone: Tz = self
            .time_zone
            .as_deref()
            .unwrap_or(&known.time_zone)
            .parse()
            .map_err(|error| Trouble::refused(format!("time_zone: {error}")))?;
        let interval = interval(&self.interval, self.interval_count.unwrap_or(1))
            .map_err(|problem| Trouble::refused(format!("interval: {problem}")))?;
        let started_at = self.starts_at.unwrap_or(event.at);
        let trial_end = self.trial_end.filter(|end| *end > started_at);
        if let (Some(starts), Some(end), None) = (self.starts_at, self.trial_end, trial_end) {
            return Err(Trouble::refused(format!(
                "trial_end: {end} does not lie after the start, {starts}"
            )));
        }
        let anchored = self.trial_end.unwrap_or(started_at);
        Ok(Terms {
            id: SubscriptionId(event.subject),
            customer: known.customer,
            clock_id: known.clock_id,
            plan_name: known.price.plan_name.clone(),
            currency: self.currency()?,
            anchor: anchor(self.anchor.as_deref(), zone, anchored)?,
            item: item(known.price, self.seats.unwrap_or(1)),
            interval,
            trial_end,
            policy: known.policy,
            policy_id: known.policy_id,
            started_at,
            now: known.now,
        })
    }
}

/// A policy whose lesser plan has no price here would lead nowhere one day.
async fn check_end(
    conn: &mut PgConnection,
    policy: &DunningPolicy,
    wanted: &Wanted<'_>,
) -> Result<(), Trouble> {
    let EndAction::Downgrade(plan) = &policy.end else { return Ok(()) };
    if catalog::price(conn, &Wanted { plan, ..*wanted }).await?.is_some() {
        return Ok(());
    }
    let Wanted { currency, interval_unit, interval_count, .. } = wanted;
    Err(Trouble::refused(format!(
        "policy: `{}` ends with plan {plan}, which is not sold in {currency} every {interval_count} {interval_unit}",
        policy.name
    )))
}

/// The price and the seats.
fn item(price: PriceRow, quantity: i64) -> Item {
    Item {
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
    }
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
