//! The charge went through, its reply did not: it is asked for, never repeated under another key.

use chrono::TimeDelta;
use perennial_sandbox::{Action, Fault};
use perennial_tests::Faults;
use serde_json::json;

use super::{CONFIRM, world};

async fn captured_once_when(lost: Action) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.fault(Fault::new(lost).on("POST", CONFIRM).times(1));
    world.set_clock_to_next_due().await;
    world
        .wait_until("the outcome is unknown", async |conn| {
            let unknown: i64 = sqlx::query_scalar(
                "select count(*) from perennial.payments where status = 'unknown'",
            )
            .fetch_one(conn)
            .await
            .unwrap();
            unknown == 1
        })
        .await;
    assert_eq!(world.sandbox.ledger().entries.len(), 2, "the provider has captured");
    world.rest().await;
    assert_eq!(
        world.count("select count(*) from perennial.payments where status = 'succeeded'").await,
        1
    );
    // Asked for after a minute of business time.
    world.advance(TimeDelta::seconds(61)).await;
    assert_eq!(
        world.count("select count(*) from perennial.payments where status = 'succeeded'").await,
        2
    );
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn a_reply_that_is_dropped_is_asked_for() {
    captured_once_when(Action::DropAfter).await;
}

#[tokio::test]
async fn a_reply_that_never_comes_is_asked_for() {
    captured_once_when(Action::HangAfter).await;
}

#[tokio::test]
async fn a_reply_that_is_a_page_of_html_is_asked_for() {
    captured_once_when(Action::Html502).await;
}

#[tokio::test]
async fn a_reply_that_is_cut_short_is_asked_for() {
    captured_once_when(Action::Truncate).await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_counts_as_no_decline() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.fault(Fault::new(Action::DropBefore).on("POST", "/v1/payment_intents$").times(2));
    world.set_clock_to_next_due().await;
    world.rest().await;
    // The create that may or may not have arrived is repeated with its own key.
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(
        world.count("select count(*) from perennial.payments where status = 'declined'").await,
        0
    );
    world.check().await;
}
