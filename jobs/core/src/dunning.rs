//! Dunning: when a declined payment is tried again, what the customer is told, and when access ends.
//!
//! A policy is data with a version; a subscription in dunning keeps the version it began with.
//! All of its offsets count from the *original failure* (rule D1), so that a late worker changes
//! nothing: passed rungs are dropped, and at most one late attempt runs.

mod check;
mod read;
mod schedule;
mod span;

use serde::{Deserialize, Serialize};

pub use check::{InvalidPolicy, RUNGS_MAX};
pub use span::{InvalidSpan, Span};

/// How a failed payment is handled, as one reads it in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DunningPolicy {
    /// What it is called; its versions share the name.
    pub name: String,
    /// The attempts after the original failure, in order.
    pub rungs: Vec<Rung>,
    /// Access ends this long after the original failure. Between the last rung and this instant
    /// the subscription is in grace: attempts are over, access is kept.
    pub access_ends_after: Span,
    /// From then on access is restricted (what that means is the application's), if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrict_after: Option<Span>,
    /// What becomes of the subscription when access ends.
    #[serde(default)]
    pub end: EndAction,
    /// What becomes of a trial that ends without a payment method.
    #[serde(default)]
    pub trial_without_method: TrialWithoutMethod,
    /// Whether a customer who cancels while a payment is overdue is still charged for it.
    #[serde(default)]
    pub on_cancel: OnCancel,
    /// When customers are told beforehand.
    #[serde(default)]
    pub notices: Notices,
}

/// One attempt: when, counted from the original failure or back from the end of access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// This long after the original failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Span>,
    /// This long before access ends: "retry one day before the end" is said once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_access_ends: Option<Span>,
    /// At this hour (0–23) of the customer's day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_hour: Option<u32>,
    /// Whether a failure at this rung is told to the customer.
    #[serde(default)]
    pub email: RungEmail,
}

/// Whether a rung that brought no payment sends a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungEmail {
    /// The customer hears of it.
    #[default]
    Send,
    /// The attempt is made quietly.
    Quiet,
}

/// What becomes of a subscription that stays unpaid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndAction {
    /// It ends (`expired`).
    #[default]
    Cancel,
    /// It is suspended (`unpaid`) until what is owed is paid.
    Suspend,
    /// It goes on with another plan, named by its code.
    Downgrade(String),
}

/// What becomes of a trial that ends without a payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialWithoutMethod {
    /// Service pauses until a method is attached.
    #[default]
    Pause,
    /// The subscription is canceled.
    Cancel,
}

/// What a cancellation with the period does to a payment that is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCancel {
    /// Attempts end. Access ends with the period, or earlier where the policy ends it; the invoice
    /// can still be paid until then, if the customer asks to, and is written off afterwards.
    #[default]
    Stop,
    /// Attempts go on until the subscription ends.
    GoOn,
}

/// How long before an event the customer is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// Before a renewal.
    pub renewal_before: Span,
    /// Renewals of intervals shorter than this are not announced.
    pub renewal_of_intervals_from: Span,
    /// Before the renewal that an expiring card would miss.
    pub card_expiring_before: Span,
    /// Before a trial ends.
    pub trial_ending_before: Span,
    /// Before grace, and with it access, ends.
    pub grace_ending_before: Span,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            renewal_before: Span::days(7),
            renewal_of_intervals_from: Span::days(180),
            card_expiring_before: Span::days(14),
            trial_ending_before: Span::days(3),
            grace_ending_before: Span::days(1),
        }
    }
}

impl Default for DunningPolicy {
    /// Retries after 1, 3, 5 and 7 days, then a week of grace, then the end.
    fn default() -> Self {
        let rung = |days, at_hour| Rung {
            after: Some(Span::days(days)),
            before_access_ends: None,
            at_hour,
            email: RungEmail::Send,
        };
        Self {
            name: "standard".to_owned(),
            rungs: vec![rung(1, None), rung(3, Some(9)), rung(5, Some(9)), rung(7, Some(9))],
            access_ends_after: Span::days(14),
            restrict_after: None,
            end: EndAction::Cancel,
            trial_without_method: TrialWithoutMethod::Pause,
            on_cancel: OnCancel::Stop,
            notices: Notices::default(),
        }
    }
}

#[cfg(test)]
mod tests;
