//! A worker that is stopped for longer than its lease, and wakes when others have done its work.

use perennial_sandbox::{Action, Fault};
use perennial_tests::Faults;
use serde_json::json;
use tokio::process::Child;

use super::{CONFIRM, world};

fn signal(worker: &Child, signal: &str) {
    let id = worker.id().expect("the worker lives").to_string();
    assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// It is stopped once so many charges were captured.
async fn wakes_too_late(asleep_on: Fault, captured: usize) {
    let mut world = world().await;
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.work(Faults::None);
    world.rest().await;
    world.kill_workers().await;
    world.fault(asleep_on);
    world.set_clock_to_next_due().await;
    let mut zombie = world.command().arg("work").spawn().unwrap();
    world
        .wait_until("it has asked for the money", async |conn| {
            let asked: i64 = sqlx::query_scalar(
                "select count(*) from perennial.payments where status = 'executing'",
            )
            .fetch_one(conn)
            .await
            .unwrap();
            asked == 1 && world.sandbox.ledger().entries.len() >= captured
        })
        .await;
    signal(&zombie, "-STOP");
    world.work(Faults::None);
    world.rest().await;
    let (diary, dump) = (world.diaries().await, world.dump().await);
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    // It wakes, finds what it was doing, and is asked to finish that and go.
    signal(&zombie, "-TERM");
    signal(&zombie, "-CONT");
    assert!(zombie.wait().await.unwrap().success());
    world.rest().await;
    world.check().await;
    assert_eq!((world.diaries().await, world.dump().await), (diary, dump));
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
}

#[tokio::test]
async fn a_worker_that_wakes_after_its_charge_was_settled_by_another_changes_nothing() {
    wakes_too_late(Fault::new(Action::HangAfter).on("POST", CONFIRM).times(1), 2).await;
}

#[tokio::test]
async fn a_worker_that_wakes_with_the_reply_in_its_hands_settles_nothing_twice() {
    wakes_too_late(Fault::new(Action::Latency { latency_ms: 700 }).on("POST", CONFIRM).times(1), 1)
        .await;
}
