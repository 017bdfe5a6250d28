//! The payment port: what the lifecycle asks of a payment provider, and what it can hear back.
//!
//! The protocol (RELIABILITY: one intent per invoice, for its whole life) is `prepare` (moves no
//! money) → the reference is persisted → `execute`. Every retry executes the same reference.
//! Business results are values, never errors; a provider never sleeps and never retries, except
//! for one immediate re-dial when nothing was sent. `Unknown` is only ever resolved by `inquire`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use perennial_core::ids::{CustomerId, InvoiceId};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

/// The longest key that a provider takes.
const KEY_BYTES_MAX: usize = 255;

/// The deterministic name of one operation at the provider, at most 255 characters, without
/// personal data. The same key always goes with the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpKey(String);

impl OpKey {
    /// The key of creating the one intent of an invoice.
    #[must_use]
    pub fn prepare(invoice: InvoiceId) -> Self {
        Self(format!("perennial-prepare-{invoice}"))
    }

    /// The key that follows on this one, for the `generation`-th time (from 2): where the provider
    /// remembers a fault under the one before, and certainly did nothing.
    #[must_use]
    pub fn following(&self, generation: u32) -> Self {
        Self(format!("{}-again-{generation}", self.0))
    }

    /// The key of attempt number `attempt` on an invoice.
    #[must_use]
    pub fn execute(invoice: InvoiceId, attempt: i32) -> Self {
        Self(format!("perennial-execute-{invoice}-{attempt}"))
    }

    /// The name of what was found at the provider for an invoice: no call is made with it.
    #[must_use]
    pub fn found(invoice: InvoiceId) -> Self {
        Self(format!("perennial-found-{invoice}"))
    }

    /// The key of cancelling the intent of an invoice.
    #[must_use]
    pub fn cancel(invoice: InvoiceId) -> Self {
        Self(format!("perennial-cancel-{invoice}"))
    }

    /// The key of creating a customer at the provider. It covers the request, so that a corrected
    /// one is another (`occasion` is the caller's), and gives none of its personal data away.
    #[must_use]
    pub fn customer(profile: &CustomerProfile, occasion: &str) -> Self {
        let CustomerProfile { customer, email, name } = profile;
        let request = format!("{email}\n{name}\n{occasion}");
        let request = uuid::Uuid::new_v5(&customer.0, request.as_bytes()).simple();
        Self(format!("perennial-customer-{customer}-{request}"))
    }

    /// The key of deleting a customer at the provider.
    #[must_use]
    pub fn discard(reference: &str) -> Self {
        Self::cut(format!("perennial-discard-{reference}"))
    }

    /// The key of attaching a method, named by whoever asks (`occasion` is unique per wish).
    #[must_use]
    pub fn attach(customer: CustomerId, occasion: &str) -> Self {
        Self::cut(format!("perennial-attach-{customer}-{occasion}"))
    }

    /// At most as many characters as the provider takes.
    fn cut(mut key: String) -> Self {
        key.truncate(key.floor_char_boundary(255));
        Self(key)
    }

    /// The key of an attempt as it was recorded with it, which goes out unchanged.
    #[must_use]
    pub fn recorded(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// The key of the same operation in the database with this tag: two databases on one account
    /// never share a key, even where their ids are the same.
    #[must_use]
    pub fn within(&self, installation: &str) -> Self {
        let room = KEY_BYTES_MAX.saturating_sub(installation.len() + 1);
        let operation = &self.0[..self.0.floor_char_boundary(room)];
        Self(format!("{operation}@{installation}"))
    }

    /// The key as the provider sees it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a customer looks like to the provider. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomerProfile {
    /// Our id, sent as metadata.
    pub customer: CustomerId,
    /// Where receipts go.
    pub email: String,
    /// The display name, cleaned of control characters.
    pub name: String,
}

/// A card or account as the provider describes it once attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedMethod {
    /// The provider's id (`pm_…`).
    pub reference: String,
    /// `card`, `us_bank_account`, …
    pub kind: String,
    /// The card network, lower case (`visa`, `mastercard`, …).
    pub network: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// Month (1–12) and year in which a card expires.
    pub expires: Option<(u32, i32)>,
    /// The provider's name for the card itself: the same under whatever reference it comes.
    pub fingerprint: Option<String>,
}

