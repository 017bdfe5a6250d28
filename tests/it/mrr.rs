//! The ledger of recurring revenue: what each change was for the customer, to the cent.

use perennial_core::ids::SubscriptionId;
use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::memberships::execute;
use super::world;

/// Movements as they were recorded: `USD new 4900 = 4900`, the last being the customer's total.
async fn movements(world: &World) -> Vec<String> {
    let fraction = |name: &str| {
        format!("{name}_numer || case {name}_denom when 1 then '' else '/' || {name}_denom end")
    };
    let (amount, total) = (fraction("amount"), fraction("total"));
    let sql = format!(
        "select currency || ' ' || kind || ' ' || {amount} || ' = ' || {total}
           from perennial.mrr_movements order by seq"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap()
}

/// Another subscription of the same customer.
pub(crate) async fn again(world: &World, customer: Customer, name: &str, wish: Value) -> Uuid {
    let subscription = SubscriptionId::derived(name).0;
    let mut data =
        json!({ "customer": customer.id.0, "plan": "professional", "interval": "month" });
    data.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    world.emit("subscription.created", subscription, data, name).await.unwrap();
    world.rest().await;
    subscription
}

pub(crate) async fn cancel_now(world: &World, subscription: Uuid) {
    let event = format!("cancel {subscription}");
    let data = json!({ "when": "now" });
    world.emit("subscription.cancel_requested", subscription, data, &event).await.unwrap();
    world.rest().await;
}

/// A policy that ends at once after grace, in this way.
pub(crate) async fn policy(world: &World, name: &str, end: Value) {
    let document = json!({ "name": name, "rungs": [{ "after": "1d" }], "access_ends_after": "3d",
                           "end": end });
    let sql = "insert into perennial.dunning_policies (id, name, version, document)
               values (gen_random_uuid(), $1, 1, $2)";
    sqlx::query(sql).bind(name).bind(document).execute(&world.pool).await.unwrap();
}

/// Professional, in euros.
pub(crate) async fn sell_in_euros(world: &World) {
    execute(
        world,
        "insert into perennial.prices
             (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor)
         values (gen_random_uuid(), '00000000-0000-7000-8000-000000000003', 'EUR', 'week', 1, 'flat', 1000)",
    )
    .await;
}

#[tokio::test]
async fn a_customer_is_new_once_renews_unseen_leaves_and_comes_back() {
    let mut world = world().await;
    world.work(Faults::None);
    let wish = json!({ "plan": "pro", "seats": 7 });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], wish).await;
    world.rest().await;
    world.live_until("2026-04-01T00:00:00Z").await;
    assert_eq!(world.count("select count(*) from perennial.invoices").await, 3);
    assert_eq!(movements(&world).await, ["USD new 34300 = 34300"]);
    cancel_now(&world, ada.subscription.0).await;
    world.advance(chrono::TimeDelta::days(3)).await;
    again(&world, ada, "second", json!({ "interval": "year" })).await;
    let expected = [
        "USD new 34300 = 34300",
        "USD churn_voluntary -34300 = 0",
        "USD reactivation 12250/3 = 12250/3",
    ];
    assert_eq!(movements(&world).await, expected);
    world.check().await;
}

#[tokio::test]
async fn a_renewal_does_not_so_much_as_look_at_the_ledger() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds1__ok"], json!({})).await;
    world.rest().await;
    execute(
        &world,
        "select perennial.make_month_partition('mrr_movements', m::date)
           from generate_series(timestamp '2026-01-01', '2026-07-01', interval '1 month') m",
    )
    .await;
    // Whoever asked would wait in vain.
    let mut held = world.pool.begin().await.unwrap();
    let lock =
        "lock table perennial.mrr_movements, perennial.customer_mrr, perennial.customer_cohorts
                  in access exclusive mode";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    world.live_until("2026-03-31T12:00:00Z").await;
    assert_eq!(
        world.count("select count(*) from perennial.invoices where status = 'paid'").await,
        3
    );
    held.rollback().await.unwrap();
    world.check().await;
}

