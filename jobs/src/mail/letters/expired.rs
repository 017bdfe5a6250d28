//! Says that access has ended, is suspended, or goes on with another plan.

use chrono::{DateTime, Utc};
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
        /// The invoice's number, as printed.
        invoice_number: String,
        /// What is owed.
        amount_due: Money,
    },
    /// It had been canceled, and what was paid for is over.
    CanceledEarlier,
    /// The trial ended without a payment method.
    TrialOver,
}

impl Notice for Expired {
    /// It changes what the customer has: rather twice than not at all.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;
}
