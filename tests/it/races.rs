//! Many at work at once, and a queue that is lost.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use perennial_tests::{Faults, World};
use serde_json::json;

use super::world;

/// Enough for many batches to overlap.
const MANY: i64 = 300;
const SOME: i64 = 40;

async fn crowd(customers: i64) -> World {
    let mut world = world().await;
    world.work(Faults::None);
    for number in 0..customers {
        world.subscribe(&format!("customer-{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    world.rest().await;
    world.kill_workers().await;
    world
}

async fn renewed_once_each(world: &World, customers: i64) {
    world.rest().await;
    world.check().await;
    let renewals = "select count(*) from perennial.subscription_history where edge = 'renewed'";
    assert_eq!(world.count(renewals).await, customers);
    assert_eq!(
        world.count("select count(*) from perennial.payments where status = 'succeeded'").await,
        2 * customers
    );
    // A worker that was starved for longer than its lease may have handed a mail over a second time:
    // under the same Message-ID, and its row says so (invariant I5).
    let mails = world.inbox.mails();
    let distinct: BTreeSet<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!(distinct.len(), usize::try_from(2 * customers).unwrap());
    let handed_over = world.count("select sum(attempts)::bigint from perennial.emails").await;
    assert!(mails.len() <= usize::try_from(handed_over).unwrap());
}

fn next_month() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn two_workers_and_two_schedulers_renew_each_subscription_once() {
    let mut world = crowd(MANY).await;
    world.work(Faults::None);
    world.work(Faults::None);
    world.set_clock(next_month()).await;
    renewed_once_each(&world, MANY).await;
}

#[tokio::test]
async fn truncating_the_queue_in_mid_run_loses_nothing_and_doubles_nothing() {
    let mut world = crowd(SOME).await;
    world.work(Faults::None);
    world.set_clock(next_month()).await;
    for share in [5, 15, 25] {
        world
            .wait_until("some are renewed", async |conn| {
                let renewed: i64 = sqlx::query_scalar(
                    "select count(*) from perennial.subscription_history where edge = 'renewed'",
                )
                .fetch_one(conn)
                .await
                .unwrap();
                renewed >= share
            })
            .await;
        sqlx::query("truncate perennial.jobs").execute(&world.pool).await.unwrap();
    }
    renewed_once_each(&world, SOME).await;
}

#[tokio::test]
async fn a_worker_that_was_away_for_three_months_bills_them_in_order_and_sends_one_receipt() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    world.set_clock("2026-05-01T00:00:00Z".parse().unwrap()).await;
    world.work(Faults::None);
    world.rest().await;
    world.check().await;
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(
        world.count("select count(*) from perennial.invoices where status = 'paid'").await,
        4
    );
    assert_eq!(
        world.count("select count(*) from perennial.emails where template = 'receipt'").await,
        2
    );
    insta::assert_snapshot!(world.diary(ada.subscription).await);
}

#[tokio::test]
async fn a_worker_that_is_asked_to_stop_finishes_what_runs_and_leaves_the_rest() {
    let mut world = crowd(SOME).await;
    let mut worker = world.command().arg("work").spawn().unwrap();
    world.set_clock(next_month()).await;
    world
        .wait_until("some are renewed", async |conn| {
            let renewed: i64 = sqlx::query_scalar(
                "select count(*) from perennial.subscription_history where edge = 'renewed'",
            )
            .fetch_one(conn)
            .await
            .unwrap();
            renewed > 0
        })
        .await;
    let id = worker.id().expect("the worker runs").to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(worker.wait().await.unwrap().success());
    assert_eq!(world.count("select count(*) from perennial.jobs where state = 'running'").await, 0);
    world.work(Faults::None);
    renewed_once_each(&world, SOME).await;
}
