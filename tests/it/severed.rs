//! The connection to the database breaks while a worker lives: at a COMMIT of which it never
//! learns whether it was done, and for a while altogether.

use perennial_tests::{Faults, Loss, Proxy, World};
use serde_json::json;

use super::world;

/// A renewal takes about seven transactions: in each month another one is struck.
const MONTHS: u32 = 7;

async fn months(world: &mut World, proxy: Option<(&Proxy, Loss)>) -> (String, String) {
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    for month in 1..=MONTHS {
        if let Some((proxy, loss)) = proxy {
            proxy.lose(loss, month);
        }
        world.set_clock_to_next_due().await;
        world.rest().await;
    }
    world.check().await;
    (world.diaries().await, world.dump().await)
}

async fn survives(loss: Loss) {
    let undisturbed = months(&mut world().await, None).await;
    let mut world = world().await;
    let proxy = Proxy::before(&mut world).await;
    let disturbed = months(&mut world, Some((&proxy, loss))).await;
    assert!(proxy.struck() >= MONTHS - 2, "{loss:?} struck {} times", proxy.struck());
    assert_eq!(disturbed, undisturbed);
    assert_eq!(world.sandbox.ledger().entries.len(), usize::try_from(MONTHS + 1).unwrap());
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_is_neither_lost_nor_doubled() {
    survives(Loss::ItsReply).await;
}

#[tokio::test]
async fn a_commit_that_never_arrives_is_made_again() {
    survives(Loss::TheCommit).await;
}

#[tokio::test]
async fn a_database_that_is_away_for_a_while_costs_nothing_but_time() {
    let mut world = world().await;
    let proxy = Proxy::before(&mut world).await;
    world.work(Faults::None);
    for number in 0..20 {
        world.subscribe(&format!("customer-{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    world.rest().await;
    world.set_clock("2026-03-01T00:00:00Z".parse().unwrap()).await;
    world.wait_until("money moves", async |_| world.sandbox.ledger().entries.len() > 22).await;
    proxy.begin_outage();
    world.wait_until("the worker tries to come back", async |_| proxy.refused() >= 10).await;
    proxy.end_outage();
    world.rest().await;
    world.check().await;
    assert_eq!(world.sandbox.ledger().entries.len(), 40);
    assert_eq!(
        world.count("select count(*) from perennial.emails where status = 'sent'").await,
        40
    );
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
}
