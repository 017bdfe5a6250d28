//! One customer at a glance: what they are worth, and what says that they may leave.

use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};

use super::memberships::execute;
use super::world;

/// Lets a worker score everybody.
async fn score(world: &World) {
    execute(world, "select perennial.enqueue('score_churn', '{}', 'now')").await;
    world.rest().await;
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
}

/// `ada 2026-02-28 failed_payments 5`.
async fn indicators(world: &World) -> Vec<String> {
    let sql = "select c.name || ' ' || i.date || ' ' || i.indicator || ' ' || i.points
                 from perennial.churn_indicators i join perennial.customers c on c.id = i.customer_id order by 1";
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

/// What the command says.
async fn told(world: &World, customer: Customer) -> Value {
    let command =
        world.command().args(["customer", &customer.id.to_string(), "--json"]).output().await;
    let output = command.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Closed periods of a metric that the subscription limited, the latest last.
async fn used(world: &World, customer: Customer, used: &[i64]) {
    let sql = format!(
        "insert into perennial.usage_closings
         select '{}', c.metric_id, p, p + interval '1 day', '{}', null, -1, u.used, 0, 0, p + interval '1 day'
           from perennial.metric_codes c, unnest(array{used:?}::bigint[]) with ordinality u (used, n),
                lateral (select '2025-01-01Z'::timestamptz + make_interval(hours => 24 * n::integer) as p) p
          where c.code = 'ai_operations'",
        customer.id.0, customer.subscription.0
    );
    execute(world, &sql).await;
}

#[tokio::test]
async fn a_customer_without_any_sign_has_no_row_and_no_points() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    used(&world, ada, &[10, 10, 10]).await;
    score(&world).await;
    assert_eq!(indicators(&world).await, [""; 0]);
    assert_eq!(told(&world, ada).await["churn"], json!({ "score": 0, "reasons": [] }));
}

#[tokio::test]
async fn declined_payments_count_for_ninety_days_and_dunning_while_it_lasts() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds"], json!({})).await;
    world.subscribe("bob", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-28T13:00:00Z").await;
    score(&world).await;
    score(&world).await;
    let first = ["ada 2026-02-28 failed_payments 5", "ada 2026-02-28 in_dunning 25"];
    assert_eq!(indicators(&world).await, first);
    // A day has one score: what is found later takes the place of what was found.
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    world.emit("invoice.pay_requested", ada.subscription.0, json!({}), "pay").await.ok();
    world.rest().await;
    assert_eq!(world.status(ada).await, "active", "{}", world.diary(ada.subscription).await);
    score(&world).await;
    assert_eq!(indicators(&world).await, first[..1]);
    world.live_until("2026-05-29T11:00:00Z").await;
    score(&world).await;
    world.live_until("2026-05-30T13:00:00Z").await;
    score(&world).await;
    let all = ["ada 2026-02-28 failed_payments 5", "ada 2026-05-29 failed_payments 5"];
    assert_eq!(indicators(&world).await, all);
    world.check().await;
}

#[tokio::test]
async fn the_business_day_is_that_of_its_zone() {
    let mut world = world().await;
    execute(&world, "update perennial.analytics_settings set business_zone = 'Pacific/Auckland'")
        .await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let data = json!({ "when": "period_end" });
    world.emit("subscription.cancel_requested", ada.subscription.0, data, "leave").await.unwrap();
    world.rest().await;
    score(&world).await;
    assert_eq!(indicators(&world).await, ["ada 2026-02-01 cancel_scheduled 25"]);
    let facts = told(&world, ada).await["churn"]["reasons"][0]["facts"].clone();
    assert_eq!(facts, json!({ "ends_at": "2026-02-28T12:00:00Z" }));
    // Who has left cannot leave.
    world.live_until("2026-03-02T00:00:00Z").await;
    score(&world).await;
    assert_eq!(indicators(&world).await.len(), 1);
}

#[tokio::test]
async fn use_is_held_against_the_customers_own_baseline() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    let bob = world.subscribe("bob", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    used(&world, ada, &[1000, 90, 100, 110, 40]).await;
    used(&world, bob, &[1, 1, 2, 40]).await;
    score(&world).await;
    assert_eq!(indicators(&world).await, ["ada 2026-01-31 falling_use 12"]);
    let reason = told(&world, ada).await["churn"]["reasons"][0].clone();
    let facts = json!({ "metric": "ai_operations", "last": 40, "before": [110, 100, 90] });
    assert_eq!(reason, json!({ "indicator": "falling_use", "points": 12, "facts": facts }));
}

#[tokio::test]
async fn a_downgrade_and_a_card_that_will_not_do_are_told() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let second = perennial_core::ids::SubscriptionId::derived("second").0;
    let wish = json!({ "customer": ada.id.0, "plan": "enterprise", "interval": "month" });
    world.emit("subscription.created", second, wish, "second").await.unwrap();
    world.rest().await;
    world.advance(chrono::TimeDelta::days(1)).await;
    world
        .emit("subscription.cancel_requested", second, json!({ "when": "now" }), "less")
        .await
        .unwrap();
    world.rest().await;
    execute(&world, "update perennial.payment_methods set expires_at = '2026-02-28T12:00:00Z'")
        .await;
    score(&world).await;
    let expected = ["ada 2026-02-01 card_expiring 5", "ada 2026-02-01 downgrade 10"];
    assert_eq!(indicators(&world).await, expected);
    let told = told(&world, ada).await;
    let kinds: Vec<&str> =
        told["movements"].as_array().unwrap().iter().map(|m| m["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["new", "expansion", "contraction"]);
    assert_eq!(told["worth"][0]["mrr"], "4900");
    // A set-up fee is paid, and is no recurring revenue.
    assert_eq!(told["worth"][0]["paid_minor"], 4900 + 19_900 + 50_000);
    let scores: Vec<i32> = sqlx::query_scalar("select score from perennial.churn_scores")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(scores, [15]);
}

#[tokio::test]
async fn what_is_to_come_follows_from_how_many_left() {
    let mut world = world().await;
    world.work(Faults::None);
    let mut customers = Vec::new();
    for name in ["ada", "bob", "cyd", "dan"] {
        customers.push(world.subscribe(name, &["pm_sbx_visa__ok"], json!({})).await);
    }
    world.rest().await;
    world.live_until("2026-03-15T00:00:00Z").await;
    let (ada, bob) = (customers[0], customers[1]);
    world
        .emit("subscription.cancel_requested", bob.subscription.0, json!({ "when": "now" }), "bye")
        .await
        .unwrap();
    world.rest().await;
    // Nobody paid three months ago yet: nothing is known.
    let early = told(&world, ada).await["worth"][0].clone();
    assert_eq!(early["predicted_minor"], Value::Null);
    world.live_until("2026-05-10T00:00:00Z").await;
    // One of four left in three months: one in twelve each month.
    let expected = json!({
        "currency": "USD", "paid_minor": 4 * 4900, "mrr": "4900", "months_expected": "12",
        "customers_paying": 4, "customers_churned": 1, "predicted_minor": 12 * 4900, "lifetime_minor": 16 * 4900,
    });
    let told_ada = told(&world, ada).await;
    assert_eq!(told_ada["worth"], json!([expected]));
    assert_eq!(told_ada["months"], 3);
    let told_bob = told(&world, bob).await;
    assert_eq!(told_bob["worth"][0]["predicted_minor"], 0);
    assert_eq!(told_bob["worth"][0]["lifetime_minor"], 2 * 4900);
    let text = world.command().args(["customer", &ada.id.to_string()]).output().await.unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    for line in
        ["12 months, as 1 of 4 customers left", "likely to leave: 0 of 100", "new", "USD 49.0000"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Long after, the one who left is not of those who were there.
    world.live_until("2026-07-10T00:00:00Z").await;
    let late = told(&world, ada).await["worth"][0].clone();
    assert_eq!((&late["customers_paying"], &late["customers_churned"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn a_customer_nobody_knows_is_bad_input() {
    let world = world().await;
    for unknown in ["cus_00000000000000000000000000000000", "nonsense"] {
        let refused = world.command().args(["customer", unknown]).output().await.unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(matches!(refused.status.code(), Some(64 | 65)), "{unknown}: {said}");
        assert!(said.to_lowercase().contains("customer"), "{unknown}: {said}");
    }
}
