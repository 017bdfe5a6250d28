//! Enqueuing, in the transaction that made the work necessary.

use perennial_core::lifecycle::Action;
use sqlx::PgConnection;

use crate::catalogue::Due;
use crate::job::Job;

/// Jobs to enqueue together.
#[derive(Debug, Default)]
pub struct Errands {
    queues: Vec<String>,
    payloads: Vec<serde_json::Value>,
    keys: Vec<String>,
}

impl Errands {
    /// Adds a job.
    ///
    /// # Panics
    /// Never: payloads are plain structs of ids.
    pub fn push<J: Job>(&mut self, job: &J) {
        self.queues.push(J::NAME.to_owned());
        self.keys.push(job.key());
        self.payloads.push(serde_json::to_value(job).expect("a payload is a plain struct of ids"));
    }

    /// Adds the job of an agenda's entry.
    ///
    /// # Panics
    /// Never: see [`Self::push`].
    pub(crate) fn push_due(&mut self, action: Action, due: &Due) {
        self.queues.push(action.as_str().to_owned());
        self.keys.push(due.key());
        self.payloads.push(serde_json::to_value(due).expect("a payload is a plain struct of ids"));
    }

    /// Enqueues them; a job whose key is live already is not enqueued again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn enqueue(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        if self.queues.is_empty() {
            return Ok(());
        }
        sqlx::query_scalar!(
            "select perennial.enqueue_jobs($1, $2, $3)",
            &self.queues,
            &self.payloads,
            &self.keys
        )
        .fetch_one(conn)
        .await?;
        Ok(())
    }
}
