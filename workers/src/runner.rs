//! Runs every job of the catalogue from its queue.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use perennial_jobs::Cx;
use perennial_jobs::catalogue::{self, Visitor};
use perennial_jobs::job::{Door, Failure, Job, Scope};
use perennial_queue::catalogue::Entry;
use perennial_queue::{Backoff, Config, Ending, JobContext, Process, Suspect};
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
    let mut listed = Listing::default();
    catalogue::each(&mut listed);
    perennial_queue::catalogue::publish(pool, &listed.entries).await?;
    let process = Process::start(pool.clone(), name).await?;
    catalogue::each(&mut Hire { process: &process, cx, pace });
    Ok(process)
}

/// Runs one suspect in a process that runs nothing else. False: somebody else has it, or nobody
/// knows such a job.
///
/// # Errors
/// When the database does not answer.
pub async fn run_alone(
    cx: &Cx,
    pool: &PgPool,
    name: &str,
    pace: Pace,
    suspect: &Suspect,
) -> sqlx::Result<bool> {
    let process = Process::start(pool.clone(), name).await?;
    let mut probe = Probe { process: &process, cx, pace, suspect, run: None };
    catalogue::each(&mut probe);
    let ran = match probe.run {
        Some(run) => run.await,
        None => Ok(false),
    };
    process.drain().await;
    ran
}

/// What the queue has to know of each job.
#[derive(Default)]
struct Listing {
    entries: Vec<Entry<'static>>,
}

impl Visitor for Listing {
    fn visit<J: Job>(&mut self) {
        let door = match J::DOOR {
            Door::Internal => perennial_queue::catalogue::Door::Internal,
            Door::Schedulable => perennial_queue::catalogue::Door::Schedulable,
        };
        let scope = match J::SCOPE {
            Scope::Subject => perennial_queue::catalogue::Scope::Subject,
            Scope::Set => perennial_queue::catalogue::Scope::Set,
        };
        self.entries.push(Entry { name: J::NAME, door, scope });
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
        self.process.work(J::NAME, config(self.pace), move |job: J, _: JobContext| {
            let cx = cx.clone();
            async move { ending(job.run(&cx).await) }
        });
    }
}

/// Finds the job of a suspect, and how to run it.
struct Probe<'a> {
    process: &'a Process,
    cx: &'a Cx,
    pace: Pace,
    suspect: &'a Suspect,
    run: Option<BoxFuture<'a, sqlx::Result<bool>>>,
}

impl Visitor for Probe<'_> {
    fn visit<J: Job>(&mut self) {
        if J::NAME != self.suspect.queue {
            return;
        }
        let (cx, process, suspect) = (self.cx.clone(), self.process, self.suspect);
        let handler = move |job: J, _: JobContext| async move { ending(job.run(&cx).await) };
        self.run = Some(process.run_suspect(suspect, config(self.pace), handler).boxed());
    }
}

fn config(pace: Pace) -> Config {
    Config {
        concurrency: pace.concurrency,
        lease: pace.lease,
        backoff: Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(6 * 3600) },
        ..Config::default()
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
