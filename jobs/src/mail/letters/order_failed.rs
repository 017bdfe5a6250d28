//! Says that something could not be bought, and that nothing is owed for it.

use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Reason, Resend};

/// An order could not be paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFailed {
    /// What was ordered: `100 tokens`.
    pub what: String,
    /// For how much.
    pub amount: Money,
    /// What was charged last; none where there was nothing to charge.
    pub method: Option<Method>,
    /// Why it failed.
    pub reason: Reason,
}

impl Notice for OrderFailed {
    /// That nothing came is there to be seen.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::usd;
        let declined = Self {
            what: "100 tokens".to_owned(),
            amount: usd(10_00),
            method: Some(Method::card("visa", "0341")),
            reason: Reason::InsufficientFunds,
        };
        let no_method = Self { method: None, reason: Reason::NoMethod, ..declined.clone() };
        vec![("declined", declined), ("no_method", no_method)]
    }
}
