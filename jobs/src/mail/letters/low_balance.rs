//! Warns that a wallet is nearly empty: once each time it falls to its threshold.

use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::Resend;

/// Few prepaid units are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowBalance {
    /// What is prepaid, in the plural: `tokens`.
    pub unit: String,
    /// How many can be used now.
    pub balance: i64,
    /// The letter is written when no more than this are left.
    pub threshold: i64,
    /// What more of them cost, where they are sold.
    pub top_up: Option<TopUp>,
}

/// Units that can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// How many.
    pub amount: i64,
    /// For how much.
    pub price: Money,
}

impl Notice for LowBalance {
    /// The balance is there to be seen; a second warning about it does not help.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::usd;
        let low = Self {
            unit: "tokens".to_owned(),
            balance: 4,
            threshold: 10,
            top_up: Some(TopUp { amount: 1_000, price: usd(25_00) }),
        };
        let empty = Self { balance: 0, ..low.clone() };
        let not_sold = Self { top_up: None, ..low.clone() };
        vec![("low", low), ("empty", empty), ("not_sold", not_sold)]
    }
}
