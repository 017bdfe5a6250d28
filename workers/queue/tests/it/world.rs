//! A database for one test, and what tests ask of it.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use perennial_postgres::{Discovery, Durability, Server};
use perennial_queue::{Backoff, Config, NewJob, Process, enqueue};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::ephemeral(Discovery::from_environment(), Durability::ForTests, 200)
        .expect("a PostgreSQL")
});
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

const MIGRATIONS: [&str; 4] = [
    include_str!("../../../../migrations/0017_jobs.sql"),
    include_str!("../../../../migrations/0028_suspects.sql"),
    include_str!("../../../../migrations/functions/checks.sql"),
    include_str!("../../../../migrations/functions/jobs.sql"),
];

/// The payload of the tests' jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
}

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) url: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        TEMPLATE.get_or_init(make_template).await;
        let name = format!("queue_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&SERVER.url("postgres")).await.unwrap();
        run(&mut admin, format!("create database {name} template queue_template")).await;
        let url = SERVER.url(&name);
        Self { pool: pool(&url).await, url }
    }

    pub(crate) async fn process(&self, name: &str) -> Process {
        Process::start(self.pool.clone(), name).await.unwrap()
    }

    /// Enqueues jobs `0..count`.
    pub(crate) async fn enqueue(&self, queue: &str, count: u32) {
        let jobs: Vec<_> =
            (0..count).map(|number| NewJob::new(queue, &Numbered { number })).collect();
        let mut connection = self.pool.acquire().await.unwrap();
        let added = perennial_queue::enqueue_all(&mut connection, &jobs).await.unwrap();
        assert_eq!(added, u64::from(count));
    }

    pub(crate) async fn enqueue_one(&self, job: NewJob) -> bool {
        enqueue(&mut self.pool.acquire().await.unwrap(), &job).await.unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn live(&self) -> i64 {
        self.count("select count(*) from perennial.jobs").await
    }

    pub(crate) async fn dead(&self) -> i64 {
        self.count("select count(*) from perennial.dead_jobs").await
    }

    /// One text of one row.
    pub(crate) async fn text(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        self.pool.execute(sql).await.unwrap();
    }

    /// Waits until the count is as wanted.
    pub(crate) async fn until(&self, sql: &'static str, wanted: i64) {
        let mut seen = i64::MIN;
        let waited = until(async || {
            seen = self.count(sql).await;
            seen == wanted
        });
        assert!(waited.await, "{sql} stayed {seen}, not {wanted}");
    }

    pub(crate) async fn until_no_jobs(&self) {
        self.until("select count(*) from perennial.jobs", 0).await;
    }
}

/// Waits for a condition; false after half a minute.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) -> bool {
    let mut turns = tokio::time::interval(Duration::from_millis(5));
    let started = turns.tick().await;
    while !condition().await {
        if turns.tick().await - started > Duration::from_secs(30) {
            return false;
        }
    }
    true
}

/// As a worker is set, but with times for tests.
pub(crate) fn quick() -> Config {
    Config {
        lease: Duration::from_millis(400),
        backoff: Backoff { first: Duration::from_millis(20), longest: Duration::from_secs(1) },
        ..Config::default()
    }
}

pub(crate) async fn pool(url: &str) -> PgPool {
    PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(1))
        .connect(url)
        .await
        .unwrap()
}

async fn make_template() {
    let mut admin = PgConnection::connect(&SERVER.url("postgres")).await.unwrap();
    run(&mut admin, "create database queue_template".into()).await;
    let mut template = PgConnection::connect(&SERVER.url("queue_template")).await.unwrap();
    run(&mut template, "create schema perennial".into()).await;
    for migration in MIGRATIONS {
        sqlx::raw_sql(migration).execute(&mut template).await.unwrap();
    }
    template.close().await.unwrap();
}

pub(crate) async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(connection).await.unwrap();
}
