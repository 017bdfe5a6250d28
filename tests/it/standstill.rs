//! Nothing is parked with access for ever, and a downgrade leads somewhere.

use std::path::PathBuf;
use std::process::Output;

use perennial_sandbox::{Action, Fault, Scripted};
use perennial_tests::{Customer, Faults, World};
use serde_json::json;

use super::{CONFIRM, world};

/// The professional plan in another currency and for another interval.
async fn sold_weekly_in_euros(world: &World) {
    sqlx::raw_sql(
        "insert into perennial.prices (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor)
         select gen_random_uuid(), id, 'EUR', 'week', 1, 'flat', 6000 from perennial.plans where code = 'professional'",
    )
    .execute(&world.pool)
    .await
    .unwrap();
}

async fn publish(world: &World, name: &str, lesser: &str) -> Output {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    let policy = format!(
        "name = \"{name}\"\naccess_ends_after = \"14d\"\nend = {{ downgrade = \"{lesser}\" }}\n\
         [[rungs]]\nafter = \"1d\"\n[[rungs]]\nafter = \"3d\"\n"
    );
    std::fs::write(&file, policy).unwrap();
    let arguments = ["policy", "publish", file.to_str().unwrap()];
    world.command().args(arguments).output().await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_policy_that_leads_nowhere_is_refused_when_published_or_when_subscribed_with() {
    let world = world().await;
    sold_weekly_in_euros(&world).await;
    let unknown = publish(&world, "unknown", "gold").await;
    assert!(
        !unknown.status.success() && said(&unknown).contains("no plan `gold`"),
        "{}",
        said(&unknown)
    );
    let unpriced = publish(&world, "unpriced", "custom").await;
    assert!(
        !unpriced.status.success() && said(&unpriced).contains("no list price"),
        "{}",
        said(&unpriced)
    );
    let narrow = publish(&world, "narrow", "pro").await;
    assert!(narrow.status.success(), "{}", said(&narrow));
    assert!(said(&narrow).contains("EUR every 1 week"), "{}", said(&narrow));
    let profile = json!({ "email": "ada@customers.example", "name": "Ada" });
    let ada = uuid::Uuid::from_u128(7);
    world.emit("customer.upserted", ada, profile, "ada").await.unwrap();
    let wish = json!({ "customer": ada, "plan": "professional", "interval": "week", "currency": "EUR", "policy": "narrow" });
    let refused = world.emit("subscription.created", uuid::Uuid::from_u128(8), wish, "sub").await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("policy: \"narrow\" ends with plan pro"), "{message}");
}

#[tokio::test]
async fn a_free_plan_is_free_in_every_currency_and_interval() {
    let mut world = world().await;
    sold_weekly_in_euros(&world).await;
    world.work(Faults::None);
    let published = publish(&world, "lenient", "free").await;
    assert!(published.status.success(), "{}", said(&published));
    let wish = json!({ "interval": "week", "currency": "EUR", "policy": "lenient" });
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__stolen_card"], wish).await;
    world.rest().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "active");
    let free =
        "select count(*) from perennial.subscriptions s join perennial.plans p on p.id = s.plan_id
                 where p.code = 'free' and s.currency = 'EUR' and s.parked_reason is null";
    assert_eq!(world.count(free).await, 1);
    let no_revenue = "select count(*) from perennial.customer_mrr where numer > 0";
    assert_eq!(world.count(no_revenue).await, 0);
    let bob = world
        .subscribe("bob", &[], json!({ "plan": "free", "interval": "year", "currency": "JPY" }))
        .await;
    world.rest().await;
    assert_eq!(world.status(bob).await, "active");
    world.check().await;
}

#[tokio::test]
async fn a_request_to_pay_one_invoice_charges_that_one() {
    let mut world = world().await;
    sold_weekly_in_euros(&world).await;
    world.work(Faults::None);
    assert!(publish(&world, "lenient", "free").await.status.success());
    let wish = json!({ "interval": "week", "currency": "EUR", "policy": "lenient" });
    let card = "pm_sbx_visa__ok1__insufficient_funds3__ok";
    let ada = world.subscribe("ada", &[card], wish).await;
    world.rest().await;
    // The renewal and two retries are declined; a week later another period is open.
    world.live_until("2026-02-15T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "grace");
    let open: Vec<uuid::Uuid> = sqlx::query_scalar(
        "select id from perennial.invoices where status = 'open' order by issued_at",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(open.len(), 2);
    world.emit("invoice.pay_requested", open[1], json!({}), "pay").await.unwrap();
    world.rest().await;
    let amounts: Vec<_> = world.sandbox.ledger().entries.iter().map(|it| it.amount).collect();
    assert_eq!(amounts, [6_000, 6_000]);
    assert_eq!(world.status(ada).await, "grace");
    world.emit("invoice.pay_requested", open[0], json!({}), "pay the other").await.unwrap();
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    world.check().await;
}

/// Its renewal is refused by the provider as a request.
async fn parked(world: &mut World) -> Customer {
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let refusal = Scripted {
        status: 400,
        kind: Some("invalid_request_error".to_owned()),
        code: Some("parameter_unknown".to_owned()),
        ..Scripted::default()
    };
    world.fault(Fault::new(Action::Status(refusal)).on("POST", CONFIRM).times(1));
    world.live_until("2026-02-28T12:00:00Z").await;
    let parked = "select count(*) from perennial.subscriptions where parked_at is not null";
    assert_eq!(world.count(parked).await, 1);
    ada
}

async fn access(world: &World, customer: Customer) -> String {
    sqlx::query_scalar("select perennial.subscription_access($1)")
        .bind(customer.subscription.0)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_parked_subscription_is_suspended_after_two_weeks_and_is_no_revenue_any_more() {
    let mut world = world().await;
    let ada = parked(&mut world).await;
    assert_eq!(access(&world, ada).await, "full");
    world.live_until("2026-03-14T11:59:00Z").await;
    assert_eq!(
        (world.status(ada).await.as_str(), access(&world, ada).await.as_str()),
        ("active", "full")
    );
    world.live_until("2026-03-14T12:00:00Z").await;
    assert_eq!(
        (world.status(ada).await.as_str(), access(&world, ada).await.as_str()),
        ("unpaid", "none")
    );
    assert_eq!(world.count("select count(*) from perennial.customer_mrr where numer > 0").await, 0);
    world.check().await;
    world
        .emit("subscription.release_requested", ada.subscription.0, json!({}), "go")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(
        (world.status(ada).await.as_str(), access(&world, ada).await.as_str()),
        ("active", "full")
    );
    world.check().await;
}

#[tokio::test]
async fn a_released_subscription_goes_on_where_it_stands() {
    let mut world = world().await;
    let ada = parked(&mut world).await;
    world
        .emit("subscription.release_requested", ada.subscription.0, json!({}), "go")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    assert_eq!(
        world.count("select count(*) from perennial.subscriptions where parked_at is null").await,
        1
    );
    world.check().await;
}
