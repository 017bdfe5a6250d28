//! How likely a customer is to leave: a sum of points, each with its reason. Never a black box.
//!
//! | indicator | points | at most |
//! |---|---|---|
//! | failed payments of the last 90 days | 5 each | 15 |
//! | in dunning | 25 | 25 |
//! | use that fell below its own baseline | 1 for each full 5 % | 20 |
//! | downgrades of the last 90 days | 10 | 10 |
//! | a cancellation that is scheduled | 25 | 25 |
//! | a card that expires before the next renewal | 5 | 5 |
//!
//! What each can reach at most adds up to 100.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Fraction;

/// How far back failed payments and downgrades are counted.
pub const LOOK_BACK_DAYS: i32 = 90;

/// What can say that a customer may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indicator {
    /// Payments were declined.
    FailedPayments,
    /// Payment is overdue.
    InDunning,
    /// Less is used than before.
    FallingUse,
    /// They pay less than before.
    Downgrade,
    /// They have said that they leave.
    CancelScheduled,
    /// The next renewal cannot be collected from the card there is.
    CardExpiring,
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Indicator::FailedPayments => "failed_payments",
            Indicator::InDunning => "in_dunning",
            Indicator::FallingUse => "falling_use",
            Indicator::Downgrade => "downgrade",
            Indicator::CancelScheduled => "cancel_scheduled",
            Indicator::CardExpiring => "card_expiring",
        })
    }
}

/// What an indicator adds to the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// Of which indicator.
    pub indicator: Indicator,
    /// Points of one occurrence.
    pub each: u32,
    /// All its occurrences together.
    pub max: u32,
}

/// The weights.
pub const WEIGHTS: [Weight; 6] = [
    Weight { indicator: Indicator::FailedPayments, each: 5, max: 15 },
    Weight { indicator: Indicator::InDunning, each: 25, max: 25 },
    Weight { indicator: Indicator::FallingUse, each: 1, max: 20 },
    Weight { indicator: Indicator::Downgrade, each: 10, max: 10 },
    Weight { indicator: Indicator::CancelScheduled, each: 25, max: 25 },
    Weight { indicator: Indicator::CardExpiring, each: 5, max: 5 },
];

/// The use of a metric in the last closed periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The metric's code.
    pub metric: String,
    /// The last closed period.
    pub last: u64,
    /// The three before, the latest first: their mean is the customer's own baseline.
    pub before: [u64; 3],
}

impl Use {
    /// By which part of the baseline use fell: 0 to 1.
    pub fn fall(&self) -> Fraction {
        let before: i128 = self.before.iter().copied().map(i128::from).sum();
        let last = 3 * i128::from(self.last);
        if last >= before {
            return Fraction::from_integer(0);
        }
        Fraction::new(before - last, before)
    }
}

/// A card and the renewal it does not live to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardExpiry {
    /// The card is good until then.
    pub expires_at: DateTime<Utc>,
    /// The next renewal.
    pub renews_at: DateTime<Utc>,
}

/// What is known of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signals {
    /// Declined payments of the last [`LOOK_BACK_DAYS`].
    pub failed_payments: u32,
    /// When the last of them was declined.
    pub last_failed_at: Option<DateTime<Utc>>,
    /// Since when a payment is overdue.
    pub in_dunning_since: Option<DateTime<Utc>>,
    /// Metrics with enough closed periods to compare.
    pub usage: Vec<Use>,
    /// Contractions of the last [`LOOK_BACK_DAYS`].
    pub downgrades: u32,
    /// When the last of them was.
    pub last_downgrade_at: Option<DateTime<Utc>>,
    /// When a subscription ends that was canceled.
    pub ends_at: Option<DateTime<Utc>>,
    /// The card that is charged first, if it expires before the next renewal.
    pub card: Option<CardExpiry>,
}

/// The figures that points follow from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Facts {
    /// Use fell.
    Fell(Use),
    /// A card expires.
    Expires(CardExpiry),
    /// Something happened so many times.
    Happened {
        /// How many times.
        times: u32,
        /// When for the last time.
        last_at: Option<DateTime<Utc>>,
    },
    /// Something is the case since then.
    Since {
        /// When it began.
        since: DateTime<Utc>,
    },
    /// Something ends then.
    Ends {
        /// When it ends.
        ends_at: DateTime<Utc>,
    },
}

/// One reason, with its points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was found.
    pub indicator: Indicator,
    /// What it adds to the score; above zero.
    pub points: u32,
    /// Why.
    pub facts: Facts,
}

/// The score and all it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// 0 to 100: the sum of the reasons' points.
    pub score: u32,
    /// The reasons, in the order of [`WEIGHTS`].
    pub reasons: Vec<Reason>,
}

/// What the signals come to.
pub fn assess(signals: &Signals) -> Risk {
    let found = WEIGHTS.iter().filter_map(|weight| {
        let (occurrences, facts) = evidence(weight.indicator, signals)?;
        let points = occurrences.saturating_mul(weight.each).min(weight.max);
        (points > 0).then_some(Reason { indicator: weight.indicator, points, facts })
    });
    let reasons: Vec<Reason> = found.collect();
    Risk { score: reasons.iter().map(|reason| reason.points).sum(), reasons }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |at: &DateTime<Utc>| at.format("%Y-%m-%d").to_string();
        match self {
            Facts::Fell(Use { metric, last, before: [one, two, three] }) => {
                write!(
                    f,
                    "{metric}: {last} in the last closed period, after {three}, {two} and {one}"
                )
            }
            Facts::Expires(CardExpiry { expires_at, renews_at }) => {
                write!(f, "good until {}, renewal on {}", day(expires_at), day(renews_at))
            }
            Facts::Happened { times, last_at: Some(last_at) } => {
                write!(f, "{times} in {LOOK_BACK_DAYS} days, the last on {}", day(last_at))
            }
            Facts::Happened { times, last_at: None } => {
                write!(f, "{times} in {LOOK_BACK_DAYS} days")
            }
            Facts::Since { since } => write!(f, "since {}", day(since)),
            Facts::Ends { ends_at } => write!(f, "ends on {}", day(ends_at)),
        }
    }
}

/// How often an indicator occurs, and its facts.
fn evidence(indicator: Indicator, signals: &Signals) -> Option<(u32, Facts)> {
    match indicator {
        Indicator::FailedPayments => happened(signals.failed_payments, signals.last_failed_at),
        Indicator::Downgrade => happened(signals.downgrades, signals.last_downgrade_at),
        Indicator::InDunning => signals.in_dunning_since.map(|since| (1, Facts::Since { since })),
        Indicator::CancelScheduled => signals.ends_at.map(|ends_at| (1, Facts::Ends { ends_at })),
        Indicator::CardExpiring => signals.card.clone().map(|card| (1, Facts::Expires(card))),
        Indicator::FallingUse => {
            // The metric that fell most; of equals the first by name, so that the reason is the same
            // whatever the order they come in.
            let most = signals.usage.iter().max_by(|one, other| {
                one.fall().cmp(&other.fall()).then_with(|| other.metric.cmp(&one.metric))
            })?;
            Some((twentieths(most.fall()), Facts::Fell(most.clone())))
        }
    }
}

fn happened(times: u32, last_at: Option<DateTime<Utc>>) -> Option<(u32, Facts)> {
    Some((times, Facts::Happened { times, last_at }))
}

/// Full steps of 5 %, of a part from 0 to 1.
fn twentieths(part: Fraction) -> u32 {
    let steps = (part * Fraction::from_integer(20)).to_integer();
    u32::try_from(steps).unwrap_or(0)
}

#[cfg(test)]
mod tests;
