//! Time, order, limits and pauses.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use perennial_queue::{Config, Ending, JobContext, NewJob, Rate, take_tokens};

use crate::{
    runs::Runs,
    world::{Numbered, World, quick},
};

fn job(number: u32) -> NewJob {
    NewJob::new("work", &Numbered { number })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_for_later_runs_when_its_time_comes_not_when_the_poll_does() {
    let world = World::new().await;
    let process = world.process("a").await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let config = Config { poll: Duration::from_secs(3600), ..quick() };
    process.work("work", config, move |_: Numbered, _: JobContext| {
        let _ = told.send(());
        async { Ending::Done }
    });
    world.until("select count(*) from perennial.job_waiters where waiting", 1).await;
    let now: DateTime<Utc> =
        sqlx::query_scalar("select clock_timestamp()").fetch_one(&world.pool).await.unwrap();
    let due = now + chrono::Duration::milliseconds(300);
    assert!(world.enqueue_one(job(1).run_at(due)).await);
    tokio::time::timeout(Duration::from_secs(5), heard.recv()).await.unwrap().unwrap();
    let late_ms: i64 =
        sqlx::query_scalar("select (extract(epoch from clock_timestamp() - $1) * 1000)::bigint")
            .bind(due)
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert!((0..2000).contains(&late_ms), "{late_ms} ms late");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_urgent_run_first_then_the_oldest() {
    let world = World::new().await;
    for (number, priority) in [(1, 0), (2, 0), (3, 5), (4, -5), (5, 0)] {
        assert!(world.enqueue_one(job(number).priority(priority)).await);
    }
    let order = Arc::new(Mutex::new(vec![]));
    let noted = Arc::clone(&order);
    let one_by_one = Config { concurrency: 1, ..quick() };
    world.process("a").await.work("work", one_by_one, move |job: Numbered, _| {
        noted.lock().unwrap().push(job.number);
        async { Ending::Done }
    });
    world.until_no_jobs().await;
    assert_eq!(*order.lock().unwrap(), [4, 1, 2, 5, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_starts_nothing_until_it_is_resumed() {
    let world = World::new().await;
    world.execute("select perennial.pause_queue('work')").await;
    let runs = Runs::default();
    let noted = runs.clone();
    let process = world.process("a").await;
    process.work("work", quick(), move |job: Numbered, _| {
        noted.note(job.number);
        async { Ending::Done }
    });
    world.enqueue("work", 5).await;
    world.until("select count(*) from perennial.job_waiters where waiting", 1).await;
    assert_eq!(runs.count(), 0);
    world.execute("select perennial.resume_queue('work')").await;
    world.until_no_jobs().await;
    assert_eq!(runs.count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_across_hosts() {
    let world = World::new().await;
    world.execute("insert into perennial.job_queues (name, running_max) values ('work', 3)").await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for name in ["a", "b"] {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        world.process(name).await.work("work", quick(), move |_: Numbered, _| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let running = Arc::clone(&running);
            async move {
                let never = std::future::pending::<()>();
                let _ = tokio::time::timeout(Duration::from_millis(15), never).await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ending::Done
            }
        });
    }
    world.enqueue("work", 30).await;
    world.until_no_jobs().await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_jobs_are_kept_where_the_policy_says_so() {
    let world = World::new().await;
    world
        .execute("insert into perennial.job_queues (name, keep_done_for) values ('work', '1 day')")
        .await;
    let process = world.process("a").await;
    for queue in ["work", "other"] {
        process.work(queue, quick(), |_: Numbered, _| async { Ending::Done });
        world.enqueue(queue, 3).await;
    }
    process.run_until_idle().await;
    assert_eq!(world.count("select count(*) from perennial.job_history").await, 3);
    world.execute("update perennial.job_history set delete_at = now() - interval '1 s'").await;
    world.execute("select perennial.prune_jobs('1 day', '1 day')").await;
    assert_eq!(world.count("select count(*) from perennial.job_history").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_means_that_nothing_could_run_now() {
    let world = World::new().await;
    let process = world.process("a").await;
    let runs = Runs::default();
    let noted = runs.clone();
    let pool = world.pool.clone();
    // Each job enqueues the next.
    process.work("work", quick(), move |job: Numbered, _| {
        noted.note(job.number);
        let pool = pool.clone();
        async move {
            if job.number > 0 {
                let next = NewJob::new("work", &Numbered { number: job.number - 1 });
                let mut connection = pool.acquire().await.unwrap();
                perennial_queue::enqueue(&mut connection, &next).await.unwrap();
            }
            Ending::Done
        }
    });
    world.enqueue_one(job(10)).await;
    let later = DateTime::from_timestamp(4_000_000_000, 0).unwrap();
    world.enqueue_one(job(99).run_at(later)).await;
    process.run_until_idle().await;
    assert_eq!(runs.sorted(), (0..=10).collect::<Vec<_>>());
    assert_eq!(world.live().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_bucket_is_shared() {
    let world = World::new().await;
    let rate = Rate { per_second: 0.1, burst: 5 };
    let mut waits = vec![];
    for _ in 0..10 {
        waits.push(take_tokens(&world.pool, "confirm", 1, rate).await.unwrap());
    }
    assert_eq!(waits[..5], [Duration::ZERO; 5]);
    for (ahead, wait) in (1..).zip(&waits[5..]) {
        let full = Duration::from_secs(10 * ahead);
        assert!(*wait <= full && *wait > full - Duration::from_secs(8), "{waits:?}");
    }
    assert_eq!(take_tokens(&world.pool, "create", 1, rate).await.unwrap(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_jobs_than_slots_never_run_at_once() {
    let world = World::new().await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let config = Config { concurrency: 7, ..quick() };
    world.process("a").await.work("work", config, move |_: Numbered, _| {
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let now = Arc::clone(&now);
        async move {
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ending::Done
        }
    });
    world.enqueue("work", 300).await;
    world.until_no_jobs().await;
    assert!(most.load(Ordering::SeqCst) <= 7);
}
