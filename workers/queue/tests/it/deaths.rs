//! Workers die; their jobs do not. Late workers change nothing.

use std::time::Duration;

use perennial_queue::{
    Config, Ending, JobContext, NewJob, Process, Suspect, catalogue, next_suspect,
};
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

    /// A process of its own for one suspect, whose handler never ends.
    fn alone_with(world: &World, suspect: &Suspect) -> Self {
        let runtime = Runtime::new().unwrap();
        let (url, suspect) = (world.url.clone(), suspect.clone());
        let (told, begun) = mpsc::unbounded_channel();
        runtime.spawn(async move {
            let process = Process::start(pool(&url).await, "alone").await.unwrap();
            let never = move |_: Numbered, cx: JobContext| {
                let _ = told.send(cx.attempt());
                std::future::pending()
            };
            process.run_suspect(&suspect, quick(), never).await
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

/// Two processes die with these jobs in flight, one after the other.
async fn die_twice_with(world: &World, jobs: u32) {
    world.enqueue("work", jobs).await;
    for _ in 0..2 {
        let mut worker = Mortal::start(world, "victim");
        for _ in 0..jobs {
            worker.begins().await;
        }
    }
    let watcher = world.process("watcher").await;
    // Beats as often as the queues it works.
    watcher.work("other", quick(), |_: Numbered, _| async { Ending::Done });
    let suspects = "select count(*) from perennial.jobs where state = 'suspect'";
    world.until(suspects, i64::from(jobs)).await;
    watcher.drain().await;
}

async fn suspect(world: &World) -> Suspect {
    let mut found = None;
    assert!(
        until(async || {
            found = next_suspect(&world.pool).await.unwrap();
            found.is_some()
        })
        .await
    );
    found.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_died_beside_each_other_are_run_alone_and_are_innocent_unless_proven_guilty() {
    let world = World::new().await;
    die_twice_with(&world, 5).await;
    // A third restart in the middle of a probe proves nothing for ever, either.
    let mut alone = Mortal::alone_with(&world, &suspect(&world).await);
    alone.begins().await;
    drop(alone);
    let runs = Runs::default();
    let process = world.process("alone").await;
    process.work("other", quick(), |_: Numbered, _| async { Ending::Done });
    for _ in 0..5 {
        let (noted, next) = (runs.clone(), suspect(&world).await);
        let ran = process.run_suspect(&next, quick(), |job: Numbered, _| {
            noted.note(job.number);
            async { Ending::Done }
        });
        assert!(ran.await.unwrap());
    }
    assert_eq!(
        (runs.sorted(), world.live().await, world.dead().await),
        (vec![0, 1, 2, 3, 4], 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspect_that_kills_its_own_process_twice_is_quarantined_and_nobody_else() {
    let world = World::new().await;
    die_twice_with(&world, 3).await;
    let watcher = world.process("watcher").await;
    watcher.work("other", quick(), |_: Numbered, _| async { Ending::Done });
    let poison = suspect(&world).await;
    for _ in 0..2 {
        let free = "select count(*) from perennial.jobs where state = 'running'";
        world.until(free, 0).await;
        let mut alone = Mortal::alone_with(&world, &poison);
        alone.begins().await;
    }
    world.until("select count(*) from perennial.dead_jobs where kind = 'quarantined'", 1).await;
    let reason = world.text("select reason from perennial.dead_jobs").await;
    assert_eq!(reason, "its process died 4 times while it ran");
    let held = "select count(*) from perennial.dead_jobs where key_held_until < 'infinity'
                   and probe_at < now() + interval '20 minutes'";
    assert_eq!((world.count(held).await, world.live().await), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_ends_and_the_job_is_run_alone_again() {
    let world = World::new().await;
    let job = NewJob::new("work", &Numbered { number: 7 }).key("seven");
    assert!(world.enqueue_one(job).await);
    for _ in 0..3 {
        Mortal::start(&world, "victim").begins().await;
    }
    let watcher = world.process("watcher").await;
    watcher.work("other", quick(), |_: Numbered, _| async { Ending::Done });
    world.until("select count(*) from perennial.dead_jobs where kind = 'quarantined'", 1).await;
    world.execute("update perennial.dead_jobs set probe_at = now()").await;
    let again = suspect(&world).await;
    let ran = watcher.run_suspect(&again, quick(), |_: Numbered, _| async { Ending::Done });
    assert!(ran.await.unwrap());
    assert_eq!((world.live().await, world.dead().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_a_whole_set_is_never_quarantined() {
    let world = World::new().await;
    let entry = catalogue::Entry {
        name: "work",
        door: catalogue::Door::Internal,
        scope: catalogue::Scope::Set,
    };
    catalogue::publish(&world.pool, &[entry]).await.unwrap();
    world.enqueue("work", 1).await;
    for _ in 0..3 {
        world.execute("update perennial.jobs set state = 'ready', run_at = now() where state <> 'running'").await;
        Mortal::start(&world, "victim").begins().await;
        let watcher = world.process("watcher").await;
        watcher.work("other", quick(), |_: Numbered, _| async { Ending::Done });
        world.until("select count(*) from perennial.jobs where state = 'running'", 0).await;
        watcher.drain().await;
    }
    let suspects = "select count(*) from perennial.jobs where state = 'suspect' and deaths = 3";
    assert_eq!((world.count(suspects).await, world.dead().await), (1, 0));
}
