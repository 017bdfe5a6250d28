//! Tells a customer that usage has reached a threshold of its limit (rule U3).
//!
//! **Runs** when a threshold was crossed, which is noted once per meter, period and threshold.
//! **Safe to repeat:** the note is settled in the transaction that queues the mail. Once the period
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
use crate::store::customers::{self, Act};
use crate::store::emails::{self, Decided, QueuedEmail, QueuedEmails};
use crate::store::warnings::{self, Crossing, SuggestedPlan, WarningRow};
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
        let outcome = self.look(&mut transaction).await?;
        if let Some(outcome) = outcome {
            warnings::settle(&mut transaction, self.crossing(), outcome).await?;
        }
        crate::crash_point!("warn_usage.C2");
        transaction.commit().await?;
        crate::crash_point!("warn_usage.C7");
        Ok(())
    }
}

impl WarnUsage {
    fn crossing(&self) -> Crossing {
        Crossing {
            customer: self.customer.0,
            metric: self.metric,
            period_start: self.period_start,
            threshold: self.threshold,
        }
    }

    /// What becomes of the crossing; `None` where that is decided already.
    async fn look(&self, conn: &mut PgConnection) -> Result<Option<&'static str>, Failure> {
        // The customer first: the order in which everybody locks.
        let Some(customer) = customers::lock(&mut *conn, self.customer.0).await? else {
            return Ok(None);
        };
        let Some(warning) = warnings::take(&mut *conn, self.crossing()).await? else {
            return Ok(None);
        };
        if warning.over {
            return Ok(Some("too_late"));
        }
        if warning.muted {
            return Ok(Some("muted"));
        }
        let suggested =
            warnings::suggestion(&mut *conn, self.customer.0, &warning.metric_code).await?;
        let upgrade = suggested.map(upgrade).transpose().map_err(Failure::give_up)?;
        let act = Act {
            name: "usage_warned",
            actor: Self::NAME,
            facts: serde_json::json!({ "metric": warning.metric_code, "threshold": self.threshold }),
        };
        let decision = customers::note(&mut *conn, self.customer.0, &customer, &act).await?;
        let mut mails = QueuedEmails::default();
        mails.push(self.mail(warning, upgrade, decision));
        emails::queue(conn, &mails).await?;
        Ok(Some("told"))
    }

    fn mail(&self, warning: WarningRow, upgrade: Option<Upgrade>, decision: i64) -> QueuedEmail {
        let beyond = match (warning.enforcement.as_str(), warning.priced) {
            ("hard", _) => BeyondLimit::Refused,
            (_, true) => BeyondLimit::Billed,
            (_, false) => BeyondLimit::Allowed,
        };
        let letter = Letter::from(UsageWarning {
            unit: warning.unit,
            used: warning.used,
            limit: warning.limit_units,
            threshold_percent: self.threshold,
            period_start: self.period_start,
            resets_at: warning.period_end,
            beyond,
            upgrade,
        });
        let key = format!("{}/{}", letter.template(), self.key());
        let decided = Decided { clock_id: warning.clock_id, at: warning.now, decision };
        QueuedEmail::to(self.customer.0, key, &letter, decided)
    }
}

fn upgrade(suggested: SuggestedPlan) -> Result<Upgrade, String> {
    let currency = Currency::parse(&suggested.currency).map_err(|error| error.to_string())?;
    Ok(Upgrade {
        plan: suggested.plan_name,
        price: Money::new(suggested.amount_minor, currency),
        interval: interval(&suggested.interval_unit, suggested.interval_count)?,
    })
}
