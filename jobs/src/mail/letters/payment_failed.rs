//! Says that an attempt to collect failed, what happens next and what the customer can do.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Reason, Resend, Restriction};

/// An attempt failed, or none could be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// The plan's name.
    pub plan: String,
    /// The numbers of the invoices it is about, as printed; almost always one.
    pub invoice_numbers: Vec<String>,
    /// What is owed.
    pub amount_due: Money,
    /// What was charged, or would have been.
    pub method: Option<Method>,
    /// Why it failed.
    pub reason: Reason,
    /// The number of this attempt, from 1; 0 if none could be made.
    pub attempt: u32,
    /// How many the policy has.
    pub attempts_max: u32,
    /// What happens next.
    pub next: NextStep,
    /// Until when there is access if nothing is paid, where that is known.
    pub access_until: Option<DateTime<Utc>>,
    /// Whether it is full access until then.
    #[serde(default)]
    pub restriction: Restriction,
    /// Of a first payment: until when it is awaited. Nothing is owed after that.
    #[serde(default)]
    pub awaited_until: Option<DateTime<Utc>>,
    /// When the subscription ends because the customer canceled, if they did.
    #[serde(default)]
    pub canceled_for: Option<DateTime<Utc>>,
}

/// What happens after a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NextStep {
    /// The same method is tried again.
    Retry {
        /// When.
        at: DateTime<Utc>,
    },
    /// This method is never charged again: another one is needed.
    NewMethod,
    /// Nothing is on file to charge.
    AddMethod,
    /// The customer has to confirm the payment with the bank.
    Authenticate,
    /// All attempts are over.
    AttemptsOver,
}

impl Notice for PaymentFailed {
    /// The next attempt, or the end of grace, writes again.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

    fn good_until(&self) -> Option<DateTime<Utc>> {
        match &self.next {
            NextStep::Retry { at } => Some(*at),
            _ => self.awaited_until.or(self.access_until),
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let retry = Self {
            plan: "Professional".to_owned(),
            invoice_numbers: vec!["INV-000043".to_owned()],
            amount_due: usd(49_00),
            method: Some(Method::card("visa", "0341")),
            reason: Reason::InsufficientFunds,
            attempt: 2,
            attempts_max: 4,
            next: NextStep::Retry { at: at("2026-03-06T14:00:00Z") },
            access_until: Some(at("2026-03-15T05:00:00Z")),
            restriction: Restriction::None,
            awaited_until: None,
            canceled_for: None,
        };
        let new_method = Self {
            reason: Reason::from_decline_code("stolen_card"),
            attempt: 1,
            next: NextStep::NewMethod,
            ..retry.clone()
        };
        let add_method = Self {
            method: None,
            reason: Reason::NoMethod,
            attempt: 0,
            next: NextStep::AddMethod,
            access_until: None,
            ..retry.clone()
        };
        let authenticate = Self {
            reason: Reason::AuthenticationRequired,
            attempt: 1,
            next: NextStep::Authenticate,
            ..retry.clone()
        };
        let over = Self { attempt: 4, next: NextStep::AttemptsOver, ..retry.clone() };
        let first_payment = Self {
            attempts_max: 1,
            access_until: None,
            awaited_until: Some(at("2026-03-02T04:00:00Z")),
            ..new_method.clone()
        };
        let canceled = Self {
            restriction: Restriction::Already,
            canceled_for: Some(at("2026-04-01T04:00:00Z")),
            ..over.clone()
        };
        vec![
            ("retry", retry),
            ("new_method", new_method),
            ("add_method", add_method),
            ("authenticate", authenticate),
            ("attempts_over", over),
            ("first_payment", first_payment),
            ("canceled", canceled),
        ]
    }
}
