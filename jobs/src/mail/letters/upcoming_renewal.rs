//! Announces a renewal some days before it is charged; the law asks for it with yearly plans.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Resend};

/// A renewal is near.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpcomingRenewal {
    /// The plan's name.
    pub plan: String,
    /// When it renews.
    pub renews_at: DateTime<Utc>,
    /// The end of the period that begins then.
    pub period_end: DateTime<Utc>,
    /// What will be charged.
    pub amount: Money,
    /// What will be charged to; none if nothing is on file.
    pub method: Option<Method>,
}

impl Notice for UpcomingRenewal {
    /// It is owed by law before a yearly renewal.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;

    fn good_until(&self) -> Option<DateTime<Utc>> {
        Some(self.renews_at)
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let with_card = Self {
            plan: "Enterprise".to_owned(),
            renews_at: at("2026-03-01T05:00:00Z"),
            period_end: at("2027-03-01T05:00:00Z"),
            amount: usd(199_000),
            method: Some(Method::card("mastercard", "4444")),
        };
        let without = Self { method: None, ..with_card.clone() };
        let covered = Self { amount: usd(0), ..with_card.clone() };
        vec![("with_card", with_card), ("without_method", without), ("by_credit", covered)]
    }
}
