//! Warns that much of a limit, or all of it, is used: once per threshold and period (rule U3).

use chrono::{DateTime, Utc};
use perennial_core::calendar::Interval;
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Resend, Stream};

/// A threshold of a limit was reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageWarning {
    /// What is counted, in the plural: `AI operations`.
    pub unit: String,
    /// How many were used in the period.
    pub used: i64,
    /// How many there are.
    pub limit: i64,
    /// The threshold that was reached, in percent of the limit.
    pub threshold_percent: i32,
    /// When the count began.
    pub period_start: DateTime<Utc>,
    /// When it begins anew, if it ever does.
    pub resets_at: Option<DateTime<Utc>>,
    /// What becomes of usage beyond the limit.
    pub beyond: BeyondLimit,
    /// A plan that has more of it.
    pub upgrade: Option<Upgrade>,
}

/// What becomes of usage beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeyondLimit {
    /// It is refused: a hard limit.
    Refused,
    /// It is allowed and costs nothing: a soft limit.
    Allowed,
    /// It is allowed and has a price.
    Billed,
}

/// A plan to change to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// The plan's name.
    pub plan: String,
    /// What it costs.
    pub price: Money,
    /// How often.
    pub interval: Interval,
}

impl Notice for UsageWarning {
    /// The next threshold warns again, and the limit itself cannot be missed.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;
    const STREAM: Option<Stream> = Some(Stream::UsageWarning);

    fn good_until(&self) -> Option<DateTime<Utc>> {
        self.resets_at
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let near = Self {
            unit: "AI operations".to_owned(),
            used: 8_000,
            limit: 10_000,
            threshold_percent: 80,
            period_start: at("2026-02-15T05:00:00Z"),
            resets_at: Some(at("2026-03-15T04:00:00Z")),
            beyond: BeyondLimit::Refused,
            upgrade: Some(Upgrade {
                plan: "Enterprise".to_owned(),
                price: usd(19_900),
                interval: Interval::MONTH,
            }),
        };
        let reached = Self { used: 10_000, threshold_percent: 100, ..near.clone() };
        let billed = Self { used: 12_345, beyond: BeyondLimit::Billed, ..reached.clone() };
        let allowed = Self { used: 9_999, beyond: BeyondLimit::Allowed, ..near.clone() };
        let members = Self {
            unit: "members".to_owned(),
            used: 3,
            limit: 3,
            resets_at: None,
            upgrade: None,
            ..reached.clone()
        };
        vec![
            ("near", near),
            ("reached", reached),
            ("billed", billed),
            ("allowed", allowed),
            ("never_resets", members),
        ]
    }
}
