//! Confirms a cancellation that was asked for.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::Resend;

/// The subscription was canceled on request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canceled {
    /// The plan's name.
    pub plan: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// What it does to access.
    pub effect: CancelEffect,
}

/// What a cancellation does to access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CancelEffect {
    /// Access is kept to the end of what was paid; until then it can be undone.
    AtPeriodEnd {
        /// The end.
        ends_at: DateTime<Utc>,
    },
    /// Access is over.
    Now {
        /// Since when.
        ended_at: DateTime<Utc>,
        /// What was credited for unused time, if that was asked for.
        credit: Option<Money>,
    },
}

impl Notice for Canceled {
    /// A customer has a right to this confirmation.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let at_period_end = Self {
            plan: "Professional".to_owned(),
            requested_at: at("2026-03-10T15:30:00Z"),
            effect: CancelEffect::AtPeriodEnd { ends_at: at("2026-04-01T04:00:00Z") },
        };
        let ended_at = at("2026-03-10T15:30:00Z");
        let now =
            Self { effect: CancelEffect::Now { ended_at, credit: None }, ..at_period_end.clone() };
        let credited = Self {
            effect: CancelEffect::Now { ended_at, credit: Some(usd(33_19)) },
            ..at_period_end.clone()
        };
        vec![("at_period_end", at_period_end), ("now", now), ("now_with_credit", credited)]
    }
}
