//! A card is the same card by whatever reference and event it comes: what the issuer, the network
//! or a bank said of it stays said until an operator lifts it.

use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::refunds::{CLOSED, DISPUTED, closing, dispute_of, payments, tell};
use super::world;

const ATTEMPTS: &str = "select count(*) from perennial.payments";
const BLOCKED: &str =
    "select count(*) from perennial.payment_methods where blocked_reason is not null";

/// What was told of a customer's first method, to be told again.
async fn told(world: &World, customer: Uuid) -> Value {
    let sql = "select data from perennial.lifecycle_events where type = 'payment_method.attached' and customer_id = $1 order by seq limit 1";
    sqlx::query_scalar(sql).bind(customer).fetch_one(&world.pool).await.unwrap()
}

async fn past_due(method: &str) -> (World, Customer) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &[method], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(world.status(ada).await, "past_due");
    (world, ada)
}

async fn unblock(world: &World, ada: Customer) {
    let reference = world.method_reference(ada.id.0).await;
    let data = json!({ "reference": reference, "reason": "the customer called" });
    world.emit("payment_method.unblocked", ada.id.0, data, "unblock").await.unwrap();
    world.rest().await;
}

#[tokio::test]
async fn the_same_card_told_again_lifts_no_block_and_makes_no_attempt() {
    for method in ["pm_sbx_visa__ok1__stolen_card", "pm_sbx_visa__ok1__insufficient_funds"] {
        let (world, ada) = past_due(method).await;
        let (before, blocked) = (world.count(ATTEMPTS).await, world.count(BLOCKED).await);
        let data = told(&world, ada.id.0).await;
        for number in 0..30 {
            world
                .emit("payment_method.attached", ada.id.0, data.clone(), &format!("again/{number}"))
                .await
                .unwrap();
        }
        world.rest().await;
        assert_eq!((world.count(ATTEMPTS).await, world.count(BLOCKED).await), (before, blocked));
        world.live_until("2026-03-09T00:00:00Z").await;
        // The retry steps still have the whole budget.
        let steps = if method.contains("stolen") { 0 } else { 4 };
        assert_eq!(world.count(ATTEMPTS).await, before + steps, "{method}");
        world.check().await;
    }
}

#[tokio::test]
async fn another_reference_of_a_stolen_card_is_blocked_too_whoever_has_it() {
    let (world, ada) = past_due("pm_sbx_visa__ok1__stolen_card__card7").await;
    let before = world.count(ATTEMPTS).await;
    world.attach(ada, "ada", "pm_sbx_visa__ok__card7").await;
    let bob = world.subscribe("bob", &["pm_sbx_visa__ok__exp203012__card7"], json!({})).await;
    world.rest().await;
    assert_eq!((world.count(ATTEMPTS).await, world.count(BLOCKED).await), (before, 3));
    assert_eq!(world.status(bob).await, "incomplete");
    world.attach(ada, "ada", "pm_sbx_visa__ok__card8").await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn a_card_that_was_to_be_confirmed_may_be_charged_under_the_reference_it_was_confirmed_with()
{
    let (world, ada) = past_due("pm_sbx_visa__ok1__authentication_required__card7").await;
    world.attach(ada, "ada", "pm_sbx_visa__ok__card7").await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn an_expired_card_is_charged_again_once_it_is_good_for_longer_and_not_before() {
    let (world, ada) = past_due("pm_sbx_visa__ok1__expired_card1__ok__exp202612").await;
    let mut data = told(&world, ada.id.0).await;
    world.emit("payment_method.attached", ada.id.0, data.clone(), "again").await.unwrap();
    world.rest().await;
    assert_eq!((world.status(ada).await, world.count(BLOCKED).await), ("past_due".to_owned(), 1));
    data["exp_year"] = json!(2030);
    world.emit("payment_method.attached", ada.id.0, data, "renewed").await.unwrap();
    world.rest().await;
    assert_eq!((world.status(ada).await, world.count(BLOCKED).await), ("active".to_owned(), 0));
    world.check().await;
}

#[tokio::test]
async fn an_operator_lifts_a_block_and_what_is_owed_is_charged() {
    let (world, ada) = past_due("pm_sbx_visa__ok1__stolen_card1__ok").await;
    unblock(&world, ada).await;
    assert_eq!((world.status(ada).await, world.count(BLOCKED).await), ("active".to_owned(), 0));
    world.check().await;
    let unknown = json!({ "reference": "pm_nobodys", "reason": "a guess" });
    world.emit("payment_method.unblocked", ada.id.0, unknown, "nobodys").await.unwrap();
    world.rest().await;
    let refused = "select count(*) from perennial.lifecycle_events where event_id = 'nobodys' and outcome = 'refused'";
    assert_eq!(world.count(refused).await, 1);
}

#[tokio::test]
async fn attempts_under_all_references_of_a_card_count_against_its_networks_budget() {
    let (world, ada) = past_due("pm_sbx_visa__ok1__insufficient_funds__card7").await;
    for year in 2031..2051 {
        world
            .attach(ada, "ada", &format!("pm_sbx_visa__insufficient_funds__exp{year}12__card7"))
            .await;
        world.rest().await;
    }
    // One on the day: another reference makes no other card of it.
    assert!(world.count(ATTEMPTS).await <= 4, "{}", world.count(ATTEMPTS).await);
    world.live_until("2026-03-12T00:00:00Z").await;
    world.check().await;
}

#[tokio::test]
async fn a_card_whose_payment_was_lost_as_fraud_is_not_charged_until_an_operator_says_so() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let payment = payments(&world).await[0];
    tell(&world, (DISPUTED, payment, dispute_of(49_00, "dp_1", "open")), "open").await;
    assert_eq!(world.count(BLOCKED).await, 0, "a bank that asks has not decided");
    tell(&world, (CLOSED, payment, closing("dp_1", "lost")), "lost").await;
    let before = world.count(ATTEMPTS).await;
    world.live_until("2026-03-03T00:00:00Z").await;
    assert_eq!(
        (world.status(ada).await, world.count(ATTEMPTS).await),
        ("past_due".to_owned(), before)
    );
    world.check().await;
    unblock(&world, ada).await;
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

#[tokio::test]
async fn core_and_database_have_the_same_network_budgets() {
    use perennial_core::network::{Network, budgets};

    let world = world().await;
    let rows: Vec<(String, i32, f64)> = sqlx::query_as(
        "select network, attempts_max, extract(epoch from period)::float8 from perennial.network_budgets order by 1, 3",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    for network in [
        Network::Visa,
        Network::Mastercard,
        Network::Amex,
        Network::Discover,
        Network::UsBankAccount,
        Network::Other,
    ] {
        let own = rows.iter().any(|(name, ..)| name == network.as_str());
        let name = if own { network.as_str() } else { "other" };
        let here: Vec<(i64, i64)> = rows
            .iter()
            .filter(|(of, ..)| of == name)
            .map(|(_, attempts, seconds)| {
                (i64::from(*attempts), format!("{seconds:.0}").parse().unwrap())
            })
            .collect();
        let core: Vec<(i64, i64)> = budgets(network)
            .map(|(attempts, window)| (i64::try_from(attempts).unwrap(), window.num_seconds()))
            .collect();
        assert_eq!(here, core, "{network}");
    }
}
