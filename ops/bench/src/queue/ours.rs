//! perennial-queue.

use std::time::Duration;

use perennial_queue::{Config, Ending, JobContext, NewJob, Process, enqueue, enqueue_all};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

use super::{Contender, Ran, Result};

const MIGRATIONS: [&str; 4] = [
    include_str!("../../../../migrations/0017_jobs.sql"),
    include_str!("../../../../migrations/0028_suspects.sql"),
    include_str!("../../../../migrations/functions/checks.sql"),
    include_str!("../../../../migrations/functions/jobs.sql"),
];

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Nothing {
    number: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Ours {
    pool: PgPool,
}

impl Ours {
    /// A worker whose handlers write a row and end their job in the same transaction.
    pub(crate) async fn start_transactional(&self) -> Result<Process> {
        let process = Process::start(self.pool.clone(), "bench").await?;
        // Handlers beyond the connections wait for one, so that claims stay large.
        let pool = PgPoolOptions::new().max_connections(16).test_before_acquire(false);
        let pool = pool.connect_with((*self.pool.connect_options()).clone()).await?;
        let config = Config { concurrency: 200, ..Config::default() };
        process.work("nothing", config, move |job: Nothing, cx: JobContext| {
            let pool = pool.clone();
            async move {
                match effect(&pool, &job, &cx).await {
                    Ok(()) => Ending::Done,
                    Err(fault) => Ending::retry(fault),
                }
            }
        });
        Ok(process)
    }
}

async fn effect(pool: &PgPool, job: &Nothing, cx: &JobContext) -> Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query("insert into effects values ($1)")
        .bind(i64::from(job.number))
        .execute(&mut *transaction)
        .await?;
    cx.complete(&mut transaction).await?;
    transaction.commit().await?;
    Ok(())
}

impl Contender for Ours {
    type Worker = Process;
    const NAME: &'static str = "perennial";

    async fn set_up(pool: PgPool) -> Result<Self> {
        sqlx::raw_sql("create schema perennial").execute(&pool).await?;
        for migration in MIGRATIONS {
            sqlx::raw_sql(migration).execute(&pool).await?;
        }
        Ok(Self { pool })
    }

    async fn add_one(&self) -> Result<()> {
        let mut connection = self.pool.acquire().await?;
        enqueue(&mut connection, &NewJob::new("nothing", &Nothing { number: 1 })).await?;
        Ok(())
    }

    async fn add_many(&self, jobs: u32) -> Result<()> {
        let jobs: Vec<NewJob> =
            (0..jobs).map(|number| NewJob::new("nothing", &Nothing { number })).collect();
        let mut connection = self.pool.acquire().await?;
        enqueue_all(&mut connection, &jobs).await?;
        Ok(())
    }

    async fn start(&self, ran: Ran) -> Result<Process> {
        let process = Process::start(self.pool.clone(), "bench").await?;
        let config = Config { concurrency: 4000, batch: 1000, ..Config::default() };
        process.work("nothing", config, move |_: Nothing, _: JobContext| {
            ran.note();
            std::future::ready(Ending::Done)
        });
        Ok(process)
    }

    async fn stop(process: Process) -> Result<()> {
        tokio::time::timeout(Duration::from_secs(10), process.drain()).await?;
        Ok(())
    }

    async fn is_empty(&self) -> Result<bool> {
        let empty = sqlx::query_scalar("select not exists (select from perennial.jobs)");
        Ok(empty.fetch_one(&self.pool).await?)
    }
}
