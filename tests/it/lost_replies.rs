//! The charge went through, its reply did not: it is asked for, never repeated under another key.

use chrono::TimeDelta;
use perennial_jobs::clock;
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

#[tokio::test]
async fn captured_money_that_nobody_can_tell_of_is_neither_forgotten_nor_taken_again() {
    const UNKNOWN: &str = "select count(*) from perennial.payments where status = 'unknown'";
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.fault(Fault::new(Action::DropAfter).on("POST", CONFIRM).times(1));
    world.fault(Fault::new(Action::Html502).on("GET", "/v1/payment_intents/*"));
    // The renewal, nine inquiries, and two days more.
    for _ in 0..12 {
        world.set_clock_to_next_due().await;
        world.rest().await;
    }
    assert_eq!((world.count(UNKNOWN).await, world.sandbox.ledger().entries.len()), (1, 2));
    let parked =
        "select count(*) from perennial.subscriptions where parked_reason like '%is not known%'";
    assert_eq!(world.count(parked).await, 1);
    let invoice: uuid::Uuid =
        sqlx::query_scalar("select invoice_id from perennial.payments where status = 'unknown'")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    world.emit("invoice.pay_requested", invoice, json!({}), "again").await.unwrap();
    world.rest().await;
    world
        .emit("subscription.cancel_requested", ada.subscription.0, json!({ "when": "now" }), "end")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!((world.count(UNKNOWN).await, world.sandbox.ledger().entries.len()), (1, 2));
    world.sandbox.clear_faults();
    world.set_clock_to_next_due().await;
    world.rest().await;
    assert_eq!(
        world.count("select count(*) from perennial.payments where status = 'succeeded'").await,
        2
    );
    assert_eq!(world.status(ada).await, "canceled");
    world.check().await;
}

#[tokio::test]
async fn a_networks_delay_counts_from_the_decline_however_late_that_came() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_mastercard__ok1__insufficient_funds9~25"], json!({})).await;
    world.rest().await;
    world.fault(
        Fault::new(Action::RateLimit { per_second: 0, reason: "endpoint-rate".into() })
            .on("POST", CONFIRM),
    );
    world.set_clock_to_next_due().await;
    world
        .wait_until("the provider has refused to listen", async |conn| {
            let tried: bool =
                sqlx::query_scalar("select exists (select from perennial.jobs where queue = 'collect_payment' and state = 'later')")
                    .fetch_one(conn)
                    .await
                    .unwrap();
            tried
        })
        .await;
    let planned = "select count(*) from perennial.payments where attempt = 1 and planned_at < perennial.business_now(clock_id) and status = 'declined'";
    let mut conn = world.pool.acquire().await.unwrap();
    let now = clock::business_now(&mut conn, clock::GLOBAL).await.unwrap();
    drop(conn);
    world.set_clock(now + TimeDelta::hours(20)).await;
    world.sandbox.clear_faults();
    world.rest().await;
    assert_eq!(world.count(planned).await, 1);
    let waits = "select count(*) from perennial.payment_methods m join perennial.clocks c on true
                  where m.not_before = perennial.business_now(c.id) + interval '24 hours'";
    assert_eq!(world.count(waits).await, 1);
}
