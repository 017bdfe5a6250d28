//! Jobs run, once.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use perennial_queue::{Config, Ending, JobContext, NewJob, Process};
use sqlx::postgres::PgPoolOptions;

use crate::world::{Numbered, World, quick};

/// Who ran what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs(Arc<Mutex<Vec<u32>>>);

impl Runs {
    pub(crate) fn note(&self, number: u32) {
        self.0.lock().unwrap().push(number);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn sorted(&self) -> Vec<u32> {
        let mut runs = self.0.lock().unwrap().clone();
        runs.sort_unstable();
        runs
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_ten_thousand_jobs_and_run_each_once() {
    let world = World::new().await;
    let runs = Runs::default();
    let mut processes = vec![];
    for name in ["a", "b"] {
        let process = world.process(name).await;
        let runs = runs.clone();
        process.work("count", Config { concurrency: 500, ..quick() }, move |job: Numbered, _| {
            runs.note(job.number);
            async { Ending::Done }
        });
        processes.push(process);
    }
    world.enqueue("count", 10_000).await;
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), (0..10_000).collect::<Vec<_>>());
    for process in processes {
        process.drain().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_jobs_with_two_workers_run_once() {
    let world = World::new().await;
    let runs = Runs::default();
    let config = Config { concurrency: 2, lease: Duration::from_millis(200), ..quick() };
    for name in ["a", "b"] {
        let runs = runs.clone();
        // Each outlasts its lease three times over.
        world.process(name).await.work("slow", config.clone(), move |job: Numbered, _| {
            runs.note(job.number);
            async {
                let never = std::future::pending::<()>();
                let _ = tokio::time::timeout(Duration::from_millis(600), never).await;
                Ending::Done
            }
        });
    }
    world.enqueue("slow", 10).await;
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_at_once_when_the_queue_is_idle() {
    let world = World::new().await;
    let process = world.process("a").await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    // With such a poll interval only notifications can be what wakes it.
    let config = Config { poll: Duration::from_secs(3600), ..quick() };
    process.work("idle", config, move |job: Numbered, _: JobContext| {
        let _ = told.send(job.number);
        async { Ending::Done }
    });
    for number in 0..20 {
        world.until("select count(*) from perennial.job_waiters where waiting", 1).await;
        assert!(world.enqueue_one(NewJob::new("idle", &Numbered { number })).await);
        let heard = tokio::time::timeout(Duration::from_secs(5), heard.recv()).await;
        assert_eq!(heard.unwrap(), Some(number));
    }
    process.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_use_up_the_pool_do_not_stop_the_heartbeat() {
    let world = World::new().await;
    let runs = Runs::default();
    for name in ["a", "b"] {
        let pool = PgPoolOptions::new().max_connections(4).connect(&world.url).await.unwrap();
        let process = Process::start(pool.clone(), name).await.unwrap();
        let runs = runs.clone();
        process.work("slow", quick(), move |job: Numbered, _| {
            runs.note(job.number);
            let pool = pool.clone();
            async move {
                let mut connection = pool.acquire().await.unwrap();
                let sleep = sqlx::query("select pg_sleep(1)").execute(&mut *connection).await;
                assert!(sleep.is_ok());
                Ending::Done
            }
        });
    }
    world.enqueue("slow", 16).await;
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), (0..16).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_back_off_is_not_stretched_to_the_poll_interval() {
    let world = World::new().await;
    let process = world.process("a").await;
    let config = Config { poll: Duration::from_secs(3600), ..quick() };
    let runs = Runs::default();
    let noted = runs.clone();
    process.work("retry", config, move |_: Numbered, cx: JobContext| {
        noted.note(cx.attempt());
        let wait = Duration::from_millis(300);
        let ending = match cx.attempt() {
            1..=3 => Ending::RetryIn(Some(wait), "not yet".into()),
            _ => Ending::Done,
        };
        std::future::ready(ending)
    });
    world.enqueue("retry", 1).await;
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), [1, 2, 3, 4]);
    process.drain().await;
}
