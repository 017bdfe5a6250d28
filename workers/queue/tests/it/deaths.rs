//! Workers die; their jobs do not. Late workers change nothing.

use std::time::Duration;

use perennial_queue::{Config, Ending, JobContext, NewJob, Process};
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    runs::Runs,
    world::{Numbered, World, pool, quick, until},
};

/// A worker process on a runtime of its own. Dropping the runtime is its death: its handlers and
/// heartbeat stop in mid-await and nobody says goodbye to the database.
struct Mortal {
    runtime: Option<Runtime>,
    begun: mpsc::UnboundedReceiver<u32>,
}

impl Mortal {
    /// Its handlers never end.
    fn start(world: &World, name: &'static str) -> Self {
        let runtime = Runtime::new().unwrap();
        let url = world.url.clone();
        let (told, begun) = mpsc::unbounded_channel();
        runtime.spawn(async move {
            let process = Process::start(pool(&url).await, name).await.unwrap();
            process.work("work", quick(), move |_: Numbered, cx: JobContext| {
                let _ = told.send(cx.attempt());
                std::future::pending()
            });
            std::future::pending::<()>().await;
        });
        Self { runtime: Some(runtime), begun }
    }

    /// Waits until it is in a job and answers the attempt.
    async fn begins(&mut self) -> u32 {
        let begun = tokio::time::timeout(Duration::from_secs(10), self.begun.recv());
        begun.await.unwrap().unwrap()
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_the_same_name_runs_the_dead_ones_jobs_again() {
    let world = World::new().await;
    world.enqueue("work", 3).await;
    let mut first = Mortal::start(&world, "the name");
    first.begins().await;
    drop(first);
    let runs = Runs::default();
    let noted = runs.clone();
    let second = world.process("the name").await;
    second.work("work", quick(), move |job: Numbered, _| {
        noted.note(job.number);
        async { Ending::Done }
    });
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_process_died_three_times_is_quarantined() {
    let world = World::new().await;
    let poison = NewJob::new("work", &Numbered { number: 666 }).key("poison");
    assert!(world.enqueue_one(poison.clone()).await);
    for death in 1..=3 {
        let mut worker = Mortal::start(&world, "victim");
        assert_eq!(worker.begins().await, death);
    }
    let runs = Runs::default();
    let noted = runs.clone();
    let survivor = world.process("survivor").await;
    survivor.work("work", quick(), move |_: Numbered, _| {
        noted.note(0);
        async { Ending::Done }
    });
    world.until("select count(*) from perennial.dead_jobs where kind = 'quarantined'", 1).await;
    let reason = world.text("select reason from perennial.dead_jobs").await;
    assert_eq!(reason, "its process died 3 times while it ran");
    assert_eq!(runs.count(), 0);
    assert!(!world.enqueue_one(poison).await, "a sweep does not feed it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_lease_cannot_acknowledge() {
    let world = World::new().await;
    let (told, mut begun) = mpsc::unbounded_channel();
    let (release, gate) = tokio::sync::watch::channel(false);
    let zombie = world.process("zombie").await;
    let config = Config { lease: Duration::from_secs(3600), ..quick() };
    zombie.work("work", config, move |_: Numbered, cx: JobContext| {
        let _ = told.send(cx.clone());
        let mut gate = gate.clone();
        async move {
            let _ = gate.wait_for(|open| *open).await;
            Ending::GiveUp("too late to say".into())
        }
    });
    world.enqueue("work", 1).await;
    let held = begun.recv().await.unwrap();
    // As another worker's claim leaves the row, after the zombie slept through its lease.
    world
        .execute("update perennial.jobs set holder = gen_random_uuid(), run = run + 1, attempt = 2")
        .await;
    let mut transaction = world.pool.begin().await.unwrap();
    assert!(held.complete(&mut transaction).await.is_err());
    drop(transaction);
    release.send(true).unwrap();
    zombie.drain().await;
    assert_eq!(world.dead().await, 0);
    let untouched = "select count(*) from perennial.jobs where state = 'running' and attempt = 2";
    assert_eq!(world.count(untouched).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn truncating_the_queue_in_mid_run_wedges_nobody() {
    let world = World::new().await;
    let process = world.process("a").await;
    let runs = Runs::default();
    let noted = runs.clone();
    let config = Config { concurrency: 8, ..quick() };
    process.work("work", config, move |job: Numbered, _| {
        noted.note(job.number);
        async {
            let never = std::future::pending::<()>();
            let _ = tokio::time::timeout(Duration::from_millis(20), never).await;
            Ending::Done
        }
    });
    for round in 1..=5 {
        world.enqueue("work", 100).await;
        assert!(until(async || runs.count() >= 20 * round).await);
        world.execute("truncate perennial.jobs restart identity").await;
    }
    world.enqueue("work", 50).await;
    world.until_no_jobs().await;
    process.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_finishes_what_runs_and_gives_back_what_has_not_begun() {
    let world = World::new().await;
    world.enqueue("work", 10).await;
    let (told, mut begun) = mpsc::unbounded_channel();
    let (release, gate) = tokio::sync::watch::channel(false);
    let process = world.process("a").await;
    process.work("work", Config { concurrency: 4, ..quick() }, move |job: Numbered, _| {
        let _ = told.send(job.number);
        let mut gate = gate.clone();
        async move {
            let _ = gate.wait_for(|open| *open).await;
            Ending::Done
        }
    });
    for _ in 0..4 {
        begun.recv().await.unwrap();
    }
    let draining = tokio::spawn({
        let process = process.clone();
        async move { process.drain().await }
    });
    release.send(true).unwrap();
    draining.await.unwrap();
    let untouched = "select count(*) from perennial.jobs where state = 'ready' and attempt = 0";
    assert_eq!(world.count(untouched).await, world.live().await);
    assert!(world.live().await >= 5, "a drain claims nothing more");
    assert_eq!(world.count("select count(*) from perennial.job_workers").await, 0);
}
