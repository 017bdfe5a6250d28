//! Facts that more than one letter states.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What to do with a letter of which nobody knows whether the server took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// Send it again with the same Message-ID: a second copy is better than none (receipts, and
    /// what the law or the card rules ask for).
    Yes,
    /// Leave it: a repeated warning does more harm than a missing one.
    No,
}

/// Letters that a customer can mute together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Warnings about usage.
    UsageWarning,
}

impl Stream {
    /// Its name as stored: `usage_warning`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UsageWarning => "usage_warning",
        }
    }
}

/// The time that was paid for, `[start, end)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

/// A card or account as its owner recognizes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// `card`, `us_bank_account`, …: the provider's word.
    pub kind: String,
    /// The card network, lower case (`visa`).
    #[serde(default)]
    pub network: Option<String>,
    /// The last four digits.
    #[serde(default)]
    pub last4: Option<String>,
}

impl Method {
    /// A card of a network.
    #[must_use]
    pub fn card(network: &str, last4: &str) -> Self {
        Self {
            kind: "card".to_owned(),
            network: Some(network.to_owned()),
            last4: Some(last4.to_owned()),
        }
    }

    /// How a sentence names it, after “your”: `Visa ending in 4242`.
    #[must_use]
    pub fn words(&self) -> String {
        let what = self.network.as_deref().and_then(network_name).unwrap_or(self.noun());
        match self.last4.as_deref() {
            Some(last4) if last4.len() == 4 && last4.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{what} ending in\u{a0}{last4}")
            }
            _ => what.to_owned(),
        }
    }

    /// `card` or `bank account`.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self.kind.as_str() {
            "card" => "card",
            kind if kind.contains("bank") || kind.contains("debit") => "bank account",
            _ => "payment method",
        }
    }
}

/// The name a network prints on its cards. A network we do not know is just “card”.
fn network_name(network: &str) -> Option<&'static str> {
    Some(match network {
        "visa" => "Visa",
        "mastercard" => "Mastercard",
        "amex" | "american_express" => "American Express",
        "discover" => "Discover",
        "diners" | "diners_club" => "Diners Club",
        "jcb" => "JCB",
        "unionpay" => "UnionPay",
        "cartes_bancaires" => "Cartes Bancaires",
        "eftpos_au" => "eftpos",
        "interac" => "Interac",
        _ => return None,
    })
}

/// Why a payment failed, in the few words a customer may be told. Never a raw decline code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not enough money or credit.
    InsufficientFunds,
    /// The card has expired.
    CardExpired,
    /// Number, expiry date or security code are wrong or out of date.
    CardDetails,
    /// A limit of the card was reached.
    LimitReached,
    /// The card cannot be used for this kind of payment or currency.
    NotSupported,
    /// The customer must confirm the payment with the bank.
    AuthenticationRequired,
    /// The customer told the bank to stop payments to us.
    Stopped,
    /// A passing fault at the bank or on the way to it.
    Temporary,
    /// There is no card to charge.
    NoMethod,
    /// Anything else, and everything that must not be said (lost, stolen, suspected fraud).
    Generic,
}

impl Reason {
    /// The reason that stands for a provider's decline code. Whatever is unknown, or hints at
    /// loss, theft or suspicion, is [`Reason::Generic`].
    #[must_use]
    pub fn from_decline_code(code: &str) -> Self {
        match code {
            "insufficient_funds" => Self::InsufficientFunds,
            "expired_card" => Self::CardExpired,
            "incorrect_number"
            | "invalid_number"
            | "incorrect_cvc"
            | "invalid_cvc"
            | "incorrect_zip"
            | "invalid_expiry_month"
            | "invalid_expiry_year"
            | "invalid_account"
            | "new_account_information_available" => Self::CardDetails,
            "card_velocity_exceeded" | "withdrawal_count_limit_exceeded" => Self::LimitReached,
            "card_not_supported" | "currency_not_supported" | "service_not_allowed" => {
                Self::NotSupported
            }
            "authentication_required" => Self::AuthenticationRequired,
            "stop_payment_order"
            | "revocation_of_authorization"
            | "revocation_of_all_authorizations" => Self::Stopped,
            "processing_error"
            | "issuer_not_available"
            | "reenter_transaction"
            | "try_again_later" => Self::Temporary,
            _ => Self::Generic,
        }
    }

    /// The reason as a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "Your bank reported insufficient funds.",
            Self::CardExpired => "The card has expired.",
            Self::CardDetails => "The card details we have are wrong or out of date.",
            Self::LimitReached => "The card has reached a limit set by your bank.",
            Self::NotSupported => "The card does not support this kind of payment.",
            Self::AuthenticationRequired => "Your bank asks you to confirm this payment yourself.",
            Self::Stopped => "Your bank told us that payments to us have been stopped.",
            Self::Temporary => "Your bank could not process the payment at that moment.",
            Self::NoMethod => "We have no payment method for you on file.",
            Self::Generic => "Your bank declined the payment.",
        }
    }
}

/// Whether access is kept in full until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Restriction {
    /// It is.
    #[default]
    None,
    /// It is restricted from an instant on.
    From {
        /// The instant.
        at: DateTime<Utc>,
    },
    /// It is restricted already.
    Already,
}

/// How access ends when an invoice stays unpaid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AccessEnd {
    /// The subscription is over.
    Ended,
    /// It waits, without access, until the invoice is paid.
    Suspended,
    /// It goes on with another plan.
    MovedTo {
        /// The other plan's name.
        plan: String,
    },
}

impl AccessEnd {
    /// What happens, as the end of a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Ended => "your subscription and your access end".to_owned(),
            Self::Suspended => "your access is suspended until it is".to_owned(),
            Self::MovedTo { plan } => format!("you move to the {plan} plan"),
        }
    }
}
