//! The restore drill: a database older than what the provider did, started after the provider has
//! forgotten the keys. Nothing is charged twice, and what was charged is known again.

use chrono::{DateTime, TimeDelta, Utc};
use perennial::simulation::Books;
use perennial_tests::{Faults, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world;

const CAPTURED: &str = "select count(*) from perennial.payments where status = 'succeeded'";
const ASKS_FIRST: &str =
    "select count(*) from perennial.reconciliations where ask_first_until > now()";

/// Five customers, a month paid.
async fn five() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    for number in 0..5 {
        world.subscribe(&format!("customer-{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    world.rest().await;
    world
}

/// The restored database is taken for the one that it is a copy of.
async fn unnoticed(world: &World) {
    sqlx::query("delete from perennial.reconciliations").execute(&world.pool).await.unwrap();
}

/// All is paid once, by our books and the provider's.
async fn paid_once(world: &World, payments: i64) {
    world.rest().await;
    assert_eq!(world.count(CAPTURED).await, payments);
    assert_eq!(i64::try_from(world.sandbox.ledger().entries.len()).unwrap(), payments);
    // Letters may come twice after a restore; money and books may not.
    let mut conn = world.pool.acquire().await.unwrap();
    assert_eq!(perennial_jobs::invariants::check(&mut conn).await.unwrap(), []);
    let books = Books::compare(&mut conn, &world.sandbox.ledger()).await.unwrap();
    assert!(books.agree(), "{books:#?}");
}

async fn renewed_restored_and_started_after(forgotten: TimeDelta, noticed: bool) {
    let mut world = five().await;
    let backup = world.back_up().await;
    world.work(Faults::None);
    world.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(world.sandbox.ledger().entries.len(), 10);
    world.restore(&backup).await;
    if !noticed {
        unnoticed(&world).await;
    }
    let renewed: DateTime<Utc> = "2026-02-28T12:00:00Z".parse().unwrap();
    world.set_clock(renewed + forgotten).await;
    world.work(Faults::None);
    paid_once(&world, 10).await;
}

#[tokio::test]
async fn renewals_of_a_restored_database_are_charged_once_after_the_keys_are_forgotten() {
    renewed_restored_and_started_after(TimeDelta::hours(30), true).await;
}

#[tokio::test]
async fn late_renewals_are_asked_about_even_where_nobody_noticed_the_restore() {
    renewed_restored_and_started_after(TimeDelta::hours(30), false).await;
}

#[tokio::test]
async fn renewals_of_a_restored_database_are_charged_once_while_the_keys_are_remembered() {
    renewed_restored_and_started_after(TimeDelta::hours(2), false).await;
}

/// What another service told, to be told again: it does not know of the restore.
async fn told(world: &World) -> Vec<(String, Uuid, Value, String)> {
    sqlx::query_as(
        "select type, subject, data, event_id from perennial.lifecycle_events order by seq",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_was_told_after_the_backup_and_is_told_again_is_charged_once() {
    let mut world = five().await;
    let backup = world.back_up().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let order = perennial_core::ids::OrderId::derived("tokens");
    let bought = json!({ "customer": ada.id.0, "package": "tokens_100" });
    world.emit("order.placed", order.0, bought, "tokens").await.unwrap();
    world.rest().await;
    let events = told(&world).await;
    assert_eq!(world.sandbox.ledger().entries.len(), 7);
    for noticed in [true, false] {
        world.restore(&backup).await;
        if !noticed {
            unnoticed(&world).await;
        }
        world.set_clock("2026-02-01T20:00:00Z".parse().unwrap()).await;
        world.work(Faults::None);
        world
            .wait_until("the worker knows that it was rewound", async |conn| {
                sqlx::query_scalar::<_, i64>(ASKS_FIRST).fetch_one(conn).await.unwrap() == 1
            })
            .await;
        for (kind, subject, data, event_id) in events.clone() {
            world.emit(&kind, subject, data, &event_id).await.unwrap();
        }
        paid_once(&world, 7).await;
    }
}

#[tokio::test]
async fn a_retry_that_was_captured_after_the_backup_is_not_made_again() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada =
        world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds1__ok"], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-28T13:00:00Z").await;
    assert_eq!(world.status(ada).await, "past_due");
    let backup = world.back_up().await;
    world.work(Faults::None);
    world.live_until("2026-03-02T13:00:00Z").await;
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    world.restore(&backup).await;
    world.set_clock("2026-03-04T12:00:00Z".parse().unwrap()).await;
    world.work(Faults::None);
    paid_once(&world, 2).await;
    assert_eq!(world.status(ada).await, "active");
}

#[tokio::test]
async fn a_database_that_was_not_restored_asks_nothing_first() {
    let mut world = five().await;
    world.kill_workers().await;
    world.work(Faults::None);
    world.live_until("2026-03-01T00:00:00Z").await;
    assert_eq!(world.count(ASKS_FIRST).await, 0);
    paid_once(&world, 10).await;
}
