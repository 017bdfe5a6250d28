//! The provider does not let us in, or refuses one request: the first is nobody's decline and goes
//! on by itself; the second is one subscription's, listed until it is released.

use std::collections::BTreeMap;

use perennial_sandbox::{Action, DEFAULT_KEY, Fault, Scripted};
use perennial_tests::{Faults, World};
use serde_json::json;

use super::{CONFIRM, world};

const OPEN: &str = "select count(*) from perennial.provider_circuits where closed_at is null";
const CAPTURED: &str = "select count(*) from perennial.payments where status = 'succeeded'";
const DEAD: &str = "select count(*) from perennial.dead_jobs";
const CREATE: &str = "/v1/payment_intents$";

fn status(status: u16, code: &str) -> Action {
    let code = Some(code.to_owned());
    Action::Status(Scripted { status, code, ..Scripted::default() })
}

async fn ten(world: &World) {
    for number in 0..10 {
        world.subscribe(&format!("customer-{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    world.rest().await;
}

async fn opened(world: &World) {
    world
        .wait_until("the circuit opens", async |conn| {
            sqlx::query_scalar::<_, i64>(OPEN).fetch_one(conn).await.unwrap() == 1
        })
        .await;
}

/// Nothing was settled, and nobody is parked or told.
async fn nothing_happened(world: &World) {
    assert_eq!(
        world
            .count(
                "select count(*) from perennial.payments where status in ('declined', 'rejected')"
            )
            .await,
        0
    );
    assert_eq!(world.count("select count(*) from perennial.subscriptions where parked_kind is not null or status <> 'active'").await, 0);
    assert_eq!(
        world.count("select count(*) from perennial.emails where template <> 'receipt'").await,
        0
    );
}

async fn all_paid(world: &World) {
    world.rest().await;
    nothing_happened(world).await;
    assert_eq!(
        (world.count(CAPTURED).await, world.count(OPEN).await, world.count(DEAD).await),
        (20, 0, 0)
    );
    assert_eq!(world.sandbox.ledger().entries.len(), 20);
    world.check().await;
}

#[tokio::test]
async fn a_key_that_is_refused_settles_nothing_and_all_goes_on_when_it_works_again() {
    for (code, kind) in [(401, "api_key_expired"), (403, "more_permissions_required")] {
        let mut world = world().await;
        world.work(Faults::None);
        ten(&world).await;
        world.fault(Fault::new(status(code, kind)));
        world.set_clock_to_next_due().await;
        opened(&world).await;
        nothing_happened(&world).await;
        world.sandbox.clear_faults();
        all_paid(&world).await;
    }
}

#[tokio::test]
async fn the_key_of_another_account_is_no_decline_of_anybodys() {
    let mut world = world().await;
    world.work(Faults::None);
    ten(&world).await;
    world.kill_workers().await;
    world.set("STRIPE_SECRET_KEY", "sk_test_of_another_account");
    world.set_clock_to_next_due().await;
    world.work(Faults::None);
    opened(&world).await;
    nothing_happened(&world).await;
    let reason =
        "select count(*) from perennial.provider_circuits where reason like '%another account%'";
    assert_eq!(world.count(reason).await, 1);
    world.kill_workers().await;
    world.set("STRIPE_SECRET_KEY", DEFAULT_KEY);
    world.work(Faults::None);
    all_paid(&world).await;
}

#[tokio::test]
async fn rate_limits_use_up_no_attempt() {
    let mut world = world().await;
    world.work(Faults::None);
    ten(&world).await;
    let headers = BTreeMap::from([("Retry-After".to_owned(), "0".to_owned())]);
    let limited =
        Scripted { status: 429, headers, code: Some("rate_limit".into()), ..Scripted::default() };
    world.fault(Fault::new(Action::Status(limited)).on("POST", CONFIRM));
    world.set_clock_to_next_due().await;
    let refused =
        |world: &World| world.sandbox.requests().iter().filter(|asked| asked.status == 429).count();
    world.wait_until("each was refused often", async |_| refused(&world) >= 300).await;
    assert_eq!((world.count(DEAD).await, world.count(OPEN).await), (0, 0));
    world.sandbox.clear_faults();
    all_paid(&world).await;
}

#[tokio::test]
async fn a_card_that_was_detached_is_declined_for_good_and_the_ladder_runs() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let method = world.method_reference(ada.id.0).await;
    world.at_provider(&format!("/v1/payment_methods/{method}/detach"), "").await;
    world.live_until("2026-03-01T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "past_due");
    assert_eq!(world.count("select count(*) from perennial.payment_methods where blocked_reason = 'payment_method_gone'").await, 1);
    assert_eq!(
        world
            .count("select count(*) from perennial.emails where template = 'payment_failed'")
            .await,
        1
    );
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn a_backup_is_tried_where_the_first_card_was_detached() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok", "pm_sbx_discover__ok"], json!({})).await;
    world.rest().await;
    let method = world.method_reference(ada.id.0).await;
    world.at_provider(&format!("/v1/payment_methods/{method}/detach"), "").await;
    world.live_until("2026-03-01T00:00:00Z").await;
    assert_eq!((world.status(ada).await, world.count(CAPTURED).await), ("active".to_owned(), 2));
    world.check().await;
}

/// One subscription whose request is refused as such.
async fn parked() -> (World, perennial_tests::Customer) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.fault(Fault::new(status(400, "parameter_invalid")).on("POST", CREATE).times(1));
    world.live_until("2026-03-01T00:00:00Z").await;
    let parked =
        "select count(*) from perennial.subscriptions where parked_kind = 'request_rejected'";
    assert_eq!(world.count(parked).await, 1);
    (world, ada)
}

#[tokio::test]
async fn what_is_wrong_with_one_request_parks_one_subscription_until_it_is_released() {
    let (world, ada) = parked().await;
    assert_eq!(world.count("select perennial.release_parked('request_rejected')").await, 1);
    world.rest().await;
    assert_eq!((world.status(ada).await, world.count(CAPTURED).await), ("active".to_owned(), 2));
    assert_eq!(world.count("select perennial.release_parked('request_rejected')").await, 0);
    world.check().await;
}

#[tokio::test]
async fn a_new_card_releases_a_parked_subscription_by_itself() {
    let (world, ada) = parked().await;
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    assert_eq!((world.status(ada).await, world.count(CAPTURED).await), ("active".to_owned(), 2));
    world.check().await;
}

fn created(world: &World) -> usize {
    let requests = world.sandbox.requests();
    requests
        .iter()
        .filter(|asked| {
            asked.path == "/v1/payment_intents"
                && asked.method == "POST"
                && asked.status == 200
                && !asked.replayed
        })
        .count()
}

/// A renewal in which the provider remembers a fault of its own.
async fn remembered(fault: Scripted, path: &str) -> World {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.fault(Fault::new(Action::Status(fault)).on("POST", path).times(1));
    world.set_clock_to_next_due().await;
    world
        .wait_until("the money came", async |conn| {
            sqlx::query_scalar::<_, i64>(CAPTURED).fetch_one(&mut *conn).await.unwrap() == 2
                || sqlx::query_scalar::<_, i64>(
                    "select count(*) from perennial.payments where status = 'unknown'",
                )
                .fetch_one(conn)
                .await
                .unwrap()
                    == 1
        })
        .await;
    world.live_until("2026-02-28T12:10:00Z").await;
    assert_eq!((world.status(ada).await, world.count(CAPTURED).await), ("active".to_owned(), 2));
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    world.check().await;
    world
}

#[tokio::test]
async fn a_remembered_fault_of_creating_is_asked_about_and_then_made_under_the_next_key() {
    let fault = Scripted { status: 500, remembered: true, ..Scripted::default() };
    let world = remembered(fault, CREATE).await;
    assert_eq!(created(&world), 2);
    let keys: Vec<_> =
        world.sandbox.requests().iter().filter_map(|asked| asked.idempotency_key.clone()).collect();
    assert!(keys.iter().any(|key| key.contains("-again-2")), "{keys:?}");
}

#[tokio::test]
async fn a_remembered_fault_behind_which_an_intent_was_made_finds_that_intent() {
    let fault = Scripted { status: 500, remembered: true, executed: true, ..Scripted::default() };
    let world = remembered(fault, CREATE).await;
    let keys: Vec<_> =
        world.sandbox.requests().iter().filter_map(|asked| asked.idempotency_key.clone()).collect();
    assert!(!keys.iter().any(|key| key.contains("again")), "{keys:?}");
}

#[tokio::test]
async fn a_remembered_fault_of_charging_charges_once_under_the_next_key() {
    let fault = Scripted { status: 500, remembered: true, ..Scripted::default() };
    remembered(fault, CONFIRM).await;
}
