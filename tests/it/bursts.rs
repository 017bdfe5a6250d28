//! Nobody is charged many times at once: what is owed at one instant is one charge, and what is
//! more than anybody wants waits for an operator.

use perennial_core::ids::{CustomerId, OrderId, SubscriptionId};
use perennial_jobs::store::wallets;
use perennial_tests::{Customer, Faults, World};
use serde_json::json;

use super::world;

fn amounts(world: &World) -> Vec<i64> {
    world.sandbox.ledger().entries.iter().map(|entry| entry.amount).collect()
}

async fn customer(world: &World) -> Customer {
    let ada =
        Customer { id: CustomerId::derived("ada"), subscription: SubscriptionId::derived("ada") };
    let profile = json!({ "email": "ada@customers.example", "name": "Ada" });
    world.emit("customer.upserted", ada.id.0, profile, "ada/new").await.unwrap();
    world.attach(ada, "ada", "pm_sbx_visa__ok").await;
    ada
}

#[tokio::test]
async fn a_wallet_far_below_its_threshold_buys_what_is_missing_in_one_order() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = customer(&world).await;
    world.rest().await;
    sqlx::query("select perennial.set_auto_top_up($1, 'tokens', 'tokens_100', 4950, 60)")
        .bind(ada.id.0)
        .execute(&world.pool)
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(amounts(&world), [50_000], "fifty packages, one charge");
    let mut conn = world.pool.acquire().await.unwrap();
    assert_eq!(wallets::balance(&mut conn, ada.id.0, "tokens").await.unwrap(), 5_000);
    let used = wallets::consume(&mut conn, ada.id.0, "tokens", 5_000, "all").await.unwrap();
    assert!(used.allowed);
    drop(conn);
    world.rest().await;
    assert_eq!(amounts(&world), [50_000, 10_000], "sixty packages a month, and no more");
    world.check().await;
}

#[tokio::test]
async fn a_start_in_the_past_is_one_invoice_and_one_charge() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = customer(&world).await;
    let data = json!({ "customer": ada.id.0, "plan": "professional", "interval": "month" });
    sqlx::query(
        "select perennial.emit('subscription.created', $1, $2, 'old', '2025-10-15T00:00:00Z')",
    )
    .bind(ada.subscription.0)
    .bind(data)
    .execute(&world.pool)
    .await
    .unwrap();
    world.rest().await;
    assert_eq!(amounts(&world), [4 * 4_900]);
    assert_eq!(world.count("select count(*) from perennial.invoices").await, 1);
    assert_eq!(world.count("select count(*) from perennial.subscription_periods").await, 4);
    assert_eq!(world.count("select count(*) from perennial.invoice_items").await, 4);
    assert_eq!(world.inbox.mails().len(), 1);
    world.check().await;
    world.live_until("2026-02-15T00:00:00Z").await;
    assert_eq!(amounts(&world), [4 * 4_900, 4_900]);
    world.check().await;
}

#[tokio::test]
async fn more_charges_within_an_hour_than_anybody_wants_wait_for_an_operator() {
    let mut world = world().await;
    world.set("PERENNIAL_CHARGES_PER_CUSTOMER_HOUR", "3");
    let ada = customer(&world).await;
    let data = json!({ "customer": ada.id.0, "package": "tokens_100" });
    for number in 0..5 {
        let name = format!("order {number}");
        let subject = OrderId::derived(&name).0;
        world.emit("order.placed", subject, data.clone(), &name).await.unwrap();
    }
    let subscription = json!({ "customer": ada.id.0, "plan": "professional", "interval": "month" });
    let (created, subject) = ("subscription.created", ada.subscription.0);
    world.emit(created, subject, subscription, "subscription").await.unwrap();
    world.work(Faults::None);
    world.rest().await;
    assert_eq!(
        amounts(&world).iter().sum::<i64>(),
        3 * 1_000 + 4_900,
        "the first of a subscription passes"
    );
    let parked = "select count(*) from perennial.orders where status = 'pending' and reason like 'held back%'";
    assert_eq!(world.count(parked).await, 2);
    world.check().await;
}
