//! Closing usage periods: what was used beyond a limit is priced and waits for the next invoice.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_core::currency::Currency;
use perennial_core::ids::PendingItemId;
use perennial_core::lifecycle::LineKind;
use perennial_core::money::Money;
use perennial_core::quota::{Closing, overage};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::meters::{self, NotableClosing, PriceList};
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
    let mut stale = Vec::new();
    for closing in &closed.notable {
        bill(&mut *conn, clock, closing).await?;
        if closing.stale {
            stale.push(closing.customer);
        }
    }
    // The limit was edited: the period that begins takes the latest one.
    meters::entitle(conn, &stale).await?;
    Ok(closed.count)
}

async fn bill(conn: &mut PgConnection, clock: Uuid, closing: &NotableClosing) -> sqlx::Result<()> {
    let Some(subscription) = closing.subscription else { return Ok(()) };
    let now = crate::clock::business_now(&mut *conn, clock).await?;
    let mut items = Vec::new();
    if let (Some(quota), 1..) = (closing.quota, closing.overage_units) {
        let period = (closing.period_start, closing.period_end);
        let units = Beyond { billed: 0, now: closing.overage_units };
        items.push((LineKind::Overage, quota, period, units));
    }
    if let (Some(start), 1..) = (closing.late_start, closing.late_units)
        && let Some(before) =
            meters::closing(&mut *conn, closing.customer, closing.metric, start).await?
        && let Some(quota) = before.quota_id
    {
        // What had rolled over is part of the limit on record.
        let limit = Some(before.limit_units).filter(|limit| *limit >= 0);
        let after = Closing { limit, rolled_in: 0, used: closing.late_used }.over();
        let units = Beyond { billed: before.overage_units, now: after };
        items.push((LineKind::LateUsage, quota, (start, before.period_end), units));
    }
    for (kind, quota, period, units) in items {
        let Some(prices) = meters::prices(&mut *conn, quota, subscription).await? else { continue };
        let amount = match units.price(&prices) {
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
        let id = PendingItemId::derived(&format!(
            "{}/{}/{}/{kind}",
            closing.customer,
            closing.metric,
            period.0.timestamp_micros()
        ));
        let item = PendingItemRow {
            id: id.0,
            customer_id: closing.customer,
            subscription_id: subscription,
            kind: kind.as_str().to_owned(),
            metric_id: closing.metric,
            currency: amount.currency.code().to_owned(),
            description: units.describe(&prices, period),
            quantity: units.unbilled(),
            amount_minor: amount.minor,
            period_start: period.0,
            period_end: period.1,
            created_at: now,
        };
        pending_items::insert(&mut *conn, &item).await?;
    }
    Ok(())
}

/// Units beyond a limit: those an invoice has already, and all that are known now.
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
