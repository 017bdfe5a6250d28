//! Hard restarts prove nothing against the work that was in flight.

use perennial_sandbox::{Action, Fault};
use perennial_tests::Faults;
use serde_json::json;

use super::{CONFIRM, world};

const CUSTOMERS: i64 = 4;

#[tokio::test]
async fn three_hard_restarts_while_the_provider_hangs_quarantine_nothing() {
    let mut world = world().await;
    world.work(Faults::None);
    for number in 0..CUSTOMERS {
        world.subscribe(&format!("customer-{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    world.rest().await;
    world.kill_workers().await;
    // The worker dies before its calls time out.
    world.set("PERENNIAL_STRIPE_TIMEOUT_MS", "20000");
    world.fault(Fault::new(Action::Hang).on("POST", CONFIRM));
    world.set_clock_to_next_due().await;
    for _ in 0..3 {
        world.work(Faults::None);
        world
            .wait_until("the renewals are under way, or suspected", async |conn| {
                let held: i64 = sqlx::query_scalar(
                    "select count(*) from perennial.jobs
                      where queue = 'collect_payment' and (state = 'suspect' or state = 'running' and lease_until > now())",
                )
                .fetch_one(conn)
                .await
                .unwrap();
                held == CUSTOMERS
            })
            .await;
        world.kill_workers().await;
    }
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
    world.sandbox.clear_faults();
    world.work(Faults::None);
    world.rest().await;
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
    let renewed = "select count(*) from perennial.payments where status = 'succeeded'";
    assert_eq!(world.count(renewed).await, 2 * CUSTOMERS);
    world.check().await;
}
