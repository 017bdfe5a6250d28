//! What an error answer of Stripe's means.
//!
//! The error object is read field by field rather than as one of Stripe's types: a decline is a
//! decline even when the intent inside it has a shape we do not know yet.
//!
//! Must never let the provider's words through uncleaned: they can quote keys and addresses.

use std::time::Duration;

use hyper::StatusCode;
use perennial_core::decline::METHOD_GONE;
use perennial_core::quote::quoted;
use perennial_jobs::payments::{Decline, NoAnswer, Object};
use serde_json::Value;

use crate::answer::{Answer, Head};

/// Another request holds the object or the key: it is gone in a moment.
const LOCKED: Duration = Duration::from_secs(1);
/// Too many at once.
const TOO_CONCURRENT: Duration = Duration::from_secs(5);
/// Too many per second.
const TOO_FAST: Duration = Duration::from_secs(2);
/// Too many on this one object, where some limits are counted by the hour.
const RESOURCE_LIMIT: Duration = Duration::from_secs(60);
/// The provider says that retrying is of no use, though nothing was done.
const DISCOURAGED: Duration = Duration::from_secs(60);
/// Codes that speak of the account or the key under another status than 401 and 403.
const ACCOUNT_TROUBLE: [&str; 8] = [
    "account_invalid",
    "api_key_expired",
    "livemode_mismatch",
    "platform_account_required",
    "platform_api_key_expired",
    "secret_key_required",
    "testmode_charges_only",
    "tls_version_unsupported",
];
/// The longest word of the provider's that names something.
const WORD_CHARS_MAX: usize = 100;

/// An answer that is not a 2xx.
#[derive(Debug)]
pub(crate) struct Refusal {
    head: Head,
    /// The `error` object, when the answer has one.
    error: Option<Value>,
}

impl Refusal {
    pub(crate) fn read(answer: &Answer) -> Self {
        let body = serde_json::from_slice::<Value>(&answer.body).ok();
        let error = body.and_then(|mut body| body.get_mut("error").map(Value::take));
        Self { head: answer.head.clone(), error: error.filter(Value::is_object) }
    }

    /// The provider's code, or the kind of error where it names none.
    pub(crate) fn code(&self) -> Option<&str> {
        self.word("/code").or_else(|| self.word("/type"))
    }

    /// The operation does not fit the intent's state.
    pub(crate) fn is_unexpected_state(&self) -> bool {
        self.head.status == StatusCode::BAD_REQUEST
            && self.code() == Some("payment_intent_unexpected_state")
    }

