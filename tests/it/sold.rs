//! What was sold is not changed: the catalogue keeps it, and a subscription's terms are its own.

use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgDatabaseError;

use super::world;

/// A world in which there is something of everything that is sold.
async fn sold() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.subscribe("eve", &[], json!({ "plan": "free" })).await;
    let order = json!({ "customer": ada.id.0, "package": "tokens_100" });
    world.emit("order.placed", uuid::Uuid::from_u128(7), order, "ada/order").await.unwrap();
    world.rest().await;
    sqlx::query(
        "select perennial.grant_membership((select user_id from perennial.customers where id = $1),
                                           'annual_pass', 'ada/pass')",
    )
    .bind(ada.id.0)
    .execute(&world.pool)
    .await
    .unwrap();
    world
}

/// Of the professional plan's price.
const PRICE: &str = "id = '00000000-0000-7000-8000-000000000104'";

#[tokio::test]
async fn what_was_sold_is_not_changed_and_the_refusal_says_how_to_change_it() {
    let world = sold().await;
    for (table, change, column, how) in [
        ("prices", "unit_amount_minor = 2000", "unit_amount_minor", "active = false"),
        ("prices", "setup_fee_minor = 1", "setup_fee_minor", "active = false"),
        ("prices", "currency = 'EUR'", "currency", "active = false"),
        ("prices", "interval_count = 2", "interval_count", "active = false"),
        ("prices", "scheme = 'per_seat'", "scheme", "active = false"),
        ("plans", "code = 'other'", "code", "another plan"),
        ("plan_allocations", "amount = 5", "amount", "revise_allocation"),
        ("plan_quotas", "limit_units = 5", "", "revise_quota"),
        ("plan_quota_tiers", "amount_minor = 5", "", "revise_quota"),
        ("dunning_policies", "document = '{}'", "", "policy publish"),
        ("token_packages", "tokens = 5", "tokens", "another package"),
        ("token_package_prices", "amount_minor = 5", "amount_minor", "another package"),
        ("membership_types", "price_minor = 5", "price_minor", "another membership type"),
        ("membership_types", "features = '{}'", "features", "another membership type"),
        ("metrics", "kind = 'ceiling'", "kind", "rename_metric"),
    ] {
        let of = match (table, change) {
            ("prices", _) => PRICE,
            ("plans", _) => "code = 'professional'",
            ("membership_types", _) => "code = 'annual_pass'",
            ("metrics", _) => "kind = 'count'",
            _ => "true",
        };
        for (verb, statement) in [
            ("changed", format!("update perennial.{table} set {change} where {of}")),
            ("deleted", format!("delete from perennial.{table} where {of}")),
        ] {
            let refused = sqlx::query(AssertSqlSafe(statement.clone())).execute(&world.pool).await;
            let refused = refused.expect_err(&statement).into_database_error().unwrap();
            let refused = refused.downcast_ref::<PgDatabaseError>();
            assert_eq!(refused.code(), "23001", "{statement}: {refused}");
            assert!(refused.message().contains(verb), "{statement}: {refused}");
            assert!(refused.hint().unwrap().contains(how), "{statement}: {:?}", refused.hint());
            if verb == "changed" {
                assert_eq!(refused.column().unwrap_or_default(), column, "{statement}");
            }
        }
    }
    world.check().await;
}

#[tokio::test]
async fn what_nobody_has_yet_may_change_and_anything_may_be_taken_off_sale() {
    let world = sold().await;
    sqlx::raw_sql(
        "insert into perennial.plans (id, code, name, tier) values ('00000000-0000-7000-8000-00000000aaaa', 'new', 'New', 50);
         insert into perennial.prices (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor)
         values ('00000000-0000-7000-8000-00000000bbbb', '00000000-0000-7000-8000-00000000aaaa', 'USD', 'month', 1, 'flat', 1);
         update perennial.prices set unit_amount_minor = 2 where id = '00000000-0000-7000-8000-00000000bbbb';
         update perennial.plans set code = 'newer' where code = 'new';
         delete from perennial.prices where id = '00000000-0000-7000-8000-00000000bbbb';
         delete from perennial.plans where code = 'newer';
         update perennial.prices set active = false;
         update perennial.plans set active = false, name = name || ' (old)';
         update perennial.token_packages set active = false;
         update perennial.membership_types set active = false",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.check().await;
}

#[tokio::test]
async fn a_price_that_changed_nevertheless_changes_nothing_for_those_who_have_it() {
    for amount in ["1000", "9800"] {
        let mut world = world().await;
        world.work(Faults::None);
        let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
        world.rest().await;
        let statement = format!(
            "set session_replication_role = replica;
             update perennial.prices set unit_amount_minor = {amount}, setup_fee_minor = 7;
             reset session_replication_role"
        );
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&world.pool).await.unwrap();
        world.live_until("2026-03-14T12:00:00Z").await;
        assert_eq!(
            world.count("select sum(amount_minor)::bigint from perennial.payments where status = 'succeeded'").await,
            2 * 4900
        );
        let now = json!({ "when": "now", "unused_time": "credited" });
        world
            .emit("subscription.cancel_requested", ada.subscription.0, now, "ada/end")
            .await
            .unwrap();
        world.rest().await;
        world.check().await;
        assert_eq!(world.status(ada).await, "canceled");
        let credited = "select sum(amount_minor)::bigint from perennial.customer_balance_entries";
        // 28 February to 31 March, canceled in the middle of 14 March: 17 of 31 days, less an hour.
        let credited = world.count(credited).await;
        assert!((2_600..=2_750).contains(&credited), "{credited}");
    }
}

#[tokio::test]
async fn a_revised_allocation_holds_from_each_customers_next_month_on() {
    let world = sold().await;
    let eve = perennial_core::ids::CustomerId::derived("eve").0;
    let balance = async || -> i64 {
        sqlx::query_scalar("select perennial.wallet_balance($1, 'tokens')")
            .bind(eve)
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    assert_eq!(balance().await, 3);
    let version =
        world.count("select perennial.revise_allocation('free', 'tokens', 5)::bigint").await;
    assert_eq!(version, 2);
    assert_eq!(balance().await, 3);
    world.live_until("2026-03-01T12:00:00Z").await;
    assert_eq!(balance().await, 5);
    world.count("select perennial.revise_allocation('free', 'tokens', 0)::bigint").await;
    world.live_until("2026-04-02T12:00:00Z").await;
    assert_eq!(balance().await, 0);
    world.check().await;
}
