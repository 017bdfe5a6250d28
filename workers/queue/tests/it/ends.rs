//! Every way a handler can end is an outcome, written to the row.

use std::time::Duration;

use perennial_queue::{Config, Ending, JobContext, NewJob, Process};

use crate::{
    runs::Runs,
    world::{Numbered, World, quick, until},
};

/// Works the queue `work` with one ending per attempt; the last one repeats.
fn answer(process: &Process, config: Config, endings: Vec<Ending>) -> Runs {
    let runs = Runs::default();
    let noted = runs.clone();
    process.work("work", config, move |_: Numbered, cx: JobContext| {
        let turn = noted.count().min(endings.len() - 1);
        noted.note(cx.attempt());
        let ending = endings[turn].clone();
        async { ending }
    });
    runs
}

fn job() -> NewJob {
    NewJob::new("work", &Numbered { number: 7 }).key("occasion")
}

fn patient() -> Config {
    let mut config = quick();
    config.backoff.first = Duration::from_secs(600);
    config.backoff.longest = Duration::from_secs(3600);
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_waits_in_the_row_whoever_restarts() {
    let world = World::new().await;
    let process = world.process("a").await;
    answer(&process, patient(), vec![Ending::retry("no route to host")]);
    world.enqueue_one(job()).await;
    world.until("select count(*) from perennial.jobs where state = 'later'", 1).await;
    process.drain().await;
    let waits = "select count(*) from perennial.jobs where attempt = 1 and deaths = 0
        and last_error = 'no route to host'
        and run_at between now() + interval '7 minutes' and now() + interval '13 minutes'";
    assert_eq!(world.count(waits).await, 1);

    let process = world.process("a").await;
    let runs = answer(&process, patient(), vec![Ending::Done]);
    process.run_until_idle().await;
    assert_eq!(runs.count(), 0, "the wait outlives the process");
    world.execute("update perennial.jobs set run_at = now()").await;
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_may_name_its_own_wait() {
    let world = World::new().await;
    let hour = Ending::RetryIn(Some(Duration::from_secs(3600)), "rate limited".into());
    answer(&world.process("a").await, quick(), vec![hour]);
    world.enqueue_one(job()).await;
    let waits = "select count(*) from perennial.jobs where run_at > now() + interval '50 minutes'";
    world.until(waits, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_is_an_outcome() {
    let world = World::new().await;
    let process = world.process("a").await;
    let config = Config { timeout: Duration::from_millis(30), attempts_max: 2, ..quick() };
    process.work("work", config, |_: Numbered, _| std::future::pending());
    world.enqueue_one(job()).await;
    world.until("select count(*) from perennial.dead_jobs where kind = 'exhausted'", 1).await;
    let reason = world.text("select reason from perennial.dead_jobs").await;
    assert_eq!(reason, "it took longer than 30ms");
    assert_eq!(world.count("select attempt::bigint from perennial.dead_jobs").await, 2);
    assert_eq!(world.live().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_outcome_and_the_worker_goes_on() {
    let world = World::new().await;
    let process = world.process("a").await;
    let config = Config { attempts_max: 2, ..quick() };
    process.work("work", config, |job: Numbered, _| async move {
        assert!(job.number != 7, "seven is not served");
        Ending::Done
    });
    world.enqueue_one(job()).await;
    world.enqueue("work", 5).await;
    world.until_no_jobs().await;
    assert_eq!(world.dead().await, 1);
    let reason = world.text("select reason from perennial.dead_jobs").await;
    assert_eq!(reason, "it panicked: seven is not served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_uses_no_attempt() {
    let world = World::new().await;
    let process = world.process("a").await;
    let config = Config { attempts_max: 1, ..quick() };
    let snooze = Ending::Snooze(Duration::from_millis(5));
    let runs = answer(&process, config, vec![snooze.clone(), snooze.clone(), snooze, Ending::Done]);
    world.enqueue_one(job()).await;
    world.until_no_jobs().await;
    assert_eq!(runs.sorted(), [1, 1, 1, 1]);
    assert_eq!(world.dead().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_is_a_dead_letter_with_its_reason_and_a_hash() {
    let world = World::new().await;
    let process = world.process("a").await;
    let runs = answer(&process, quick(), vec![Ending::GiveUp("no such plan".into())]);
    world.enqueue_one(job()).await;
    world.until("select count(*) from perennial.dead_jobs where kind = 'given_up'", 1).await;
    assert_eq!(world.text("select reason from perennial.dead_jobs").await, "no such plan");
    assert_eq!(world.text("select payload_hash from perennial.dead_jobs").await.len(), 64);
    assert_eq!(runs.count(), 1);

    assert!(!world.enqueue_one(job()).await, "its key stays taken");
    assert_eq!(
        world.count("select perennial.revive_job(id)::int::bigint from perennial.dead_jobs").await,
        1
    );
    assert!(until(async || runs.count() == 2).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_a_dead_letter_and_its_neighbours_run() {
    let world = World::new().await;
    let bad = "select perennial.enqueue_jobs(
        array['work', 'work', 'work'], array['{\"number\": \"x\"}', 'null', '{\"unknown\": 1}']::jsonb[])";
    world.execute(bad).await;
    world.enqueue("work", 20).await;
    world.execute(bad).await;
    let runs = answer(&world.process("a").await, quick(), vec![Ending::Done]);
    world.until_no_jobs().await;
    assert_eq!(runs.count(), 20);
    let dead = "select count(*) from perennial.dead_jobs
        where kind = 'undecodable' and reason like 'the payload does not decode: %'";
    assert_eq!(world.count(dead).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_work_is_acknowledged_while_its_neighbours_still_run() {
    let world = World::new().await;
    let process = world.process("a").await;
    let (release, gate) = tokio::sync::watch::channel(0);
    process.work("work", quick(), move |job: Numbered, _| {
        let mut gate = gate.clone();
        async move {
            if job.number == 0 {
                let _ = gate.wait_for(|open| *open == 1).await;
            }
            Ending::Done
        }
    });
    world.enqueue("work", 20).await;
    world.until("select count(*) from perennial.jobs", 1).await;
    release.send(1).unwrap();
    world.until_no_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_may_end_its_job_in_its_own_transaction() {
    let world = World::new().await;
    world.execute("create table effects (number bigint primary key)").await;
    let process = world.process("a").await;
    let pool = world.pool.clone();
    process.work("work", quick(), move |job: Numbered, cx: JobContext| {
        let pool = pool.clone();
        async move {
            let mut transaction = pool.begin().await.unwrap();
            let insert = sqlx::query("insert into effects values ($1)").bind(i64::from(job.number));
            insert.execute(&mut *transaction).await.unwrap();
            cx.complete(&mut transaction).await.unwrap();
            if cx.attempt() == 1 && job.number == 3 {
                transaction.rollback().await.unwrap();
                return Ending::retry("changed its mind");
            }
            transaction.commit().await.unwrap();
            Ending::Done
        }
    });
    world.enqueue("work", 10).await;
    world.until_no_jobs().await;
    assert_eq!(world.count("select count(*) from effects").await, 10);
    process.drain().await;
}
