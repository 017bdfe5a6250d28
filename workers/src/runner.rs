//! Runs every job of the catalogue from its queue.

use std::time::Duration;

use perennial_jobs::Cx;
use perennial_jobs::catalogue::{self, Visitor};
use perennial_jobs::job::{Door, Failure, Job};
use perennial_queue::{Backoff, Config, Ending, JobContext, Process};
use sqlx::PgPool;

/// How a process works.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Handlers of one queue that run at the same time.
    pub concurrency: usize,
    /// A dead process's jobs run again after this.
    pub lease: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { concurrency: 64, lease: Duration::from_secs(30) }
    }
}

/// Signs a process in and starts a worker for every job.
///
/// # Errors
/// When the database does not answer.
pub async fn start(cx: &Cx, pool: &PgPool, name: &str, pace: Pace) -> sqlx::Result<Process> {
    let doors: Vec<_> =
        catalogue::NAMES.iter().map(|(name, door)| (*name, door_of(*door))).collect();
    perennial_queue::catalogue::publish(pool, &doors).await?;
    let process = Process::start(pool.clone(), name).await?;
    catalogue::each(&mut Hire { process: &process, cx, pace });
    Ok(process)
}

fn door_of(door: Door) -> perennial_queue::catalogue::Door {
    match door {
        Door::Internal => perennial_queue::catalogue::Door::Internal,
        Door::Schedulable => perennial_queue::catalogue::Door::Schedulable,
    }
}

struct Hire<'a> {
    process: &'a Process,
    cx: &'a Cx,
    pace: Pace,
}

impl Visitor for Hire<'_> {
    fn visit<J: Job>(&mut self) {
        let cx = self.cx.clone();
        let config = Config {
            concurrency: self.pace.concurrency,
            lease: self.pace.lease,
            backoff: Backoff {
                first: Duration::from_secs(1),
                longest: Duration::from_secs(6 * 3600),
            },
            ..Config::default()
        };
        self.process.work(J::NAME, config, move |job: J, _: JobContext| {
            let cx = cx.clone();
            async move { ending(job.run(&cx).await) }
        });
    }
}

/// What the queue makes of it; it logs failures, once.
fn ending(result: Result<(), Failure>) -> Ending {
    match result {
        Ok(()) => Ending::Done,
        Err(Failure::NotYet { wait }) => Ending::Snooze(wait),
        Err(Failure::Retry { after, reason }) => Ending::RetryIn(after, reason),
        Err(Failure::GiveUp { reason }) => Ending::GiveUp(reason),
    }
}
