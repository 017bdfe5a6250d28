//! The last word before access ends.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{AccessEnd, Method, Resend};

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
}

impl Notice for GraceEnding {
    /// The first letter of the grace period said the same.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

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
        };
        let suspended = Self { then: AccessEnd::Suspended, method: None, ..ended.clone() };
        let moved = Self { then: AccessEnd::MovedTo { plan: "Free".to_owned() }, ..ended.clone() };
        vec![("then_ended", ended), ("then_suspended", suspended), ("then_moved", moved)]
    }
}
