//! Periodic ticks.

use chrono::{DateTime, Utc};
use perennial_queue::ticks::{self, CatchUp, Schedule};
use serde_json::json;

use crate::world::World;

fn minute(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + 60 * minute, 0).unwrap()
}

fn schedule(name: &str, catch_up: CatchUp) -> Schedule<'_> {
    Schedule { name, job: "sweep", payload: json!({}), catch_up }
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_fire_once_with_four_schedulers() {
    let world = World::new().await;
    let mut schedulers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let pool = world.pool.clone();
        schedulers.spawn(async move {
            let mut won = vec![];
            for now in 1..=50 {
                let due: Vec<_> = (1..=now).map(minute).collect();
                let nightly = schedule("nightly", CatchUp::All);
                won.extend(ticks::fire(&pool, &nightly, &due, minute(now)).await.unwrap());
            }
            won
        });
    }
    let mut won = schedulers.join_all().await.concat();
    won.sort_unstable();
    assert_eq!(won, (1..=50).map(minute).collect::<Vec<_>>());
    assert_eq!(world.count("select count(*) from perennial.ticks").await, 50);
    let jobs =
        "select count(distinct payload ->> 'tick') from perennial.jobs where queue = 'sweep'";
    assert_eq!(world.count(jobs).await, 50);
    assert_eq!(world.live().await, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_start_catches_up_as_the_schedule_says() {
    let world = World::new().await;
    for (name, catch_up, fired) in
        [("all", CatchUp::All, 5), ("latest", CatchUp::Latest, 1), ("skip", CatchUp::Skip, 0)]
    {
        let began = ticks::cursor(&world.pool, name, minute(0)).await.unwrap();
        assert_eq!(began, minute(0));
        let due: Vec<_> = (1..=5).map(minute).collect();
        let now = minute(30);
        let won = ticks::fire(&world.pool, &schedule(name, catch_up), &due, now).await.unwrap();
        assert_eq!(won.len(), fired, "{name}");
        assert_eq!(ticks::cursor(&world.pool, name, now).await.unwrap(), minute(5), "{name}");
        let again = ticks::fire(&world.pool, &schedule(name, catch_up), &due, now).await.unwrap();
        assert!(again.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_whose_work_rolls_back_has_not_fired() {
    let world = World::new().await;
    let due = [minute(1)];
    let mut transaction = world.pool.begin().await.unwrap();
    let won = ticks::win(&mut transaction, "own", &due, CatchUp::All, minute(1)).await.unwrap();
    assert_eq!(won, due);
    transaction.rollback().await.unwrap();
    let mut transaction = world.pool.begin().await.unwrap();
    let won = ticks::win(&mut transaction, "own", &due, CatchUp::All, minute(1)).await.unwrap();
    assert_eq!(won, due);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_caller_can_hold_up_a_tick_by_its_key() {
    let world = World::new().await;
    world
        .execute("insert into perennial.job_catalogue (name, schedulable) values ('sweep', true)")
        .await;
    let mut held = world.pool.begin().await.unwrap();
    sqlx::query("select perennial.enqueue('sweep', '{}', 'nightly@2026-01-01T00:01:00Z')")
        .execute(&mut *held)
        .await
        .unwrap();
    let nightly = schedule("nightly", CatchUp::All);
    let won = ticks::fire(&world.pool, &nightly, &[minute(1)], minute(1)).await.unwrap();
    assert_eq!(won, [minute(1)]);
}