/// The stored snapshot of an intent: a resend is byte-identical because it is rebuilt from this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentRequest {
    /// The invoice to be paid, sent as `metadata[invoice]`.
    pub invoice: InvoiceId,
    /// The customer at the provider (`cus_…`).
    pub customer: String,
    /// What is owed, in our minor units; mapping to the provider's units is the provider's.
    pub amount: Money,
}

/// What one call told us beside its value: for the record of the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CallTrace {
    /// HTTP status, when an answer came.
    pub http_status: Option<u16>,
    /// The provider's name for the request (`Request-Id`).
    pub request_id: Option<String>,
    /// The provider replayed an earlier answer (`Idempotent-Replayed`).
    pub replayed: bool,
    /// The provider's own advice whether to retry (`Stripe-Should-Retry`).
    pub should_retry: Option<bool>,
    /// Why we were slowed down (`Stripe-Rate-Limited-Reason`).
    pub rate_limited_reason: Option<String>,
}

/// A value and the trace of the call that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<T> {
    /// What was learned.
    pub value: T,
    /// How it was learned.
    pub trace: CallTrace,
}

/// Why an operation gave no value. Never a decline: that is a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoAnswer {
    /// Nothing was done at the provider: the same key can be sent again after the delay.
    #[error("not sent: {reason}")]
    NotSent {
        /// How long the provider asked us to wait, or our own guess.
        retry_after: Option<Duration>,
        /// What stood in the way.
        reason: String,
    },
    /// The provider does not let us in: the key, a permission, the account. It is no decline, and no
    /// single request's fault (rule X7).
    #[error("denied by the provider: {reason}")]
    Denied {
        /// What the provider said, free of secrets.
        reason: String,
    },
    /// The provider knows no such object: it was deleted, or it is another account's.
    #[error("the provider knows no such {object}: {reason}")]
    Missing {
        /// What the request named.
        object: Object,
        /// The message, free of secrets.
        reason: String,
    },
    /// The provider refuses the request as such: our bug. Retrying cannot help.
    #[error("rejected by the provider: {reason}")]
    Rejected {
        /// The provider's machine-readable code.
        code: Option<String>,
        /// The offending parameter, if named.
        param: Option<String>,
        /// The message, free of secrets.
        reason: String,
    },
    /// It may or may not have happened. Only an inquiry can tell.
    #[error("outcome unknown: {reason}")]
    Unknown {
        /// Where it broke: timeout, reset, HTTP 5xx, undecodable body.
        reason: String,
    },
}

/// What a request names at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A customer.
    Customer,
    /// A payment method.
    Method,
    /// An intent.
    Intent,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Customer => "customer",
            Self::Method => "payment method",
            Self::Intent => "intent",
        })
    }
}

/// Why a charge was refused by the issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// The provider's decline code (`insufficient_funds`, …), never shown raw to a customer.
    pub code: String,
    /// The network of the card that was charged, lower case.
    pub network: Option<String>,
    /// The network's own decline code.
    pub network_decline_code: Option<String>,
    /// Mastercard's merchant advice code.
    pub network_advice_code: Option<String>,
    /// The provider's advice code (`do_not_try_again`, …).
    pub advice_code: Option<String>,
}

/// What became of an attempt to collect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The money was captured.
    Succeeded {
        /// The provider's charge (`ch_…`).
        charge: Option<String>,
        /// What was captured, in our minor units.
        amount: Money,
    },
    /// Settlement takes its time (bank debits); ask again later.
    Processing,
    /// The customer has to act (strong authentication).
    RequiresAction {
        /// Where the customer can act, if the provider offers a page.
        url: Option<String>,
    },
    /// The issuer said no.
    Declined {
        /// The refusal.
        decline: Decline,
        /// The failed charge (`ch_…`).
        charge: Option<String>,
    },
    /// The intent was cancelled at the provider and can never be charged.
    Canceled,
}