#[tokio::test]
async fn a_second_subscription_is_an_expansion_and_its_end_a_contraction() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let second = again(&world, ada, "second", json!({ "plan": "enterprise" })).await;
    world.advance(chrono::TimeDelta::days(1)).await;
    cancel_now(&world, second).await;
    let expected =
        ["USD new 4900 = 4900", "USD expansion 19900 = 24800", "USD contraction -19900 = 4900"];
    assert_eq!(movements(&world).await, expected);
    world.check().await;
}

#[tokio::test]
async fn a_lesser_plan_after_grace_is_a_contraction() {
    let mut world = world().await;
    policy(&world, "lenient", json!({ "downgrade": "professional" })).await;
    world.work(Faults::None);
    let wish = json!({ "plan": "enterprise", "policy": "lenient" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds"], wish).await;
    world.rest().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "active", "{}", world.diary(ada.subscription).await);
    let expected = ["USD new 19900 = 19900", "USD contraction -15000 = 4900"];
    assert_eq!(movements(&world).await, expected);
    let plans = "select count(*) from perennial.mrr_movements m
                   join perennial.plans b on b.id = m.plan_before join perennial.plans a on a.id = m.plan_after
                  where b.code = 'enterprise' and a.code = 'professional'";
    assert_eq!(world.count(plans).await, 1);
    world.check().await;
}

#[tokio::test]
async fn who_falls_to_the_free_plan_for_want_of_payment_is_lost_involuntarily() {
    let mut world = world().await;
    policy(&world, "lenient", json!({ "downgrade": "free" })).await;
    world.work(Faults::None);
    let wish = json!({ "policy": "lenient" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds"], wish).await;
    world.rest().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "active", "{}", world.diary(ada.subscription).await);
    let expected = ["USD new 4900 = 4900", "USD churn_involuntary -4900 = 0"];
    assert_eq!(movements(&world).await, expected);
    world.check().await;
}

#[tokio::test]
async fn who_does_not_pay_is_lost_involuntarily_and_not_before_grace_ends() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds"], json!({})).await;
    world.rest().await;
    world.live_until("2026-03-13T00:00:00Z").await;
    assert_eq!(movements(&world).await, ["USD new 4900 = 4900"]);
    world.live_until("2026-03-20T00:00:00Z").await;
    let expected = ["USD new 4900 = 4900", "USD churn_involuntary -4900 = 0"];
    assert_eq!(movements(&world).await, expected);
    world.check().await;
}

#[tokio::test]
async fn a_suspended_customer_who_pays_after_all_comes_back() {
    let mut world = world().await;
    policy(&world, "strict", json!("suspend")).await;
    world.work(Faults::None);
    let wish = json!({ "policy": "strict" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds"], wish).await;
    world.rest().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "unpaid", "{}", world.diary(ada.subscription).await);
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "active", "{}", world.diary(ada.subscription).await);
    let expected =
        ["USD new 4900 = 4900", "USD churn_involuntary -4900 = 0", "USD reactivation 4900 = 4900"];
    assert_eq!(movements(&world).await, expected);
    world.check().await;
}

#[tokio::test]
async fn a_trial_is_no_revenue_and_no_purchase() {
    let mut world = world().await;
    world.work(Faults::None);
    let wish = json!({ "trial_end": "2026-02-14T12:00:00Z" });
    world.subscribe("ada", &["pm_sbx_visa__ok"], wish).await;
    world.rest().await;
    world.live_until("2026-02-14T11:00:00Z").await;
    assert!(movements(&world).await.is_empty());
    let cohorts = "select count(*) from perennial.customer_cohorts
                    where first_subscription_at = '2026-01-31T12:00:00Z' and first_purchase_at ";
    let cohorts = |purchase| sqlx::AssertSqlSafe(format!("{cohorts} {purchase}"));
    let count = async |purchase| {
        let counted = sqlx::query_scalar::<_, i64>(cohorts(purchase)).fetch_one(&world.pool);
        counted.await.unwrap()
    };
    assert_eq!(count("is null").await, 1);
    world.live_until("2026-04-20T00:00:00Z").await;
    assert_eq!(movements(&world).await, ["USD new 4900 = 4900"]);
    assert_eq!(count("= '2026-02-14T12:00:00Z'").await, 1);
    let changed = "update perennial.customer_cohorts set first_purchase_at = now()";
    assert!(sqlx::query(changed).execute(&world.pool).await.is_err());
    world.check().await;
}

#[tokio::test]
async fn two_currencies_of_one_customer_never_meet() {
    let mut world = world().await;
    sell_in_euros(&world).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let wish = json!({ "currency": "EUR", "interval": "week" });
    let weekly = again(&world, ada, "weekly", wish).await;
    cancel_now(&world, ada.subscription.0).await;
    world.live_until("2026-02-20T00:00:00Z").await;
    cancel_now(&world, weekly).await;
    let expected = [
        "USD new 4900 = 4900",
        "EUR new 13000/3 = 13000/3",
        "USD churn_voluntary -4900 = 0",
        "EUR churn_voluntary -13000/3 = 0",
    ];
    assert_eq!(movements(&world).await, expected);
    world.check().await;
}

#[tokio::test]
async fn a_free_plan_is_no_revenue() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &[], json!({ "plan": "free" })).await;
    world.rest().await;
    assert!(movements(&world).await.is_empty());
    world.check().await;
}

