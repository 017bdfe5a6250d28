//! Tells a customer that usage has reached a threshold of its limit (rule U3).
//!
//! **Runs** when a threshold was crossed, which is noted once per meter, period, threshold and limit.
//! One email for all that was crossed at once: of the highest threshold that is reached by the limit
//! that holds when it is written.
//! **Safe to repeat:** the notes are settled in the transaction that queues the email. Once the period
//! is over there is nothing to warn of any more.

use chrono::{DateTime, Utc};
use perennial_core::currency::Currency;
use perennial_core::ids::CustomerId;
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::context::Cx;
use crate::job::{Failure, Job};
use crate::lifecycle::interval;
use crate::mail::{BeyondLimit, Letter, Upgrade, UsageWarning};
use crate::store::customers::{self, Act, CustomerRow};
use crate::store::emails::{self, Decided, QueuedEmail, QueuedEmails};
use crate::store::warnings::{self, CrossedRow, MeterRow, SuggestedPlan, Whose};
use crate::waiting;

/// A threshold was crossed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarnUsage {
    /// Whose usage.
    pub customer: CustomerId,
    /// Of what.
    pub metric: i32,
    /// In which period.
    pub period_start: DateTime<Utc>,
    /// Percent of the limit.
    pub threshold: i32,
}

impl Job for WarnUsage {
    const NAME: &'static str = "warn_usage";

    /// Names the crossing, as the sweep in SQL does too.
    fn key(&self) -> String {
        let period = self.period_start.timestamp_micros();
        format!("{}/{}/{}@{period}", self.customer.0, self.metric, self.threshold)
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let mut transaction = waiting::begin(&cx.pool).await?;
        self.look(&mut transaction).await?;
        crate::crash_point!("warn_usage.C2");
        transaction.commit().await?;
        crate::crash_point!("warn_usage.C7");
        Ok(())
    }
}

impl WarnUsage {
    fn whose(&self) -> Whose {
        Whose { customer: self.customer.0, metric: self.metric, period_start: self.period_start }
    }

    /// Decides all crossings of the meter's period that are due.
    async fn look(&self, conn: &mut PgConnection) -> Result<(), Failure> {
        // The customer first: the order in which everybody locks.
        let Some(customer) = customers::lock(&mut *conn, self.customer.0).await? else {
            return Ok(());
        };
        let crossed = warnings::take(&mut *conn, self.whose()).await?;
        let Some(meter) = warnings::meter(&mut *conn, self.whose()).await? else {
            for row in crossed {
                warnings::settle(&mut *conn, self.whose(), row, "lapsed").await?;
            }
            return Ok(());
        };
        let told = highest(&meter, &crossed);
        for row in crossed {
            let outcome = match told {
                _ if meter.over => "too_late",
                _ if meter.muted => "muted",
                Some(highest) if row == highest => "told",
                _ if reached(&meter, row.threshold) => "surpassed",
                _ => "lapsed",
            };
            warnings::settle(&mut *conn, self.whose(), row, outcome).await?;
        }
        match told.filter(|_| !meter.over && !meter.muted) {
            Some(row) => self.tell(conn, &customer, meter, row.threshold).await,
            None => Ok(()),
        }
    }

    async fn tell(
        &self,
        conn: &mut PgConnection,
        customer: &CustomerRow,
        meter: MeterRow,
        threshold: i32,
    ) -> Result<(), Failure> {
        let suggested =
            warnings::suggestion(&mut *conn, self.customer.0, &meter.metric_code).await?;
        let upgrade = suggested.map(upgrade).transpose().map_err(Failure::give_up)?;
        let act = Act {
            name: "usage_warned",
            actor: Self::NAME,
            facts: serde_json::json!({ "metric": meter.metric_code, "threshold": threshold }),
        };
        let decision = customers::note(&mut *conn, self.customer.0, customer, &act).await?;
        let mut mails = QueuedEmails::default();
        mails.push(self.mail(meter, threshold, upgrade, decision));
        Ok(emails::queue(conn, &mails).await?)
    }

    fn mail(
        &self,
        meter: MeterRow,
        threshold: i32,
        upgrade: Option<Upgrade>,
        decision: i64,
    ) -> QueuedEmail {
        let beyond = match (meter.enforcement.as_str(), meter.billed) {
            ("hard", _) => BeyondLimit::Refused,
            (_, true) => BeyondLimit::Billed,
            (_, false) => BeyondLimit::Allowed,
        };
        let limit = meter.limit_units.unwrap_or_default();
        let letter = Letter::from(UsageWarning {
            unit: meter.unit,
            used: meter.used,
            limit,
            threshold_percent: threshold,
            period_start: self.period_start,
            resets_at: meter.period_end,
            beyond,
            upgrade,
        });
        let period = self.period_start.timestamp_micros();
        let (customer, metric) = (self.customer.0, self.metric);
        let key = format!("{}/{customer}/{metric}/{threshold}/{limit}@{period}", letter.template());
        let decided = Decided { clock_id: meter.clock_id, at: meter.now, decision };
        QueuedEmail::to(customer, key, &letter, decided)
    }
}

/// The crossing that the email is about: the highest threshold that is reached by the limit that
/// holds now, unless the customer has heard of it, or of a higher one.
fn highest(meter: &MeterRow, crossed: &[CrossedRow]) -> Option<CrossedRow> {
    let due = crossed.iter().filter(|row| reached(meter, row.threshold));
    let highest = due.max_by_key(|row| (row.threshold, Some(row.limit_units) == meter.limit_units));
    highest.copied().filter(|row| meter.told.is_none_or(|told| told < row.threshold))
}

fn reached(meter: &MeterRow, threshold: i32) -> bool {
    let share = |limit: i64| i128::from(limit) * i128::from(threshold);
    meter.limit_units.is_some_and(|limit| i128::from(meter.used) * 100 >= share(limit))
}

fn upgrade(suggested: SuggestedPlan) -> Result<Upgrade, String> {
    let currency = Currency::parse(&suggested.currency).map_err(|error| error.to_string())?;
    Ok(Upgrade {
        plan: suggested.plan_name,
        price: Money::new(suggested.amount_minor, currency),
        interval: interval(&suggested.interval_unit, suggested.interval_count)?,
    })
}
