//! How a job can end, and what that means for its row.

use std::time::Duration;

use apalis_core::{error::BoxDynError, task::into_response::IntoResponse};

use crate::Config;

/// What a handler says when it is through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It is done; the job is over and its key free.
    Done,
    /// A fault of the machine, not of the work: try again after the back-off, or after this long.
    /// Counts as an attempt; after the last one the job is dead.
    RetryIn(Option<Duration>, String),
    /// Not yet: look again after this long. Uses no attempt.
    Snooze(Duration),
    /// Trying again cannot help: the job is dead, and a human should look.
    GiveUp(String),
}

impl Ending {
    /// A retry after the back-off.
    pub fn retry(reason: impl ToString) -> Self {
        Self::RetryIn(None, reason.to_string())
    }
}

impl IntoResponse for Ending {
    type Output = Self;

    fn into_response(self) -> Result<Self, BoxDynError> {
        Ok(self)
    }
}

/// What is written to the job's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The handler's own transaction ended it.
    Completed,
    /// Claimed and never begun.
    GivenBack,
    Later {
        delay: Duration,
        attempts_refunded: i32,
        reason: Option<String>,
    },
    Dead {
        kind: Death,
        reason: String,
        key_hold: Option<Duration>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Exhausted,
    GivenUp,
    Undecodable,
}

impl Death {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::GivenUp => "given_up",
            Self::Undecodable => "undecodable",
        }
    }
}

/// One run of a job, as far as its outcome depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) attempt: u32,
    pub(crate) attempts_max: u32,
    /// Spreads the back-off.
    pub(crate) seed: u64,
}

pub(crate) fn outcome(ending: Ending, run: Run, config: &Config) -> Outcome {
    match ending {
        Ending::Done => Outcome::Done,
        Ending::Snooze(delay) => Outcome::Later { delay, attempts_refunded: 1, reason: None },
        Ending::GiveUp(reason) => {
            Outcome::Dead { kind: Death::GivenUp, reason: brief(reason), key_hold: None }
        }
        Ending::RetryIn(_, reason) if run.attempt >= run.attempts_max => Outcome::Dead {
            kind: Death::Exhausted,
            reason: brief(reason),
            key_hold: Some(config.exhausted_key_hold),
        },
        Ending::RetryIn(delay, reason) => Outcome::Later {
            delay: delay.unwrap_or_else(|| config.backoff.wait(run.attempt, run.seed)),
            attempts_refunded: 0,
            reason: Some(brief(reason)),
        },
    }
}

const REASON_CHARS_MAX: usize = 2000;

/// PostgreSQL's text takes no NUL, and nobody reads a megabyte of reason.
pub(crate) fn brief(reason: String) -> String {
    if reason.len() <= REASON_CHARS_MAX && !reason.contains('\0') {
        return reason;
    }
    reason.chars().filter(|&c| c != '\0').take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ending: Ending, attempt: u32) -> Outcome {
        outcome(ending, Run { attempt, attempts_max: 3, seed: 7 }, &Config::default())
    }

    #[test]
    fn a_retry_waits_longer_each_time_and_the_last_one_is_death() {
        let delay = |attempt| match after(Ending::retry("no route"), attempt) {
            Outcome::Later { delay, attempts_refunded: 0, reason } => {
                assert_eq!(reason.as_deref(), Some("no route"));
                delay
            }
            other => panic!("{other:?}"),
        };
        assert!(delay(1) < delay(2));
        let dead = after(Ending::retry("no route"), 3);
        assert!(matches!(dead, Outcome::Dead { kind: Death::Exhausted, key_hold: Some(_), .. }));
    }

    #[test]
    fn a_snooze_uses_no_attempt_even_on_the_last_one() {
        let minute = Duration::from_secs(60);
        let later = Outcome::Later { delay: minute, attempts_refunded: 1, reason: None };
        assert_eq!(after(Ending::Snooze(minute), 3), later);
    }

    #[test]
    fn giving_up_is_death_at_once_and_holds_the_key() {
        let dead = after(Ending::GiveUp("no such plan".into()), 1);
        assert!(matches!(dead, Outcome::Dead { kind: Death::GivenUp, key_hold: None, .. }));
    }

    #[test]
    fn a_reason_is_cut_to_what_the_table_takes() {
        assert_eq!(brief("a\0b".into()), "ab");
        assert_eq!(brief("ä".repeat(5000)).chars().count(), REASON_CHARS_MAX);
    }
}