/// What the provider says about a reference when asked. Authoritative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// No confirmation ever reached the provider: executing is safe.
    NeverExecuted {
        /// The intent, unconfirmed.
        reference: String,
    },
    /// The latest execution ended like this. `charge` tells two attempts apart.
    Executed {
        /// The intent.
        reference: String,
        /// Its outcome.
        outcome: Outcome,
        /// The latest charge (`ch_…`), failed or not.
        charge: Option<String>,
    },
    /// The provider knows nothing of it.
    Missing,
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// A reference that we have persisted.
    Reference(String),
    /// The reference was lost: look through the customer's intents for `metadata[invoice]`.
    Lost {
        /// The customer at the provider.
        customer: String,
        /// The invoice the intent was created for.
        invoice: InvoiceId,
    },
}

/// An intent as a list of the provider's shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The intent.
    pub reference: String,
    /// The invoice it was created for.
    pub invoice: InvoiceId,
    /// What it has come to.
    pub observation: Observation,
}

/// A page of a list of intents, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The intents that an invoice is named for.
    pub intents: Vec<Listed>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<String>,
}

/// What a provider can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How long the provider remembers an operation key, with a margin. After that: only inquire.
    pub key_ttl: Duration,
}

/// One way of getting an answer.
pub type Call<'a, T> = BoxFuture<'a, Result<Reply<T>, (NoAnswer, CallTrace)>>;

/// A payment provider. All calls have a deadline of the provider's own.
pub trait PaymentProvider: Send + Sync + 'static {
    /// `stripe`, …: the durable name stored beside each reference.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Creates the customer, or finds the one created under this key. Answers with its id.
    fn ensure_customer<'a>(
        &'a self,
        profile: &'a CustomerProfile,
        key: &'a OpKey,
    ) -> Call<'a, String>;

    /// Deletes a customer whom nothing was made for. One that is gone already is done.
    fn discard_customer<'a>(&'a self, reference: &'a str, key: &'a OpKey) -> Call<'a, ()>;

    /// Attaches a method to the customer. A card that cannot be attached is `Rejected`.
    fn attach_method<'a>(
        &'a self,
        customer: &'a str,
        method: &'a str,
        key: &'a OpKey,
    ) -> Call<'a, AttachedMethod>;

    /// Creates the intent, unconfirmed. Moves no money. Answers with its id.
    fn prepare<'a>(&'a self, intent: &'a IntentRequest, key: &'a OpKey) -> Call<'a, String>;

    /// Confirms the intent off-session with a method. An intent that has already succeeded
    /// answers `Succeeded`.
    fn execute<'a>(
        &'a self,
        reference: &'a str,
        method: &'a str,
        key: &'a OpKey,
    ) -> Call<'a, Outcome>;

    /// Reads, moves nothing. The only way out of `Unknown`.
    fn inquire<'a>(&'a self, inquiry: &'a Inquiry) -> Call<'a, Observation>;

    /// Lists intents created at or after `since`, the newest first; `after` is where the page
    /// before said that this one begins.
    fn list<'a>(&'a self, since: DateTime<Utc>, after: Option<&'a str>) -> Call<'a, Page>;

    /// Cancels an intent that will never be collected. One that has already succeeded answers
    /// `Succeeded`.
    fn cancel<'a>(&'a self, reference: &'a str, key: &'a OpKey) -> Call<'a, Outcome>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_customer_covers_the_request_and_tells_nothing_of_it() {
        let profile = |name: &str| CustomerProfile {
            customer: CustomerId::derived("ada"),
            email: "ada@customers.example".to_owned(),
            name: name.to_owned(),
        };
        let key = OpKey::customer(&profile("Ada"), "signup-pm_1");
        assert_eq!(key, OpKey::customer(&profile("Ada"), "signup-pm_1"));
        assert_ne!(key, OpKey::customer(&profile("Ada Lovelace"), "signup-pm_1"));
        assert_ne!(key, OpKey::customer(&profile("Ada"), "signup-pm_2"));
        assert!(!key.as_str().contains('@') && !key.as_str().contains("Ada"), "{key:?}");
    }

    #[test]
    fn a_key_is_as_long_as_the_provider_takes_it_whatever_the_occasion() {
        let key = OpKey::attach(CustomerId::derived("ada"), &"ü".repeat(200));
        assert!(key.as_str().len() <= 255);
    }
}
