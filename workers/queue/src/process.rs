//! One worker process: what its queues share.

mod acker;
mod keeper;
mod listener;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use apalis_core::{
    task::task_fn::{TaskFn, task_fn},
    worker::builder::WorkerBuilder,
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgPool;
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error, warn};
use uuid::Uuid;

use crate::{
    Config, Ending, JobContext, Queue,
    lease::{Ack, Held, Line},
    store,
};

/// What all queues and tasks of a process share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    /// The holder of this process's leases; no process ever had it before.
    pub(crate) worker: Uuid,
    name: String,
    pub(crate) acks: mpsc::UnboundedSender<Ack>,
    pub(crate) held: Held,
    lines: Mutex<Vec<Arc<Line>>>,
    line_added: Notify,
    listen_more: Notify,
    /// Acknowledgements were written.
    acked: Notify,
    /// Fetchers and apalis workers.
    pub(crate) tasks: TaskTracker,
    /// Stop claiming.
    stop: CancellationToken,
    /// All is settled: the listener, the keeper and the ackers may go.
    finished: CancellationToken,
}

impl Shared {
    fn lines(&self) -> Vec<Arc<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A worker process: a unique name, the tasks that keep its leases and write its
/// acknowledgements, and its queues. Clones are the same process.
///
/// It lives until [`Self::drain`]. Its connections are its own, at most [`CONNECTIONS_MAX`]:
/// handlers that use up a pool must not keep the heartbeat waiting.
#[derive(Debug, Clone)]
pub struct Process {
    pub(crate) shared: Arc<Shared>,
    background: TaskTracker,
}

/// One listens; the others claim, acknowledge and keep leases.
pub const CONNECTIONS_MAX: u32 = 6;
const CONNECT_MAX: Duration = Duration::from_secs(2);

impl Process {
    /// Signs the process in to the database of `pool` and starts its background tasks. `name` is
    /// for humans.
    ///
    /// # Errors
    /// The database cannot be reached. (Once started, an outage is waited out.)
    pub async fn start(pool: PgPool, name: &str) -> sqlx::Result<Self> {
        // Connections are not tried before use: every call here is repeated when it fails.
        // Its sessions are prepared as those of the given pool are.
        let pool = pool
            .options()
            .clone()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECT_MAX)
            .test_before_acquire(false)
            .connect_with((*pool.connect_options()).clone())
            .await?;
        #[expect(clippy::disallowed_methods, reason = "a holder's id must be new with every start")]
        let worker = Uuid::now_v7();
        store::sign_in(&mut *pool.acquire().await?, worker, name).await?;
        let (acks, outcomes) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            pool,
            worker,
            name: name.to_owned(),
            acks,
            held: Held::default(),
            lines: Mutex::default(),
            line_added: Notify::new(),
            listen_more: Notify::new(),
            acked: Notify::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            finished: CancellationToken::new(),
        });
        let background = TaskTracker::new();
        background.spawn(listener::run(Arc::clone(&shared)));
        background.spawn(keeper::run(Arc::clone(&shared)));
        let outcomes = Arc::new(tokio::sync::Mutex::new(outcomes));
        for _ in 0..acker::TASKS {
            background.spawn(acker::run(Arc::clone(&shared), Arc::clone(&outcomes)));
        }
        debug!(worker.id = %worker, worker.name = name, "a worker process signed in");
        Ok(Self { shared, background })
    }

    /// The holder's id of this process, as in `perennial.jobs.holder`.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.shared.worker
    }

    /// A queue of this process as an apalis backend, to be given to a `WorkerBuilder`.
    /// [`Self::work`] does that and runs it.
    #[must_use]
    pub fn queue<J>(&self, name: &str, config: Config) -> Queue<J> {
        let line = self.line(name, config);
        self.shared.listen_more.notify_one();
        Queue::new(Arc::clone(&self.shared), line)
    }

    /// What the tasks of a queue share, kept for the heartbeat and the drain.
    pub(crate) fn line(&self, name: &str, config: Config) -> Arc<Line> {
        let stop = self.shared.stop.child_token();
        let line = Arc::new(Line::new(name.to_owned(), config, stop));
        let mut lines = self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(Arc::clone(&line));
        self.shared.line_added.notify_one();
        line
    }

    /// Runs the jobs of a queue until the process drains, each handler as a task of its own.
    pub fn work<J, H, F>(&self, name: &str, config: Config, handler: H)
    where
        J: Serialize + DeserializeOwned + Send + Sync + Unpin + 'static,
        H: FnMut(J, JobContext) -> F + Clone + Send + 'static,
        F: Future<Output = Ending> + Send + 'static,
    {
        let queue = self.queue::<J>(name, config);
        let handler: TaskFn<H, J, JobContext> = task_fn(handler);
        let worker = WorkerBuilder::new(format!("{name}@{}", self.shared.worker).as_str())
            .backend(queue)
            .build(handler);
        let name = name.to_owned();
        self.shared.tasks.spawn(async move {
            if let Err(fault) = worker.run().await {
                error!(job.name = name, error = %fault, "a worker ended early");
            }
        });
    }

    /// Waits until no queue of this process has a job that runs or could run now. Jobs that wait
    /// for a later time stay. For tests and demonstrations; a paused queue with jobs is never idle.
    pub async fn run_until_idle(&self) {
        let queues: Vec<String> = self.shared.lines().iter().map(|l| l.name.clone()).collect();
        while !self.shared.finished.is_cancelled() {
            let busy = store::call(&self.shared.pool, async |connection| {
                store::busy(connection, &queues).await
            });
            match busy.await {
                Ok(false) => return,
                Ok(true) => {}
                Err(fault) => warn!(error = %fault, "cannot see whether the queues are idle"),
            }
            // Whoever enqueued in this process need not wait for a notification.
            self.wake();
            let _ = timeout(Duration::from_millis(20), self.shared.acked.notified()).await;
        }
    }

    /// Lets every queue look for jobs now.
    pub fn wake(&self) {
        for line in self.shared.lines() {
            line.wake.notify_one();
        }
    }

    /// Ends the process in order: nothing more is claimed, what has not begun is given back
    /// without counting an attempt, what runs is finished and acknowledged. Waits for the
    /// database if it is away; put a timeout around it where a deadline counts.
    pub async fn drain(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        while !self.shared.lines().iter().all(|line| line.is_settled()) {
            self.shared.acked.notified().await;
        }
        self.shared.finished.cancel();
        self.background.close();
        self.background.wait().await;
        let signed_out = store::call(&self.shared.pool, async |connection| {
            store::sign_out(connection, self.shared.worker).await
        });
        if let Err(fault) = signed_out.await {
            warn!(error = %fault, "a drained worker could not sign out");
        }
        let _ = timeout(CONNECT_MAX, self.shared.pool.close()).await;
        debug!(worker.id = %self.shared.worker, "a worker process drained");
    }
}
