//! The crate graphile_worker, the fastest peer, with the settings of its own benchmark.

use std::{sync::Arc, time::Duration};

use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RawJobSpec, TaskHandler, Worker,
    WorkerContext, WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::{Contender, Ran, Result};

const SCHEMA: &str = "graphile_worker";
const JOB: &str = "nothing";
const ROWS_MAX: usize = 5000;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Nothing {
    number: u32,
}

impl TaskHandler for Nothing {
    const IDENTIFIER: &'static str = JOB;

    async fn run(self, cx: WorkerContext) -> impl IntoTaskHandlerResult {
        if let Some(ran) = cx.get_ext::<Ran>() {
            ran.note();
        }
        Ok::<(), String>(())
    }
}

#[derive(Clone)]
pub(crate) struct Graphile {
    pool: PgPool,
    utils: Arc<WorkerUtils>,
}

pub(crate) struct Running {
    worker: Arc<Worker>,
    task: JoinHandle<()>,
}

fn job(number: u32) -> RawJobSpec {
    RawJobSpec {
        identifier: JOB.to_owned(),
        payload: serde_json::json!({ "number": number }),
        spec: JobSpec::default(),
    }
}

impl Contender for Graphile {
    type Worker = Running;
    const NAME: &'static str = "graphile_worker";

    async fn set_up(pool: PgPool) -> Result<Self> {
        let utils = WorkerUtils::new(pool.clone(), SCHEMA);
        utils.migrate().await?;
        Ok(Self { pool, utils: Arc::new(utils) })
    }

    async fn add_one(&self) -> Result<()> {
        let payload = serde_json::json!({ "number": 1 });
        self.utils.add_raw_job(JOB, payload, JobSpec::default()).await?;
        Ok(())
    }

    async fn add_many(&self, jobs: u32) -> Result<()> {
        let jobs: Vec<RawJobSpec> = (0..jobs).map(job).collect();
        for rows in jobs.chunks(ROWS_MAX) {
            self.utils.add_raw_jobs(rows).await?;
        }
        Ok(())
    }

    async fn start(&self, ran: Ran) -> Result<Running> {
        let worker = WorkerOptions::default()
            .pg_pool(self.pool.clone())
            .schema(SCHEMA)
            .concurrency(500)
            .poll_interval(Duration::from_millis(5))
            .complete_job_batch_delay(Duration::from_millis(5))
            .local_queue(LocalQueueConfig::default().with_size(5000))
            .listen_os_shutdown_signals(false)
            .add_extension(ran)
            .define_job::<Nothing>()
            .init()
            .await?;
        let worker = Arc::new(worker);
        let running = Arc::clone(&worker);
        let task = tokio::spawn(async move { drop(running.run().await) });
        Ok(Running { worker, task })
    }

    async fn stop(Running { worker, task }: Running) -> Result<()> {
        worker.request_shutdown();
        tokio::time::timeout(Duration::from_secs(30), task).await??;
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool> {
        let empty = "select not exists (select from graphile_worker._private_jobs)";
        Ok(sqlx::query_scalar(empty).fetch_one(&self.pool).await?)
    }
}
