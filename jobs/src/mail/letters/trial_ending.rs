//! Says when a trial ends and what happens then; card rules ask for it before the first charge.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Resend};

/// The trial ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialEnding {
    /// The plan's name.
    pub plan: String,
    /// When the trial ends.
    pub ends_at: DateTime<Utc>,
    /// What happens then.
    pub then: AfterTrial,
}

/// What happens at the end of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AfterTrial {
    /// The first period is charged.
    Charged {
        /// How much.
        amount: Money,
        /// To what.
        method: Method,
    },
    /// The subscription begins, and nothing is to be paid: it is free, or credit covers it.
    Free,
    /// Nothing is on file: the subscription pauses until there is.
    Paused {
        /// What it would cost.
        amount: Money,
    },
    /// Nothing is on file: the subscription ends.
    Ended {
        /// What it would cost.
        amount: Money,
    },
}

impl Notice for TrialEnding {
    /// Card rules ask for it before the first charge.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;

    fn good_until(&self) -> Option<DateTime<Utc>> {
        Some(self.ends_at)
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let charged = Self {
            plan: "Professional".to_owned(),
            ends_at: at("2026-03-08T05:00:00Z"),
            then: AfterTrial::Charged { amount: usd(49_00), method: Method::card("visa", "4242") },
        };
        let paused = Self { then: AfterTrial::Paused { amount: usd(49_00) }, ..charged.clone() };
        let ended = Self { then: AfterTrial::Ended { amount: usd(49_00) }, ..charged.clone() };
        let free = Self { then: AfterTrial::Free, ..charged.clone() };
        vec![("charged", charged), ("free", free), ("paused", paused), ("ended", ended)]
    }
}
