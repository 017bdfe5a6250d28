//! What was recorded, as it is read: edges of subscriptions, what was sold, invoices and payments.
//! No movement, no snapshot and no sum among it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::PER_MONTH;

/// An edge of a subscription.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Step {
    pub(super) version: i64,
    pub(super) to_status: String,
    pub(super) edge: String,
    pub(super) at: DateTime<Utc>,
    /// The transaction's time on the machine: what was decided together has the same.
    pub(super) recorded_at: DateTime<Utc>,
}

/// What a subscription was sold as.
#[derive(Debug, Clone)]
pub(super) struct Sold {
    pub(super) customer: Uuid,
    pub(super) currency: String,
    pub(super) interval: String,
    /// At first, and since it was downgraded: the plan, and minor units per month times [`PER_MONTH`].
    pub(super) before: (String, i128),
    pub(super) after: (String, i128),
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Bill {
    pub(super) id: Uuid,
    pub(super) currency: String,
    pub(super) total_minor: i64,
    /// What of it an earlier invoice had billed.
    pub(super) carried_minor: i64,
    pub(super) status: String,
    pub(super) finalized_at: DateTime<Utc>,
    pub(super) closed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Charge {
    pub(super) invoice_id: Uuid,
    pub(super) currency: String,
    pub(super) amount_minor: i64,
    pub(super) status: String,
    pub(super) attempt: i32,
    pub(super) settled_at: Option<DateTime<Utc>>,
}

/// A movement of a customer's balance.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Credit {
    pub(super) currency: String,
    pub(super) amount_minor: i64,
    pub(super) kind: String,
    pub(super) invoice_id: Option<Uuid>,
    pub(super) at: DateTime<Utc>,
}

/// All rows.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) sold: Vec<Sold>,
    pub(super) bills: Vec<Bill>,
    pub(super) charges: Vec<Charge>,
    pub(super) credits: Vec<Credit>,
    /// Since when a customer's locale was this.
    pub(super) locales: BTreeMap<Uuid, Vec<(DateTime<Utc>, String)>>,
}

#[derive(sqlx::FromRow)]
struct SoldRow {
    id: Uuid,
    customer_id: Uuid,
    currency: String,
    interval_unit: String,
    interval_count: i32,
    plan: String,
    minor: i64,
    wish: Value,
}

#[derive(sqlx::FromRow)]
struct PriceRow {
    plan: String,
    currency: String,
    interval_unit: String,
    interval_count: i32,
    unit_amount_minor: i64,
}

const SOLD: &str = "
    select s.id, s.customer_id, s.currency, s.interval_unit, s.interval_count, p.code as plan,
           r.unit_amount_minor * i.quantity as minor, e.data as wish
      from perennial.subscriptions s
      join perennial.plans p on p.id = s.plan_id
      join perennial.subscription_items i on i.subscription_id = s.id
      join perennial.prices r on r.id = i.price_id
      join perennial.lifecycle_events e on e.type = 'subscription.created' and e.subject = s.id and e.outcome = 'done'";
const STEPS: &str = "
    select version, to_status, edge, at, recorded_at
      from perennial.subscription_history where subscription_id = $1 order by version, position";
const PRICES: &str = "
    select p.code as plan, r.currency, r.interval_unit, r.interval_count, r.unit_amount_minor
      from perennial.prices r join perennial.plans p on p.id = r.plan_id where r.customer_id is null";
const LOCALES: &str = "
    select subject, at, coalesce(data ->> 'locale', '') from perennial.lifecycle_events
     where type = 'customer.upserted' and outcome = 'done' order by seq";
const BILLS: &str = "
    select i.id, i.currency, i.total_minor, i.status, i.finalized_at, i.closed_at,
           coalesce((select sum(l.amount_minor) from perennial.invoice_items l
                      where l.invoice_id = i.id and l.kind = 'carried_balance'), 0)::bigint as carried_minor
      from perennial.invoices i";
const CHARGES: &str = "
    select invoice_id, currency, amount_minor, status, attempt, settled_at from perennial.payments";
const CREDITS: &str = "
    select currency, amount_minor, kind, invoice_id, at from perennial.customer_balance_entries";

/// A price per interval as minor units per month, times [`PER_MONTH`].
fn monthly(minor: i64, unit: &str, count: i32) -> i128 {
    let (times, months) = match unit {
        "day" => (365, 12),
        "week" => (52, 12),
        "month" => (1, 1),
        "year" => (1, 12),
        other => panic!("an interval of {other}s"),
    };
    let (dividend, divisor) = (i128::from(minor) * times * PER_MONTH, months * i128::from(count));
    assert_eq!(dividend % divisor, 0, "{count} {unit}s do not divide the unit we count in");
    dividend / divisor
}

impl Rows {
    pub(super) async fn read(pool: &PgPool) -> sqlx::Result<Self> {
        let prices: Vec<PriceRow> = sqlx::query_as(PRICES).fetch_all(pool).await?;
        let rows: Vec<SoldRow> = sqlx::query_as(SOLD).fetch_all(pool).await?;
        let mut sold = Vec::new();
        for row in rows {
            let steps = sqlx::query_as(STEPS).bind(row.id).fetch_all(pool).await?;
            sold.push(row.sold(&prices, steps));
        }
        let mut locales = BTreeMap::<_, Vec<_>>::new();
        let told: Vec<(Uuid, DateTime<Utc>, String)> =
            sqlx::query_as(LOCALES).fetch_all(pool).await?;
        for (customer, at, locale) in told {
            locales.entry(customer).or_default().push((at, locale));
        }
        let bills = sqlx::query_as(BILLS).fetch_all(pool).await?;
        let charges = sqlx::query_as(CHARGES).fetch_all(pool).await?;
        let credits = sqlx::query_as(CREDITS).fetch_all(pool).await?;
        Ok(Self { sold, bills, charges, credits, locales })
    }
}

impl SoldRow {
    fn sold(self, prices: &[PriceRow], steps: Vec<Step>) -> Sold {
        let (unit, count) = (self.interval_unit.as_str(), self.interval_count);
        let wished = self.wish["plan"].as_str().unwrap_or_default().to_owned();
        let listed = prices.iter().find(|price| {
            (price.plan.as_str(), price.currency.as_str())
                == (wished.as_str(), self.currency.as_str())
                && (price.interval_unit.as_str(), price.interval_count) == (unit, count)
        });
        let negotiated = self.wish["negotiated_amount_minor"].as_i64();
        let each = negotiated.or(listed.map(|price| price.unit_amount_minor)).expect("a price");
        let seats = self.wish["seats"].as_i64().unwrap_or(1);
        Sold {
            customer: self.customer_id,
            interval: match count {
                1 => unit.to_owned(),
                _ => format!("{count} {unit}s"),
            },
            before: (wished, monthly(each * seats, unit, count)),
            after: (self.plan, monthly(self.minor, unit, count)),
            currency: self.currency,
            steps,
        }
    }
}
