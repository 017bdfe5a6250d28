//! Says that a payment that had failed has gone through after all.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Resend};

/// Dunning ended well. The receipt is a letter of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// The plan's name.
    pub plan: String,
    /// The numbers of the invoices it is about, as printed; almost always one.
    pub invoice_numbers: Vec<String>,
    /// What was paid.
    pub amount: Money,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// With what.
    pub method: Option<Method>,
    /// When the next payment is due, if there is to be one.
    pub renews_at: Option<DateTime<Utc>>,
    /// When the subscription ends because the customer canceled, if they did.
    #[serde(default)]
    pub canceled_for: Option<DateTime<Utc>>,
}

impl Notice for Recovered {
    /// Without it a customer who was dunned keeps a debt in mind that is paid.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let letter = Self {
            plan: "Professional".to_owned(),
            invoice_numbers: vec!["INV-000043".to_owned()],
            amount: usd(49_00),
            paid_at: at("2026-03-06T14:00:02Z"),
            method: Some(Method::card("visa", "0341")),
            renews_at: Some(at("2026-04-01T04:00:00Z")),
            canceled_for: None,
        };
        let bare = Self { method: None, renews_at: None, ..letter.clone() };
        let canceled = Self {
            renews_at: None,
            canceled_for: Some(at("2026-04-01T04:00:00Z")),
            ..letter.clone()
        };
        vec![("by_card", letter), ("bare", bare), ("canceled", canceled)]
    }
}
