//! The last word before access ends.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{AccessEnd, Method, Resend, Restriction};

/// Grace ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraceEnding {
    /// The plan's name.
    pub plan: String,
    /// The numbers of the invoices it is about, as printed; almost always one.
    pub invoice_numbers: Vec<String>,
    /// What is owed.
    pub amount_due: Money,
    /// The method that was tried, if any.
    pub method: Option<Method>,
    /// Until when access is kept.
    pub grace_ends_at: DateTime<Utc>,
    /// What happens then.
    pub then: AccessEnd,
    /// Whether it is full access until then.
    #[serde(default)]
    pub restriction: Restriction,
    /// When the subscription ends because the customer canceled, if they did.
    #[serde(default)]
    pub canceled_for: Option<DateTime<Utc>>,
}

impl Notice for GraceEnding {
    /// The first letter of the grace period said the same.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

    fn good_until(&self) -> Option<DateTime<Utc>> {
        Some(self.grace_ends_at)
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let ended = Self {
            plan: "Professional".to_owned(),
            invoice_numbers: vec!["INV-000043".to_owned()],
            amount_due: usd(49_00),
            method: Some(Method::card("visa", "0341")),
            grace_ends_at: at("2026-03-22T04:00:00Z"),
            then: AccessEnd::Ended,
            restriction: Restriction::None,
            canceled_for: None,
        };
        let suspended = Self { then: AccessEnd::Suspended, method: None, ..ended.clone() };
        let moved = Self { then: AccessEnd::MovedTo { plan: "Free".to_owned() }, ..ended.clone() };
        let restricted = Self { restriction: Restriction::Already, ..ended.clone() };
        let canceled = Self { canceled_for: Some(at("2026-04-01T04:00:00Z")), ..ended.clone() };
        let canceled_first =
            Self { canceled_for: Some(at("2026-03-22T04:00:00Z")), ..ended.clone() };
        vec![
            ("then_ended", ended),
            ("then_suspended", suspended),
            ("then_moved", moved),
            ("restricted", restricted),
            ("canceled", canceled),
            ("canceled_for_the_same_day", canceled_first),
        ]
    }
}
