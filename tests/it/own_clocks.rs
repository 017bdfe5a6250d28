//! What takes a default time takes it from the clock it is for.

use perennial_tests::{Faults, World};

use super::world;

const AHEAD: &str = "2027-03-10T00:00:00Z";

async fn run(world: &World, arguments: &[&str]) -> String {
    let output = world.command().args(arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A worker, and a clock of its own a year ahead of the global one.
async fn ahead() -> World {
    let mut world = world().await;
    run(&world, &["clock", "set", AHEAD, "--clock", "c1"]).await;
    world.work(Faults::None);
    world
}

async fn subscribe(world: &World) {
    let arguments = [
        "subscribe",
        "--email",
        "ada@customers.example",
        "--name",
        "Ada",
        "--plan",
        "professional",
    ];
    run(world, &[&arguments[..], &["--payment-method", "pm_card_visa", "--clock", "c1"]].concat())
        .await;
}

/// How many rows of a table bear another instant than that of the clock.
async fn off(world: &World, sql: &'static str) -> i64 {
    let off: i64 = sqlx::query_scalar(sql)
        .bind(AHEAD.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    off
}

#[tokio::test]
async fn a_new_customer_of_a_test_clock_begins_at_its_time() {
    let world = ahead().await;
    // Before any of it was processed, too.
    subscribe(&world).await;
    world.rest().await;
    for (what, rows, sql) in [
        ("events", 3, "select count(*) filter (where at = $1) from perennial.lifecycle_events"),
        (
            "subscriptions",
            1,
            "select count(*) filter (where started_at = $1 and period_index = 0) from perennial.subscriptions",
        ),
        ("payments", 1, "select count(*) filter (where planned_at = $1) from perennial.payments"),
        ("emails", 1, "select count(*) filter (where queued_at = $1) from perennial.emails"),
        (
            "methods",
            1,
            "select count(*) filter (where attached_at = $1) from perennial.payment_methods",
        ),
    ] {
        assert_eq!(off(&world, sql).await, rows, "{what}");
    }
    assert_eq!(world.count("select count(*) from perennial.payments").await, 1);
    world.check().await;
}

#[tokio::test]
async fn what_is_asked_for_later_has_the_time_of_the_customers_clock() {
    let world = ahead().await;
    subscribe(&world).await;
    world.rest().await;
    run(&world, &["buy", "ada@customers.example", "tokens_100"]).await;
    run(&world, &["cancel", "ada@customers.example"]).await;
    run(
        &world,
        &[
            "api-key",
            "create",
            "--customer",
            "ada@customers.example",
            "--name",
            "CI",
            "--scope",
            "usage:read",
        ],
    )
    .await;
    sqlx::raw_sql(
        "select perennial.set_mail_preference(id, 'usage_warning', 'muted'),
                perennial.grant_tokens(id, 'tokens', 5, 'promotional', 0, null, null, 'grant')
           from perennial.customers;
         insert into perennial.affiliates (code, name, email) values ('friend', 'Friend', 'friend@affiliates.example');
         select perennial.refer_customer(id, 'friend', 'referral') from perennial.customers;
         select r.* from perennial.customers c
          cross join lateral perennial.record_usage(c.id, 'ai_decisions', 1, 'used') r",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.rest().await;
    for (what, sql) in [
        ("orders", "select count(*) filter (where placed_at = $1) from perennial.orders"),
        (
            "cancellations",
            "select count(*) filter (where cancel_requested_at = $1) from perennial.subscriptions",
        ),
        ("api keys", "select count(*) filter (where issued_at = $1) from perennial.api_keys"),
        (
            "preferences",
            "select count(*) filter (where muted_at = $1) from perennial.mail_preferences",
        ),
        (
            "grants",
            "select count(*) filter (where effective_at = $1) from perennial.wallet_grants where amount = 5",
        ),
        ("referrals", "select count(*) filter (where at = $1) from perennial.referrals"),
        ("usage", "select count(*) filter (where at = $1) from perennial.usage_events"),
    ] {
        assert_eq!(off(&world, sql).await, 1, "{what}");
    }
    world.check().await;
}
