//! Two databases on one account of a provider.

use std::process::Output;

use perennial_tests::{Faults, World};
use serde_json::json;

use super::{CONFIRM, world};

const SUBSCRIBE: &[&str] = &[
    "subscribe",
    "--email",
    "ada@customers.example",
    "--name",
    "Ada",
    "--plan",
    "professional",
    "--payment-method",
    "pm_card_visa",
    "--key",
    "signup",
];

async fn subscribed(world: &World) -> String {
    let done: Output = world.command().args(SUBSCRIBE).output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    world.rest().await;
    let mut conn = world.pool.acquire().await.unwrap();
    let customer = "select reference from perennial.provider_customers";
    sqlx::query_scalar(customer).fetch_one(&mut *conn).await.unwrap()
}

#[tokio::test]
async fn two_databases_with_the_same_ids_share_nothing_on_one_account() {
    let mut one = world().await;
    let mut other = world().await;
    sqlx::query("update perennial.installation set tag = default")
        .execute(&other.pool)
        .await
        .unwrap();
    other.set("PERENNIAL_STRIPE_API_BASE", Box::leak(one.sandbox.base_url().into_boxed_str()));
    one.work(Faults::None);
    other.work(Faults::None);
    let customers = [subscribed(&one).await, subscribed(&other).await];
    assert_ne!(customers[0], customers[1]);
    assert_eq!(one.sandbox.ledger().entries.len(), 2, "each has charged its own customer");
    let keys: Vec<_> =
        one.sandbox.requests().into_iter().filter_map(|request| request.idempotency_key).collect();
    let tags: Vec<_> = keys.iter().map(|key| key.split_once('@').unwrap().1).collect();
    assert_eq!(tags.len(), 8, "{keys:?}");
    assert_eq!(tags.iter().filter(|tag| **tag == tags[0]).count(), 4, "{keys:?}");
    // Neither takes the other's money for its own when it compares its books with the account's.
    for world in [&one, &other] {
        sqlx::query("select perennial.enqueue('reconcile_payments', '{}', 'compare')")
            .execute(&world.pool)
            .await
            .unwrap();
        world.rest().await;
        assert_eq!(world.count("select count(*) from perennial.payments").await, 1);
        let suspected =
            "select count(*) from perennial.reconciliations where ask_first_until is not null";
        assert_eq!(world.count(suspected).await, 0);
    }
    let broken = "select count(*) from perennial.check_invariants()";
    assert_eq!((one.count(broken).await, other.count(broken).await), (0, 0));
}

#[tokio::test]
async fn an_attempt_from_before_the_tag_is_made_again_under_the_key_it_was_recorded_with() {
    let mut world = world().await;
    world.work(Faults::KilledAt("E2.C3"));
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.wait_for_death().await;
    let recorded =
        "update perennial.payments set idempotency_key = split_part(idempotency_key, '@', 1)
                     where status = 'executing' returning idempotency_key";
    let recorded: String = sqlx::query_scalar(recorded).fetch_one(&world.pool).await.unwrap();
    world.work(Faults::None);
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    let confirmed: Vec<_> = world
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.path.ends_with(CONFIRM.rsplit_once('*').unwrap().1))
        .filter_map(|request| request.idempotency_key)
        .collect();
    assert_eq!(confirmed, [recorded]);
    world.check().await;
}
