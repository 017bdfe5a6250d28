//! The customer pays at the provider, and nobody tells us: before each step that asks for money or
//! gives it up the provider is asked, and what was paid there is booked once.

use chrono::TimeDelta;
use perennial_core::ids::OrderId;
use perennial_jobs::store::wallets;
use perennial_tests::{Customer, Faults, World};
use serde_json::json;

use super::world;

const STOLEN: &str = "pm_sbx_visa__ok1__stolen_card";
const TO_CONFIRM: &str = "pm_sbx_visa__ok1__authentication_required";
const CAPTURED: &str = "select count(*) from perennial.payments where status = 'succeeded'";

async fn emails(world: &World) -> i64 {
    world.count("select count(*) from perennial.emails").await
}

/// One paid month; the second was declined.
async fn past_due(method: &str) -> (World, Customer) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &[method], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-28T13:00:00Z").await;
    assert_eq!(world.status(ada).await, "past_due");
    (world, ada)
}

async fn reconcile(world: &World) {
    world
        .count(
            "select count(perennial.enqueue('reconcile_payments', '{}', gen_random_uuid()::text))",
        )
        .await;
    world.rest().await;
}

#[tokio::test]
async fn a_retry_step_finds_what_was_paid_with_another_card_and_asks_for_nothing_more() {
    let (world, ada) = past_due(STOLEN).await;
    let before = emails(&world).await;
    world.pay_at_provider("pm_card_visa").await;
    world.live_until("2026-03-30T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "active", "{}", world.diary(ada.subscription).await);
    assert_eq!((world.count(CAPTURED).await, world.sandbox.ledger().entries.len()), (2, 2));
    // A receipt and the good news.
    assert_eq!(emails(&world).await - before, 2);
    world.check().await;
    insta::assert_snapshot!(world.diary(ada.subscription).await);
}

#[tokio::test]
async fn what_the_customer_confirmed_is_found_when_we_are_asked_to_collect() {
    let (world, ada) = past_due(TO_CONFIRM).await;
    world.pay_at_provider("pm_card_visa").await;
    let invoice: uuid::Uuid =
        sqlx::query_scalar("select id from perennial.invoices where status = 'open'")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    world.emit("invoice.pay_requested", invoice, json!({}), "pay").await.unwrap();
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    assert_eq!((world.count(CAPTURED).await, world.sandbox.ledger().entries.len()), (2, 2));
    world.check().await;
}

#[tokio::test]
async fn grace_does_not_end_for_who_has_paid() {
    let (world, ada) = past_due(STOLEN).await;
    world.live_until("2026-03-10T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "grace");
    world.pay_at_provider("pm_card_visa").await;
    world.live_until("2026-03-20T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(world.count("select count(*) from perennial.emails where template in ('grace_ending', 'expired')").await, 0);
    world.check().await;
}

#[tokio::test]
async fn a_first_payment_that_was_confirmed_begins_the_subscription() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__authentication_required"], json!({})).await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "incomplete");
    world.pay_at_provider("pm_card_visa").await;
    world.live_until("2026-02-02T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn a_cancellation_books_what_was_paid_before_it_gives_the_rest_up() {
    let (world, ada) = past_due(STOLEN).await;
    world.pay_at_provider("pm_card_visa").await;
    world
        .emit("subscription.cancel_requested", ada.subscription.0, json!({ "when": "now" }), "end")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.status(ada).await, "canceled");
    assert_eq!(
        world.count("select count(*) from perennial.invoices where status <> 'paid'").await,
        0
    );
    world.check().await;
}

#[tokio::test]
async fn what_was_written_off_and_paid_is_found_by_the_comparison_and_is_no_loss() {
    let (world, ada) = past_due(STOLEN).await;
    world.live_until("2026-03-20T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "expired");
    world.pay_at_provider("pm_card_visa").await;
    for _ in 0..2 {
        reconcile(&world).await;
    }
    assert_eq!(world.count("select coalesce(sum(amount_minor), 0)::bigint from perennial.ledger_entries where account = 'bad_debt'").await, 0);
    assert_eq!((world.count(CAPTURED).await, world.status(ada).await), (2, "expired".to_owned()));
    world.check().await;
}

#[tokio::test]
async fn an_order_that_failed_here_and_was_paid_there_has_what_was_bought() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada =
        world.subscribe("ada", &["pm_sbx_visa__ok1__authentication_required"], json!({})).await;
    world.rest().await;
    let bought = json!({ "customer": ada.id.0, "package": "tokens_100" });
    world.emit("order.placed", OrderId::derived("tokens").0, bought, "tokens").await.unwrap();
    world.rest().await;
    assert_eq!(
        world.count("select count(*) from perennial.orders where status = 'failed'").await,
        1
    );
    world.pay_at_provider("pm_card_visa").await;
    for _ in 0..2 {
        reconcile(&world).await;
    }
    assert_eq!(world.count("select count(*) from perennial.orders where status = 'paid'").await, 1);
    let mut conn = world.pool.acquire().await.unwrap();
    assert_eq!(wallets::balance(&mut conn, ada.id.0, "tokens").await.unwrap(), 100);
    world.check().await;
}

#[tokio::test]
async fn death_around_the_look_changes_nothing() {
    let mut expected = None;
    for point in [None, Some("E3.C5"), Some("C6"), Some("C7"), Some("E5.C3")] {
        let (mut world, ada) = past_due(STOLEN).await;
        world.kill_workers().await;
        world.pay_at_provider("pm_card_visa").await;
        world.set_clock_to_next_due().await;
        if let Some(point) = point {
            world.work(Faults::KilledAt(point));
            world.wait_for_death().await;
        }
        world.work(Faults::None);
        world.rest().await;
        world.check().await;
        assert_eq!(world.status(ada).await, "active");
        let dump = world.dump().await;
        assert_eq!(expected.get_or_insert(dump.clone()), &dump, "killed at {point:?}");
    }
}

#[tokio::test]
async fn nothing_is_asked_where_no_intent_was_ever_made() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &[], json!({})).await;
    world.rest().await;
    world.advance(TimeDelta::days(3)).await;
    let requests = world.sandbox.requests();
    assert!(!requests.iter().any(|asked| asked.path.starts_with("/v1/payment_intents/")));
    world.check().await;
}