#[tokio::test]
async fn subscriptions_that_end_together_sum_up_whoever_decides_them() {
    const EACH: usize = 12;
    let mut world = world().await;
    world.work(Faults::None);
    world.work(Faults::None);
    let mut customers = Vec::new();
    for name in ["ada", "bob", "cyd"] {
        let customer = world.subscribe(name, &["pm_sbx_visa__ok"], json!({})).await;
        world.rest().await;
        customers.push(customer);
        for more in 1..EACH {
            again(&world, customer, &format!("{name} {more}"), json!({})).await;
        }
    }
    let subscriptions: Vec<Uuid> = sqlx::query_scalar("select id from perennial.subscriptions")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    for subscription in subscriptions {
        let event = format!("end {subscription}");
        let kind = "subscription.cancel_requested";
        world.emit(kind, subscription, json!({}), &event).await.unwrap();
    }
    world.rest().await;
    world.live_until("2026-03-01T00:00:00Z").await;
    let gone = "select count(*) from perennial.customer_mrr where numer = 0 and ever_paid";
    assert_eq!(world.count(gone).await, 3);
    let lost = "select count(distinct subscription_id) from perennial.mrr_movements where amount_numer < 0";
    assert_eq!(world.count(lost).await, 3 * i64::try_from(EACH).unwrap());
    world.check().await;
}

#[tokio::test]
async fn the_ledger_opens_with_what_is_there() {
    let mut world = world().await;
    sell_in_euros(&world).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    again(&world, ada, "yearly", json!({ "interval": "year" })).await;
    again(&world, ada, "weekly", json!({ "currency": "EUR", "interval": "week" })).await;
    let bob = world.subscribe("bob", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    cancel_now(&world, bob.subscription.0).await;
    execute(
        &world,
        "set session_replication_role = replica;
         delete from perennial.mrr_movements; delete from perennial.mrr_decisions; delete from perennial.customer_mrr;
         delete from perennial.customer_cohorts; set session_replication_role = origin",
    )
    .await;
    assert_eq!(world.count("select perennial.open_mrr_ledger()").await, 3);
    assert_eq!(world.count("select perennial.open_mrr_ledger()").await, 0);
    let mut opened = movements(&world).await;
    opened.sort();
    let expected =
        ["EUR new 13000/3 = 13000/3", "USD new 12250/3 = 26950/3", "USD new 4900 = 26950/3"];
    assert_eq!(opened, expected);
    world.check().await;
    // Bob paid once: he comes back, and is not new.
    world.advance(chrono::TimeDelta::days(1)).await;
    again(&world, bob, "back", json!({})).await;
    assert_eq!(movements(&world).await[3], "USD reactivation 4900 = 4900");
    world.check().await;
}
