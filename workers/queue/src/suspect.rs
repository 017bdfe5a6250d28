//! Suspects: jobs whose process died, twice, while others ran beside them.
//!
//! A suspect is run alone, in a process of its own that runs nothing else. If that dies too, it is
//! proven who did it; if not, the suspect was innocent and is done. Whoever embeds this crate starts
//! such a process for each [`next_suspect`]. Where nobody does, suspects run among the others after
//! ten minutes.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use serde::de::DeserializeOwned;
use sqlx::PgPool;
use tokio::time::timeout;
use tracing::{Instrument, error, info_span};

use crate::{
    Config, Ending, JobContext, Process,
    backend::supervise,
    ending::{Death, Outcome, brief},
    lease::{Lease, Line},
    store,
};

/// How long it may take until the acknowledgement of one job is written.
const SETTLE_MAX: Duration = Duration::from_secs(30);

/// A job that is to be run alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The row's id.
    pub id: i64,
    /// The job's durable name: its queue.
    pub queue: String,
}

/// The suspect that is to be run next; `None` where there is none.
///
/// # Errors
/// The statement failed.
pub async fn next_suspect(pool: &PgPool) -> sqlx::Result<Option<Suspect>> {
    let next =
        sqlx::query!("select job_id, queue_name from perennial.next_suspect()").fetch_one(pool);
    let next = next.await?;
    Ok(next.job_id.zip(next.queue_name).map(|(id, queue)| Suspect { id, queue }))
}

impl Process {
    /// Runs one suspect and waits for its end. False: another process has it. The process must run
    /// nothing else, or its death would prove nothing.
    ///
    /// # Errors
    /// The statement failed.
    pub async fn run_suspect<J, H, F>(
        &self,
        suspect: &Suspect,
        config: Config,
        handler: H,
    ) -> sqlx::Result<bool>
    where
        J: DeserializeOwned,
        H: FnOnce(J, JobContext) -> F,
        F: Future<Output = Ending> + Send + 'static,
    {
        let shared = &self.shared;
        let line = self.line(&suspect.queue, config);
        let claimed = store::call(&shared.pool, async |connection| {
            store::claim_suspect(connection, suspect.id, shared.worker, line.config.lease).await
        });
        let Some(mut row) = claimed.await? else { return Ok(false) };
        line.take(1);
        line.claimed(1);
        shared.held.add(&line, std::slice::from_ref(&row));
        let lease = Lease::new(&mut row, &line, &shared.acks);
        match serde_json::from_str::<J>(&row.payload) {
            Ok(job) => {
                let context = JobContext { lease: Arc::new(lease), worker: shared.worker };
                context.lease.begin();
                let span = info_span!("job", job.name = suspect.queue, job.id = suspect.id);
                let run = handler(job, context.clone()).boxed();
                supervise(context, run, line.config.timeout).instrument(span).await;
            }
            Err(fault) => {
                error!(job.name = suspect.queue, job.id = suspect.id, error = %fault, "a job's payload does not decode: it is dead");
                let reason = brief(format!("the payload does not decode: {fault}"));
                lease.settle(Outcome::Dead { kind: Death::Undecodable, reason, key_hold: None });
            }
        }
        settled(&line).await;
        Ok(true)
    }
}

/// Waits until the acknowledgement is written. If it cannot be, the lease runs out.
async fn settled(line: &Line) {
    let settling = async {
        while !line.is_settled() {
            line.freed.notified().await;
        }
    };
    let _ = timeout(SETTLE_MAX, settling).await;
}
