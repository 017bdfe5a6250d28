//! Dunning: when a declined payment is tried again, what the customer is told, and when access ends.
//!
//! A policy is data with a version; a subscription in dunning keeps the version it began with.
//! All of its offsets count from the *original failure* (rule D1), so that a late worker changes
//! nothing: passed rungs are dropped, and at most one late attempt runs.

mod span;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::calendar::instant_of;

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
            notices: Notices::default(),
        }
    }
}

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidPolicy {
    /// The field, as one would write its path.
    pub field: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// A policy has at most this many rungs.
pub const RUNGS_MAX: usize = 30;
/// Access ends at most this long after the failure.
const ACCESS_ENDS_AFTER_MAX: Span = Span::days(366);

impl DunningPolicy {
    /// Reads a policy from TOML and checks it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its field.
    pub fn from_toml(text: &str) -> Result<Self, InvalidPolicy> {
        let policy: Self = toml::from_str(text).map_err(|error| InvalidPolicy {
            field: "policy".to_owned(),
            problem: error.to_string().trim().to_owned(),
        })?;
        policy.check()?;
        Ok(policy)
    }

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first thing that is wrong, with its field.
    pub fn check(&self) -> Result<(), InvalidPolicy> {
        let wrong = |field: &str, problem: String| Err(InvalidPolicy { field: field.to_owned(), problem });
        if self.name.trim().is_empty() {
            return wrong("name", "must not be empty".to_owned());
        }
        if self.rungs.len() > RUNGS_MAX {
            return wrong("rungs", format!("has {}, at most {RUNGS_MAX} are allowed", self.rungs.len()));
        }
        if self.access_ends_after <= Span::days(0) || self.access_ends_after > ACCESS_ENDS_AFTER_MAX {
            return wrong(
                "access_ends_after",
                format!("is {}, must be above 0 and at most {ACCESS_ENDS_AFTER_MAX}", self.access_ends_after),
            );
        }
        if let Some(restrict) = self.restrict_after
            && restrict >= self.access_ends_after
        {
            return wrong("restrict_after", format!("is {restrict}, must lie before access_ends_after"));
        }
        if self.end == EndAction::Downgrade(String::new()) {
            return wrong("end.downgrade", "must name a plan".to_owned());
        }
        self.check_rungs()
    }

    fn check_rungs(&self) -> Result<(), InvalidPolicy> {
        let mut previous = Span::days(0);
        for (number, rung) in self.rungs.iter().enumerate() {
            let wrong = |field: &str, problem: String| {
                Err(InvalidPolicy { field: format!("rungs[{number}]{field}"), problem })
            };
            if rung.at_hour.is_some_and(|hour| hour > 23) {
                return wrong(".at_hour", "must be 0 to 23".to_owned());
            }
            let Some(offset) = self.offset_of(rung) else {
                return wrong("", "needs exactly one of `after` and `before_access_ends`".to_owned());
            };
            if offset >= self.access_ends_after {
                return wrong(
                    ".after",
                    format!(
                        "is {offset}, after the end of access ({}): move it before, or end access later",
                        self.access_ends_after
                    ),
                );
            }
            if offset <= previous {
                return wrong(".after", format!("is {offset}, must be later than what comes before ({previous})"));
            }
            previous = offset;
        }
        Ok(())
    }

    /// When a rung comes, counted from the original failure.
    fn offset_of(&self, rung: &Rung) -> Option<Span> {
        match (rung.after, rung.before_access_ends) {
            (Some(after), None) => Some(after),
            (None, Some(before)) => self.access_ends_after.minus(before),
            _ => None,
        }
    }

    /// When access ends for a failure at `failed_at`.
    #[must_use]
    pub fn access_ends_at(&self, failed_at: DateTime<Utc>) -> DateTime<Utc> {
        failed_at + self.access_ends_after.delta()
    }

    /// When rung `number` (from 0) comes for a failure at `failed_at`; `None` past the last.
    ///
    /// An hour of the day is looked for from the offset's own day on, after the rung before.
    #[must_use]
    pub fn rung_at(&self, number: usize, failed_at: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut previous = failed_at;
        for rung in self.rungs.get(..=number)? {
            let exact = failed_at + self.offset_of(rung)?.delta();
            previous = match rung.at_hour {
                Some(hour) => at_hour_of_day(exact, hour, zone, previous),
                None => exact.max(previous + TimeDelta::seconds(1)),
            };
        }
        Some(previous)
    }
}

/// `hour` o'clock of the day on which `exact` falls in `zone`, or of the first day after on which
/// that is later than `after`.
fn at_hour_of_day(exact: DateTime<Utc>, hour: u32, zone: Tz, after: DateTime<Utc>) -> DateTime<Utc> {
    let Some(time) = NaiveTime::from_hms_opt(hour, 0, 0) else { return exact };
    let mut date = exact.with_timezone(&zone).date_naive();
    loop {
        match (instant_of(date.and_time(time), zone), date.succ_opt()) {
            (Some(at), _) if at > after => return at,
            (_, Some(tomorrow)) => date = tomorrow,
            _ => return exact.max(after),
        }
    }
}

#[cfg(test)]
mod tests;