    /// The provider knows no such object.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.head.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND)
            && self.code() == Some("resource_missing")
    }

    /// The issuer's refusal, when this is one, and the failed charge.
    pub(crate) fn decline(&self) -> Option<(Decline, Option<String>)> {
        self.error.as_ref().filter(|_| self.head.status == StatusCode::PAYMENT_REQUIRED)?;
        let owned = |pointer| self.word(pointer).map(str::to_owned);
        let decline = Decline {
            code: self
                .word("/decline_code")
                .or_else(|| self.code())
                .unwrap_or("generic_decline")
                .to_owned(),
            network: self.network(),
            network_decline_code: owned("/network_decline_code"),
            network_advice_code: owned("/network_advice_code"),
            advice_code: owned("/advice_code"),
        };
        let charge = [
            "/charge",
            "/charge/id",
            "/payment_intent/latest_charge",
            "/payment_intent/latest_charge/id",
        ];
        Some((decline, charge.into_iter().find_map(owned)))
    }

    fn network(&self) -> Option<String> {
        let brands = [
            "/payment_method/card/brand",
            "/payment_intent/last_payment_error/payment_method/card/brand",
            "/payment_intent/payment_method/card/brand",
        ];
        brands.into_iter().find_map(|pointer| self.word(pointer)).map(str::to_ascii_lowercase)
    }

    /// What a refusal means where it has no meaning as a value.
    pub(crate) fn no_answer(&self) -> NoAnswer {
        match (self.head.status.as_u16(), self.code()) {
            (429, _) => self.not_sent(self.limit_delay()),
            (401 | 403, _) => self.denied(),
            (400..=499, Some(code)) if ACCOUNT_TROUBLE.contains(&code) => self.denied(),
            (409, Some("idempotency_key_in_use" | "lock_timeout")) => {
                self.not_sent(self.patience(LOCKED))
            }
            // Nothing was done, says the provider, and the same request may go through later.
            (400 | 404..=499, Some(_)) if self.head.trace.should_retry == Some(true) => {
                self.not_sent(self.patience(TOO_FAST))
            }
            // A conflict or a broken dependency, with nothing said about what was done.
            (408 | 409 | 424, _) => self.unknown(),
            (400..=499, Some(_)) => self.missing().unwrap_or_else(|| self.rejected()),
            _ => self.unknown(),
        }
    }

    fn limit_delay(&self) -> Duration {
        let reason = self.head.trace.rate_limited_reason.as_deref();
        let usual = match (self.code(), reason) {
            (Some("lock_timeout"), _) => LOCKED,
            (_, Some("resource-specific")) => RESOURCE_LIMIT,
            (_, Some(reason)) if reason.ends_with("concurrency") => TOO_CONCURRENT,
            _ => TOO_FAST,
        };
        self.patience(usual)
    }

    /// The provider's own delay where it names one, and a longer one where it warns us off.
    fn patience(&self, usual: Duration) -> Duration {
        let delay = self.head.retry_after.unwrap_or(usual);
        if self.head.trace.should_retry == Some(false) { delay.max(DISCOURAGED) } else { delay }
    }

    fn not_sent(&self, delay: Duration) -> NoAnswer {
        NoAnswer::NotSent { retry_after: Some(delay), reason: self.summary() }
    }

    fn unknown(&self) -> NoAnswer {
        let hint =
            if self.error.is_none() { ", without an error object of the provider's" } else { "" };
        NoAnswer::Unknown { reason: format!("{}{hint}", self.summary()) }
    }

    /// The key, a permission or the account: every other request would be refused as well.
    fn denied(&self) -> NoAnswer {
        NoAnswer::Denied { reason: self.words() }
    }

    fn missing(&self) -> Option<NoAnswer> {
        let object = match self.text("/param").filter(|_| self.is_missing())? {
            "customer" => Object::Customer,
            "payment_method" => Object::Method,
            "intent" | "payment_intent" => Object::Intent,
            _ => return None,
        };
        Some(NoAnswer::Missing { object, reason: self.words() })
    }

    /// The method cannot be charged, says the provider, which asked no issuer.
    pub(crate) fn method_decline(&self) -> Option<Decline> {
        let code = self.code().unwrap_or_default();
        let about_the_method = matches!(self.head.status.as_u16(), 400 | 404)
            && (self.text("/param") == Some("payment_method")
                || code.starts_with("payment_method_"));
        about_the_method.then(|| Decline {
            code: METHOD_GONE.to_owned(),
            network: None,
            network_decline_code: None,
            network_advice_code: None,
            advice_code: None,
        })
    }

    fn words(&self) -> String {
        self.text("/message").map_or_else(|| self.summary(), clean)
    }

    fn rejected(&self) -> NoAnswer {
        NoAnswer::Rejected {
            code: self.word("/decline_code").or_else(|| self.code()).map(str::to_owned),
            param: self.word("/param").map(str::to_owned),
            reason: self.words(),
        }
    }

    /// Status and code, none of the provider's words.
    fn summary(&self) -> String {
        let status = self.head.status.as_u16();
        match (self.code(), self.head.trace.rate_limited_reason.as_deref()) {
            (Some(code), Some(reason)) => format!("HTTP {status}, {code}, {reason}"),
            (Some(word), None) | (None, Some(word)) => format!("HTTP {status}, {word}"),
            (None, None) => format!("HTTP {status}"),
        }
    }

    /// A name of the provider's: a code, an id, a parameter. Anything else in its place is none.
    fn word(&self, pointer: &str) -> Option<&str> {
        let is_word = |text: &&str| {
            text.len() <= WORD_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic())
        };
        self.text(pointer).filter(is_word)
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.error.as_ref()?.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }
}

/// The provider's words without what looks like a key, a client secret or an address, and without
/// what a terminal would obey; at most as many as a message of ours repeats.
fn clean(message: &str) -> String {
    const SECRET: [&str; 6] = ["sk_", "rk_", "pk_", "whsec_", "_secret_", "@"];
    let words = message.split_whitespace();
    let kept =
        words.map(
            |word| if SECRET.iter().any(|mark| word.contains(mark)) { "[redacted]" } else { word },
        );
    quoted(&kept.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
