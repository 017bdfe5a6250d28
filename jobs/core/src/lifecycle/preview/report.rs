//! What a preview says.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::dunning::EndAction;

/// What a policy would do about one failed renewal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Preview {
    /// The original failure; `None` if nothing failed.
    pub failure: Option<Failure>,
    /// The attempts after it that are made, in order.
    pub attempts: Vec<Attempt>,
    /// The rungs without an attempt, and why.
    pub not_made: Vec<NotMade>,
    /// What the customer is sent, in order.
    pub mails: Vec<Mail>,
    /// From when on access is restricted.
    pub restricted_at: Option<DateTime<Utc>>,
    /// When attempts are over and grace begins.
    pub grace_started_at: Option<DateTime<Utc>>,
    /// Until when access is kept in grace.
    pub access_ends_at: Option<DateTime<Utc>>,
    /// When all was paid after all.
    pub recovered_at: Option<DateTime<Utc>>,
    /// What becomes of the subscription that stays unpaid.
    pub end: Option<End>,
}

/// The original failure: attempt number 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Rungs count from here.
    pub at: DateTime<Utc>,
    /// The decline code.
    pub code: String,
    /// Whether the same method may be charged again.
    pub retry: bool,
}

/// An attempt after the original one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// 2 for the first: the original failure is number 1.
    pub number: usize,
    /// The rung it is made at, from 1.
    pub rung: usize,
    /// When the policy has it.
    pub planned_at: DateTime<Utc>,
    /// When it is made: later, if the network asks to wait.
    pub at: DateTime<Utc>,
    /// How it ends.
    pub outcome: AttemptOutcome,
    /// The decline code.
    pub code: Option<String>,
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Refused.
    Declined,
    /// Paid.
    Succeeded,
}

/// A rung without an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotMade {
    /// The rung, from 1.
    pub rung: usize,
    /// When it would have been.
    pub at: DateTime<Utc>,
    /// Why it is not.
    pub reason: String,
}

/// A letter to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Its durable name.
    pub template: &'static str,
    /// When it is written.
    pub at: DateTime<Utc>,
    /// `payment_failed`: which attempt; 0 if none could be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<usize>,
    /// `payment_failed`: attempts in all, as planned by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<usize>,
    /// `payment_failed`: the next attempt it announces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// How it ends unpaid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// The first instant without access.
    pub at: DateTime<Utc>,
    /// What becomes of the subscription.
    pub action: EndAction,
}
