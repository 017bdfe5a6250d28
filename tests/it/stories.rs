//! Whole lives of subscriptions, told by their diaries.

use perennial_tests::{Faults, World};
use serde_json::json;

use super::world;

/// Lives with one customer until an instant, and tells what happened.
async fn told(methods: &[&str], wish: serde_json::Value, until: &str) -> (World, String) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", methods, wish).await;
    world.rest().await;
    world.live_until(until).await;
    world.check().await;
    let diary = world.diary(ada.subscription).await;
    (world, diary)
}

#[tokio::test]
async fn a_subscription_anchored_on_the_31st_renews_on_the_last_day_of_each_month_with_a_receipt() {
    let (world, diary) = told(&["pm_sbx_visa__ok"], json!({}), "2026-05-01T00:00:00Z").await;
    insta::assert_snapshot!(diary);
    assert_eq!(world.inbox.mails().len(), 4);
}

#[tokio::test]
async fn a_declined_card_is_tried_again_and_recovers() {
    let method = "pm_sbx_visa__ok1__insufficient_funds2__ok";
    insta::assert_snapshot!(told(&[method], json!({}), "2026-03-10T00:00:00Z").await.1);
}

#[tokio::test]
async fn a_card_that_stays_declined_ends_the_subscription_after_grace() {
    let method = "pm_sbx_visa__ok1__insufficient_funds";
    insta::assert_snapshot!(told(&[method], json!({}), "2026-03-20T00:00:00Z").await.1);
}

#[tokio::test]
async fn a_stolen_card_is_never_charged_again_and_a_new_one_resumes_at_once() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__stolen_card"], json!({})).await;
    world.rest().await;
    world.live_until("2026-03-04T00:00:00Z").await;
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    world.check().await;
    assert_eq!(world.status(ada).await, "active", "{}", world.diary(ada.subscription).await);
    insta::assert_snapshot!(world.diary(ada.subscription).await);
}

#[tokio::test]
async fn a_backup_card_pays_where_the_first_is_declined_and_nobody_is_dunned() {
    let methods = ["pm_sbx_visa__ok1__expired_card", "pm_sbx_discover__ok"];
    insta::assert_snapshot!(told(&methods, json!({}), "2026-03-05T00:00:00Z").await.1);
}

#[tokio::test]
async fn a_network_that_says_not_before_two_days_is_heeded() {
    let method = "pm_sbx_mastercard__ok1__insufficient_funds1~26__ok";
    insta::assert_snapshot!(told(&[method], json!({}), "2026-03-10T00:00:00Z").await.1);
}

#[tokio::test]
async fn a_trial_becomes_a_paid_subscription_at_its_end() {
    let wish = json!({ "trial_end": "2026-02-14T12:00:00Z" });
    insta::assert_snapshot!(told(&["pm_sbx_visa__ok"], wish, "2026-03-20T00:00:00Z").await.1);
}

#[tokio::test]
async fn a_trial_without_a_card_pauses_until_one_is_attached() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &[], json!({ "trial_end": "2026-02-14T12:00:00Z" })).await;
    world.rest().await;
    world.live_until("2026-02-20T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "paused");
    world.attach(ada, "ada", "pm_sbx_visa__ok").await;
    world.rest().await;
    world.check().await;
    assert_eq!(world.status(ada).await, "active");
    insta::assert_snapshot!(world.diary(ada.subscription).await);
}

#[tokio::test]
async fn a_cancellation_takes_effect_exactly_on_the_boundary_and_starts_no_new_period() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world
        .emit("subscription.cancel_requested", ada.subscription.0, json!({}), "cancel")
        .await
        .unwrap();
    world.rest().await;
    world.live_until("2026-02-28T12:00:00Z").await;
    world.check().await;
    assert_eq!(world.status(ada).await, "canceled");
    assert_eq!(world.count("select count(*) from perennial.invoices").await, 1);
    insta::assert_snapshot!(world.diary(ada.subscription).await);
}

#[tokio::test]
async fn a_cancellation_can_be_undone_until_the_period_ends_and_not_after() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    for (kind, id) in [("subscription.cancel_requested", "1"), ("subscription.cancel_undone", "2")]
    {
        world.emit(kind, ada.subscription.0, json!({}), id).await.unwrap();
        world.rest().await;
    }
    world.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(world.status(ada).await, "active");
    world
        .emit("subscription.cancel_requested", ada.subscription.0, json!({ "when": "now" }), "3")
        .await
        .unwrap();
    world.emit("subscription.cancel_undone", ada.subscription.0, json!({}), "4").await.unwrap();
    world.rest().await;
    world.check().await;
    assert_eq!(world.status(ada).await, "canceled");
    let refused = "select count(*) from perennial.lifecycle_events where event_id = '4' and outcome = 'refused'";
    assert_eq!(world.count(refused).await, 1);
}

#[tokio::test]
async fn seats_and_setup_fees_are_billed() {
    let wish = json!({ "plan": "pro", "seats": 7 });
    let (world, _) = told(&["pm_sbx_visa__ok"], wish, "2026-02-01T00:00:00Z").await;
    assert_eq!(world.count("select total_minor from perennial.invoices").await, 7 * 4_900);
    let (world, _) =
        told(&["pm_sbx_visa__ok"], json!({ "plan": "enterprise" }), "2026-03-01T00:00:00Z").await;
    assert_eq!(
        world.count("select total_minor from perennial.invoices order by number limit 1").await,
        69_900
    );
    assert_eq!(
        world
            .count("select total_minor from perennial.invoices order by number desc limit 1")
            .await,
        19_900
    );
}

#[tokio::test]
async fn a_yearly_renewal_and_an_expiring_card_are_announced() {
    let wish = json!({ "interval": "year" });
    let (world, diary) = told(&["pm_sbx_visa__ok__exp202612"], wish, "2027-01-30T00:00:00Z").await;
    assert_eq!(
        world
            .count("select count(*) from perennial.emails where template = 'upcoming_renewal'")
            .await,
        1
    );
    assert_eq!(
        world.count("select count(*) from perennial.emails where template = 'card_expiring'").await,
        1
    );
    insta::assert_snapshot!(diary);
}

#[tokio::test]
async fn a_first_payment_that_never_comes_gives_the_subscription_up() {
    let (world, diary) =
        told(&["pm_sbx_visa__insufficient_funds"], json!({}), "2026-02-02T00:00:00Z").await;
    assert_eq!(
        world.count("select count(*) from perennial.invoices where status = 'void'").await,
        1
    );
    insta::assert_snapshot!(diary);
}

#[tokio::test]
async fn mails_of_one_dunning_case_form_a_thread() {
    let method = "pm_sbx_visa__ok1__insufficient_funds2__ok";
    let (world, _) = told(&[method], json!({}), "2026-03-10T00:00:00Z").await;
    let mails = world.inbox.mails();
    let failed: Vec<_> = mails
        .iter()
        .filter(|mail| mail.header("X-Perennial-Letter") == Some("payment_failed"))
        .collect();
    let first = failed[0].header("Message-ID").unwrap();
    assert_eq!(failed[0].header("In-Reply-To"), None);
    assert_eq!(failed[1].header("In-Reply-To"), Some(first));
    assert_eq!(failed[1].header("Auto-Submitted"), Some("auto-generated"));
}
