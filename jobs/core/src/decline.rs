//! What a decline means: whether the same method may be charged again, when at
//! the earliest, and what the customer is told.
//!
//! The table is `data/decline_codes.json`; a code it does not know is soft. The
//! strictest of the code, the provider's advice and the network's advice wins.

mod table;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::network::Network;

/// The method is no longer at the provider: our code for it, as no issuer was asked.
pub const METHOD_GONE: &str = "payment_method_gone";
/// A bank took a payment back as fraud: our code for it, as no charge was declined.
pub const FRAUD_DISPUTE_LOST: &str = "fraud_dispute_lost";

/// What a customer is told where the truth would help a thief.
pub const GENERIC_DECLINE: &str = "generic_decline";

/// A declined payment, in the provider's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decline {
    /// The decline code: `insufficient_funds`.
    pub code: String,
    /// The card's network.
    pub network: Network,
    /// The network's own advice: on Mastercard, a merchant advice code.
    #[serde(default)]
    pub network_advice_code: Option<String>,
    /// The provider's advice: `try_again_later`.
    #[serde(default)]
    pub advice_code: Option<String>,
}

/// Whether a decline is for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// May pass another time.
    Soft,
    /// Never charge the same method again.
    Hard,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Wait and try the same method.
    RetryLater,
    /// The customer gives another method.
    NewPaymentMethod,
    /// The customer corrects the card's data.
    UpdateCard,
    /// The customer confirms the payment.
    Authenticate,
    /// The customer asks their bank.
    ContactIssuer,
    /// We ask the customer: they withdrew their consent.
    ContactCustomer,
    /// We correct the amount.
    FixInvoice,
    /// We look for a first payment before trying again.
    CheckFirst,
}

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockScope {
    /// The reference alone: the same card, confirmed or corrected under another, may be charged.
    Reference,
    /// The card, under whatever reference it comes again.
    Card,
}

impl BlockScope {
    /// Its word as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Card => "card",
        }
    }
}

impl Action {
    /// What a block holds whose remedy this is.
    #[must_use]
    pub fn block_scope(self) -> BlockScope {
        match self {
            Self::UpdateCard | Self::Authenticate | Self::FixInvoice => BlockScope::Reference,
            Self::RetryLater
            | Self::NewPaymentMethod
            | Self::ContactIssuer
            | Self::ContactCustomer
            | Self::CheckFirst => BlockScope::Card,
        }
    }
}

/// What to do about a decline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// From the decline code alone.
    pub class: Class,
    /// Whether the same method may be charged again.
    pub retry: bool,
    /// The earliest retry, counted from the decline; `None` if `retry` is false.
    #[serde(default, rename = "min_delay_hours", with = "hours")]
    pub min_delay: Option<TimeDelta>,
    /// What helps.
    pub action: Action,
    /// The code to show to a customer.
    pub show_as: String,
    /// The advice that forbids a retry which the code alone would allow. For the record only.
    #[serde(skip)]
    pub forbidden_by: Option<String>,
}

/// All decline codes that the table knows.
pub fn codes() -> impl Iterator<Item = &'static str> {
    table::codes()
}

/// Whether the table knows a decline code.
#[must_use]
pub fn is_known(code: &str) -> bool {
    table::code(code).is_some()
}

impl Decline {
    /// A decline of which only the code is known.
    pub fn new(code: impl Into<String>, network: Network) -> Decline {
        Decline { code: code.into(), network, network_advice_code: None, advice_code: None }
    }

    /// What it means.
    pub fn classify(&self) -> Verdict {
        let code = table::code(&self.code);
        let class = code.map_or(Class::Soft, |code| code.class);
        let advice = self.advice();
        let retry = class == Class::Soft && advice.iter().all(|advice| advice.retry);
        let longest = advice.iter().filter_map(|advice| advice.min_delay_hours).max();
        let min_delay = longest.filter(|_| retry).map(TimeDelta::hours);
        let action = self.action(class, &advice);
        let forbids = advice.iter().find(|advice| class == Class::Soft && !advice.retry);
        let forbidden_by = forbids.map(|advice| format!("advice {}", advice.code));
        Verdict { class, retry, min_delay, action, show_as: self.show_as(), forbidden_by }
    }

    /// The advice that applies: the provider's, and Mastercard's on its own cards.
    fn advice(&self) -> Vec<&'static table::Advice> {
        let provider = self.advice_code.as_deref().and_then(table::provider_advice);
        let network = match self.network {
            Network::Mastercard => self.network_advice_code.as_deref(),
            _ => None,
        };
        provider.into_iter().chain(network.and_then(table::mastercard_advice)).collect()
    }

    /// From whatever forbids the retry, the code first.
    fn action(&self, class: Class, advice: &[&table::Advice]) -> Action {
        let from_code = table::code(&self.code).map_or(Action::RetryLater, |code| code.action);
        match class {
            Class::Hard => from_code,
            Class::Soft => {
                let forbids = advice.iter().find(|advice| !advice.retry);
                forbids.and_then(|advice| advice.action).unwrap_or(from_code)
            }
        }
    }

    /// The code itself, unless the table has another for it or does not know it.
    fn show_as(&self) -> String {
        match table::code(&self.code) {
            Some(listed) => listed.show_as.clone().unwrap_or_else(|| self.code.clone()),
            None => GENERIC_DECLINE.to_owned(),
        }
    }
}

/// A delay as whole hours.
mod hours {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        delay: &Option<TimeDelta>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        delay.map(|delay| delay.num_hours()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<TimeDelta>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.and_then(TimeDelta::try_hours))
    }
}

#[cfg(test)]
mod tests;
