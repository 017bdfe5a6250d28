//! What lies ahead: subscriptions that begin later, and events that are told too early.

use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world;

async fn emit_at(
    world: &World,
    kind: &str,
    subject: Uuid,
    data: Value,
    at: &str,
) -> sqlx::Result<i64> {
    sqlx::query_scalar("select perennial.emit($1, $2, $3, $4, $5::timestamptz)")
        .bind(kind)
        .bind(subject)
        .bind(data)
        .bind(format!("{kind}/{subject}/{at}"))
        .bind(at)
        .fetch_one(&world.pool)
        .await
}

async fn processed(world: &World, subject: Uuid) -> Vec<String> {
    let done = "select type from perennial.lifecycle_events
                 where subject = $1 and processed_at is not null and type <> 'subscription.created' order by seq";
    sqlx::query_scalar(done).bind(subject).fetch_all(&world.pool).await.unwrap()
}

fn another(customer: Customer, name: &str) -> (Uuid, Value) {
    let subject = perennial_core::ids::SubscriptionId::derived(name).0;
    (subject, json!({ "customer": customer.id.0, "plan": "professional", "interval": "month" }))
}

#[tokio::test]
async fn an_event_of_the_future_is_refused_and_a_later_start_is_a_field() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let (subject, data) = another(ada, "second");
    for (kind, subject, data) in [
        ("subscription.created", subject, data.clone()),
        ("subscription.cancel_requested", ada.subscription.0, json!({})),
    ] {
        let refused = emit_at(&world, kind, subject, data, "2026-03-01T00:00:00Z").await;
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("at: lies ahead of the customer's clock"), "{message}");
        assert_eq!(message.contains("starts_at"), kind == "subscription.created", "{message}");
    }
    let early = json!({ "starts_at": "2026-01-01T00:00:00Z" });
    let mut data = data;
    data["starts_at"] = early["starts_at"].clone();
    let refused = world.emit("subscription.created", subject, data, "early").await.unwrap_err();
    assert!(refused.to_string().contains("starts_at: must lie after the event"), "{refused}");
}

#[tokio::test]
async fn an_event_that_is_early_waits_alone_and_keeps_the_order_of_its_subject() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    let (second, data) = another(ada, "second");
    world.emit("subscription.created", second, data, "second").await.unwrap();
    world.rest().await;
    let first = ada.subscription.0;
    // The caller's clock is four minutes ahead.
    let (cancel, undo) = ("subscription.cancel_requested", "subscription.cancel_undone");
    emit_at(&world, cancel, first, json!({}), "2026-01-31T12:04:00Z").await.unwrap();
    world.emit(undo, first, json!({}), "undo").await.unwrap();
    world.emit(cancel, second, json!({ "when": "now" }), "now").await.unwrap();
    world.rest().await;
    assert_eq!(processed(&world, second).await, [cancel]);
    assert_eq!(processed(&world, first).await, Vec::<String>::new());
    let waiting = "select count(*) from perennial.waiting_events
                    where type = 'subscription.cancel_undone' and waits_for like '%12:04%'";
    assert_eq!(world.count(waiting).await, 1);
    world.live_until("2026-01-31T12:05:00Z").await;
    assert_eq!(processed(&world, first).await, [cancel, undo]);
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn a_subscription_that_starts_later_exists_begins_and_is_charged_at_its_instant() {
    let mut world = world().await;
    world.work(Faults::None);
    let wish = json!({ "starts_at": "2026-03-10T09:00:00Z" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], wish).await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "scheduled");
    let id = ada.subscription.to_string();
    let explained = world.command().args(["explain", &id]).output().await.unwrap();
    let explained = String::from_utf8(explained.stdout).unwrap();
    assert!(explained.contains("start_subscription at 2026-03-10T09:00:00Z"), "{explained}");
    assert_eq!(access(&world, ada).await, "none");
    world.live_until("2026-03-10T08:59:59Z").await;
    assert_eq!(
        (world.status(ada).await.as_str(), world.sandbox.ledger().entries.len()),
        ("scheduled", 0)
    );
    world.check().await;
    world.live_until("2026-04-10T09:00:00Z").await;
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    let first = "select count(*) from perennial.subscription_periods
                  where starts_at = '2026-03-10T09:00:00Z' and ends_at = '2026-04-10T08:00:00Z'";
    assert_eq!(world.count(first).await, 1, "nine o'clock in London, summer time and winter");
    world.check().await;
}

#[tokio::test]
async fn a_scheduled_trial_is_anchored_at_its_end_and_a_jump_of_the_clock_begins_it_as_of_its_instant()
 {
    let mut world = world().await;
    world.work(Faults::None);
    let wish = json!({ "starts_at": "2026-02-10T00:00:00Z", "trial_end": "2026-02-24T00:00:00Z" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], wish).await;
    world.rest().await;
    world.set_clock("2026-02-20T00:00:00Z".parse().unwrap()).await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "trialing");
    assert_eq!(access(&world, ada).await, "full");
    world.live_until("2026-02-24T00:00:00Z").await;
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    let period = "select count(*) from perennial.subscriptions
                   where started_at = '2026-02-10T00:00:00Z' and period_end = '2026-03-24T00:00:00Z'";
    assert_eq!(world.count(period).await, 1);
    world.check().await;
}

#[tokio::test]
async fn a_scheduled_subscription_is_cancelled_before_it_begins_and_costs_nothing() {
    let mut world = world().await;
    world.work(Faults::None);
    let wish = json!({ "starts_at": "2026-03-10T09:00:00Z" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], wish).await;
    world.rest().await;
    let cancel = "subscription.cancel_requested";
    world.emit(cancel, ada.subscription.0, json!({}), "no").await.unwrap();
    world.rest().await;
    world.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        (world.status(ada).await.as_str(), world.sandbox.ledger().entries.len()),
        ("canceled", 0)
    );
    assert_eq!(world.count("select count(*) from perennial.invoices").await, 0);
    world.check().await;
}

async fn access(world: &World, customer: Customer) -> String {
    sqlx::query_scalar("select perennial.subscription_access($1)")
        .bind(customer.subscription.0)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}
