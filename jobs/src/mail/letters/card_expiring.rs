//! Says that the card on file expires before the next renewal (D6).

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Resend};

/// The card expires before the next renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardExpiring {
    /// The plan's name.
    pub plan: String,
    /// The card.
    pub method: Method,
    /// The last month in which it can be charged (1–12).
    pub expires_month: u32,
    /// The year of that month.
    pub expires_year: i32,
    /// When the plan renews.
    pub renews_at: DateTime<Utc>,
    /// What will be charged then.
    pub amount: Money,
}

impl Notice for CardExpiring {
    /// The failed renewal would write too.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

    fn good_until(&self) -> Option<DateTime<Utc>> {
        Some(self.renews_at)
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let letter = Self {
            plan: "Professional".to_owned(),
            method: Method::card("amex", "0005"),
            expires_month: 2,
            expires_year: 2026,
            renews_at: at("2026-03-01T05:00:00Z"),
            amount: usd(49_000),
        };
        vec![("card", letter)]
    }
}
