//! Closing usage periods: what was used beyond a limit is priced and waits for the
//! next invoice, or for a final one.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::currency::Currency;
use perennial_core::ids::PendingItemId;
use perennial_core::lifecycle::LineKind;
use perennial_core::money::Money;
use perennial_core::quota::{Closing, overage};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::meters::{self, LateUsage, NotableClosing, PriceList};
use crate::store::pending_items::{self, PendingItemRow};

/// Whose meters are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// Every customer's of the clock.
    All,
    /// These customers'.
    Of(&'a [Uuid]),
}

/// Closes one period of each due meter, up to `batch` of them, within the caller's transaction.
/// Answers with how many there were: meters that are behind need another step.
pub(crate) async fn close_step(
    conn: &mut PgConnection,
    clock: Uuid,
    whose: Whose<'_>,
    batch: i32,
) -> sqlx::Result<i64> {
    let customers = match whose {
        Whose::All => None,
        Whose::Of(customers) => Some(customers),
    };
    let closed = meters::close_periods(&mut *conn, clock, customers, batch).await?;
    for closing in &closed.notable {
        bill(&mut *conn, clock, closing).await?;
    }
    // The limit was edited: the period that begins takes the latest one. Other meters of the
    // customer may be held by a caller, and are none of ours.
    let stale = closed.notable.iter().filter(|closing| closing.stale);
    let (customers, metrics): (Vec<_>, Vec<_>) =
        stale.map(|closing| (closing.customer, closing.metric)).unzip();
    meters::entitle_closed(conn, &customers, &metrics).await?;
    Ok(closed.count)
}

async fn bill(conn: &mut PgConnection, clock: Uuid, closing: &NotableClosing) -> sqlx::Result<()> {
    let mut charges = Vec::new();
    if closing.overage_units > 0 {
        let in_trial = meters::over_in_trial(&mut *conn, closing).await?;
        charges.push(UsageCharge {
            kind: LineKind::Overage,
            subscription: closing.subscription,
            quota: closing.quota,
            period: (closing.period_start, closing.period_end),
            known: 0,
            units: Beyond { billed: in_trial, now: closing.overage_units },
        });
    }
    if closing.late {
        let (customer, metric) = (closing.customer, closing.metric);
        let found_in = closing.period_start;
        let late = meters::note_late_usage(&mut *conn, customer, metric, found_in).await?;
        charges.extend(late.iter().map(UsageCharge::late));
    }
    for charge in &charges {
        let (Some(subscription), Some(quota)) = (charge.subscription, charge.quota) else {
            continue;
        };
        let prices = meters::prices(&mut *conn, quota, subscription, charge.period.1).await?;
        let Some(prices) = prices else { continue };
        let amount = match charge.units.price(&prices) {
            Ok(amount) => amount,
            Err(problem) => {
                // One bad price list must not hold up everybody's periods.
                tracing::error!(%quota, "usage beyond a limit is not billed: quota {quota}: {problem}");
                continue;
            }
        };
        if amount.minor == 0 {
            continue;
        }
        let created_at = crate::clock::business_now(&mut *conn, clock).await?;
        let item = charge.item(closing, subscription, amount, &prices, created_at);
        pending_items::insert(&mut *conn, &item).await?;
    }
    Ok(())
}

/// Usage of one period that may have a price.
#[derive(Debug, Clone)]
struct UsageCharge {
    kind: LineKind,
    /// Who gave the limit then, and by which terms.
    subscription: Option<Uuid>,
    quota: Option<Uuid>,
    period: (DateTime<Utc>, DateTime<Utc>),
    /// What was known of the period before: tells several late ones apart.
    known: i64,
    units: Beyond,
}

impl UsageCharge {
    fn late(late: &LateUsage) -> Self {
        // What had rolled over is part of the limit on record.
        let limit = Some(late.limit_units).filter(|limit| *limit >= 0);
        let over = |used| Closing { limit, rolled_in: 0, used }.over();
        Self {
            kind: LineKind::LateUsage,
            subscription: late.subscription,
            quota: late.quota,
            period: (late.period_start, late.period_end),
            known: late.known,
            units: Beyond { billed: over(late.known), now: over(late.used) },
        }
    }

    fn item(
        &self,
        closing: &NotableClosing,
        subscription: Uuid,
        amount: Money,
        prices: &PriceList,
        created_at: DateTime<Utc>,
    ) -> PendingItemRow {
        let (customer, metric, kind) = (closing.customer, closing.metric, self.kind);
        let start = self.period.0.timestamp_micros();
        let name = format!("{customer}/{metric}/{start}/{kind}/{}", self.known);
        PendingItemRow {
            id: PendingItemId::derived(&name).0,
            customer_id: customer,
            subscription_id: subscription,
            kind: kind.as_str().to_owned(),
            metric_id: metric,
            currency: amount.currency.code().to_owned(),
            description: self.units.describe(prices, self.period),
            quantity: self.units.unbilled(),
            amount_minor: amount.minor,
            period_start: self.period.0,
            period_end: self.period.1,
            created_at,
        }
    }
}

/// Units beyond a limit: those that an invoice has already or a trial gave for nothing, and all that
/// are known now.
#[derive(Debug, Clone, Copy)]
struct Beyond {
    billed: i64,
    now: i64,
}

impl Beyond {
    fn unbilled(self) -> i64 {
        self.now.saturating_sub(self.billed).max(0)
    }

    /// What the unbilled ones cost: late units go on in the tiers where the others ended.
    fn price(self, prices: &PriceList) -> Result<Money, String> {
        let currency = Currency::parse(&prices.currency).map_err(|error| error.to_string())?;
        let all = overage(self.now, &prices.tiers, currency).map_err(|error| error.to_string())?;
        if self.unbilled() == 0 {
            return Ok(Money::zero(currency));
        }
        let billed =
            overage(self.billed, &prices.tiers, currency).map_err(|error| error.to_string())?;
        all.minus(billed).map_err(|error| error.to_string())
    }

    fn describe(self, prices: &PriceList, period: (DateTime<Utc>, DateTime<Utc>)) -> String {
        let zone: Tz = prices.zone.parse().unwrap_or(Tz::UTC);
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%-d %b %Y").to_string();
        let units = self.unbilled();
        format!("{units} {} beyond the limit, {} to {}", prices.unit, day(period.0), day(period.1))
    }
}
