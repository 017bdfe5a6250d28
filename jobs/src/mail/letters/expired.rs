//! Says that access has ended, is suspended, or goes on with another plan.

use chrono::{DateTime, Utc};
use perennial_core::calendar::Interval;
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{AccessEnd, Resend};

/// Access has changed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// The name of the plan that ended.
    pub plan: String,
    /// When.
    pub ended_at: DateTime<Utc>,
    /// Why.
    pub why: WhyEnded,
    /// What became of access.
    pub now: AccessEnd,
}

/// Why access ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WhyEnded {
    /// An invoice stayed unpaid.
    Unpaid {
        /// The numbers of the invoices it is about, as printed; almost always one.
        invoice_numbers: Vec<String>,
        /// What is owed.
        amount_due: Money,
        /// Of a suspended subscription: paid after this, a new period begins and is charged.
        #[serde(default)]
        period_ends_at: Option<DateTime<Utc>>,
    },
    /// It could not be billed, through no fault of the customer's.
    NotBilled,
    /// The first payment never came: nothing began, and nothing is owed.
    NeverPaid,
    /// It had been canceled, and what was paid for is over.
    CanceledEarlier,
    /// The trial ended without a payment method.
    TrialOver {
        /// What the subscription costs.
        #[serde(default)]
        price: Option<Money>,
        /// How often.
        #[serde(default)]
        interval: Option<Interval>,
    },
}

impl Notice for Expired {
    /// It changes what the customer has: rather twice than not at all.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let unpaid = Self {
            plan: "Professional".to_owned(),
            ended_at: at("2026-03-22T04:00:00Z"),
            why: WhyEnded::Unpaid {
                invoice_numbers: vec!["INV-000043".to_owned()],
                amount_due: usd(49_00),
                period_ends_at: None,
            },
            now: AccessEnd::Ended,
        };
        let suspended = Self {
            why: WhyEnded::Unpaid {
                invoice_numbers: vec!["INV-000043".to_owned()],
                amount_due: usd(49_00),
                period_ends_at: Some(at("2026-04-01T04:00:00Z")),
            },
            now: AccessEnd::Suspended,
            ..unpaid.clone()
        };
        let not_billed = Self { why: WhyEnded::NotBilled, ..suspended.clone() };
        let never = Self { why: WhyEnded::NeverPaid, ..unpaid.clone() };
        let moved = Self { now: AccessEnd::MovedTo { plan: "Free".to_owned() }, ..unpaid.clone() };
        let canceled = Self { why: WhyEnded::CanceledEarlier, ..unpaid.clone() };
        let over = WhyEnded::TrialOver { price: Some(usd(49_00)), interval: Some(Interval::MONTH) };
        let paused = Self { why: over.clone(), ..suspended.clone() };
        let trial = Self { why: over, ..unpaid.clone() };
        vec![
            ("unpaid", unpaid),
            ("suspended", suspended),
            ("moved", moved),
            ("canceled_earlier", canceled),
            ("not_billed", not_billed),
            ("never_paid", never),
            ("trial_paused", paused),
            ("trial_over", trial),
        ]
    }
}
