//! What a handler may know of its job.

use std::sync::Arc;

use apalis_core::task::{Task, from_request::FromRequest};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{lease::Lease, store};

/// The run of a job that a handler is in. Handlers take it as their second argument.
#[derive(Debug, Clone)]
pub struct JobContext {
    pub(crate) lease: Arc<Lease>,
    pub(crate) worker: Uuid,
}

impl JobContext {
    /// The job's durable name: its queue.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.lease.line.name
    }

    /// The row's id.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.lease.fence.id
    }

    /// Which try this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.lease.attempt
    }

    /// Whether a retry now would be death.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.lease.attempt >= self.lease.attempts_max
    }

    /// The trace context of whoever enqueued the job, if it was given.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        self.lease.trace.as_deref()
    }

    /// Ends the job inside the handler's own transaction, so that the work and the
    /// acknowledgement commit together. Return [`crate::Ending::Done`] after the commit.
    ///
    /// # Errors
    /// [`LeaseLost`]: the job went to another worker meanwhile (or the statement failed). The
    /// transaction must not be committed.
    pub async fn complete(&self, connection: &mut PgConnection) -> Result<(), LeaseLost> {
        if !store::complete(connection, self.worker, self.lease.fence).await? {
            return Err(LeaseLost::Gone);
        }
        self.lease.complete();
        Ok(())
    }
}

impl<J: Sync> FromRequest<Task<J>> for JobContext {
    type Error = NotAJob;

    async fn from_request(task: &Task<J>) -> Result<Self, NotAJob> {
        task.data().get::<Self>().cloned().ok_or(NotAJob)
    }
}

/// Why a job could not be completed in the handler's transaction.
#[derive(Debug, thiserror::Error)]
pub enum LeaseLost {
    /// Its lease ran out and it went to another worker.
    #[error("the job is not completed: its lease went to another worker")]
    Gone,
    /// The statement failed.
    #[error("the job is not completed: the statement failed")]
    Database(#[from] sqlx::Error),
}

/// The task did not come out of a [`crate::Queue`].
#[derive(Debug, thiserror::Error)]
#[error("the task has no lease: it did not come from perennial.jobs")]
pub struct NotAJob;
