//! What a job is, and how it can end.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Cx;
use crate::store::Said;
use crate::waiting;

/// A unit of work with a durable name. Its payload holds ids only: it loads what it needs fresh,
/// and leaves quietly when that is gone or done. Jobs run at least once; being run twice is harmless.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + Unpin + 'static {
    /// The queue it lives in. Never changes: queued rows carry it.
    const NAME: &'static str;
    /// Who may enqueue it from outside.
    const DOOR: Door = Door::Internal;
    /// How much depends on one such job.
    const SCOPE: Scope = Scope::Subject;

    /// Names the occasion, not just the subject: at most one live job has it.
    fn key(&self) -> String;

    /// Does it.
    fn run(self, cx: &Cx) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Who may enqueue a job from outside, by `perennial.enqueue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Nobody.
    Internal,
    /// Schedulers.
    Schedulable,
}

/// How much depends on one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One customer, subscription, payment or email.
    Subject,
    /// All of a clock, or of the database.
    Set,
}

/// How a job ends that is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A machine fault: again later, with back-off (or after the given time).
    #[error("{reason}")]
    Retry {
        /// When, if known better than by back-off.
        after: Option<Duration>,
        /// What went wrong.
        reason: String,
    },
    /// Retrying cannot help: a dead letter with its reason.
    #[error("{reason}")]
    GiveUp {
        /// What is wrong.
        reason: String,
    },
    /// Not yet: costs no attempt.
    #[error("not yet")]
    NotYet {
        /// How long to wait.
        wait: Duration,
    },
}

impl Failure {
    /// A machine fault.
    pub fn retry(reason: impl std::fmt::Display) -> Self {
        Self::Retry { after: None, reason: reason.to_string() }
    }

    /// Something that retrying cannot help.
    pub fn give_up(reason: impl std::fmt::Display) -> Self {
        Self::GiveUp { reason: reason.to_string() }
    }
}

impl From<&sqlx::Error> for Failure {
    /// Whoever else was there is gone soon, or is waited for by nobody.
    fn from(error: &sqlx::Error) -> Self {
        if waiting::is_blocked(error) {
            return Self::NotYet { wait: waiting::WAITED_IN_VAIN };
        }
        Self::retry(Said(error))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

impl From<crate::coalesce::ShutDown> for Failure {
    fn from(error: crate::coalesce::ShutDown) -> Self {
        Self::retry(error)
    }
}
