//! Card networks and how often they let a declined card be tried again.

mod budget;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use budget::{BudgetSpent, budget, budget_keeping, budgets};

/// Whose rules a payment method is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Network {
    /// Visa.
    Visa,
    /// Mastercard, the only one whose merchant advice codes we follow.
    Mastercard,
    /// American Express.
    Amex,
    /// Discover.
    Discover,
    /// A US bank account, debited by ACH.
    UsBankAccount,
    /// Any other: treated like Visa.
    Other,
}

impl Network {
    /// The words that name a network; those without rules of their own are [`Self::Other`].
    pub const NAMES: &'static [&'static str] = &[
        "visa",
        "mastercard",
        "amex",
        "american_express",
        "discover",
        "diners",
        "jcb",
        "unionpay",
        "us_bank_account",
        "ach",
        "other",
    ];

    /// Reads the provider's word for it; every text is some network.
    pub fn parse(name: &str) -> Network {
        match name.to_ascii_lowercase().as_str() {
            "visa" => Network::Visa,
            "mastercard" => Network::Mastercard,
            "amex" | "american_express" => Network::Amex,
            "discover" => Network::Discover,
            "us_bank_account" | "ach" => Network::UsBankAccount,
            _ => Network::Other,
        }
    }

    /// Its name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Network::Visa => "visa",
            Network::Mastercard => "mastercard",
            Network::Amex => "amex",
            Network::Discover => "discover",
            Network::UsBankAccount => "us_bank_account",
            Network::Other => "other",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Network, D::Error> {
        Ok(Network::parse(&std::borrow::Cow::<str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests;
