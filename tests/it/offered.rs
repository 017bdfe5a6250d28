//! Every SQL function that the documentation offers is called as the role that may.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::world;

/// What other services call.
const INGEST: &[&str] = &[
    "emit('subscription.cancel_undone', :subscription, '{}', 'e')",
    "enqueue('snapshot', '{\"date\": \"2026-01-31\"}', 'k')",
    "subscription_access(:subscription)",
    "payment_of(':intent')",
    "record_usage(:customer, 'ai_operations', 1, 'u1')",
    "record_usage_batch('[]')",
    "consume(:customer, 'ai_operations', 1, 'u2')",
    "record_usage(:customer, 'members', 1, 'u3')",
    "release_usage(:customer, 'members', 1, 'u4')",
    "check_quota(:customer, 'project_size_mb', 40)",
    "get_limit(:customer, 'ai_operations')",
    "check_feature(:customer, 'export_formats')",
    "upgrade_suggestion(:customer, 'sso')",
    "set_mail_preference(:customer, 'usage_warning', 'muted')",
    "grant_tokens(:customer, 'tokens', 50, 'promotional', 0, null, null, 'k')",
    "wallet_balance(:customer, 'tokens')",
    "consume_tokens(:customer, 'tokens', 2, 't')",
    "refund_tokens('t')",
    "set_low_balance(:customer, 'tokens', 5)",
    "set_auto_top_up(:customer, 'tokens', 'tokens_100', below => 10, per_month_max => 3)",
    "authorize_api_key('prn_live_00000000_0', 'usage:write')",
    "can_access(null, 'courses/1')",
    "grant_membership(:user, 'annual_pass', 'k')",
    "cancel_membership(:membership)",
    "refer_customer(:customer, 'partner', 'k')",
    "record_roi_event('k', 'cost', 5, 'USD', 'export_formats')",
    "id('sub_00000000000070008000000000000001')",
];

/// What is the owner's.
const OWNER: &[&str] = &[
    "revise_quota('free', 'ai_operations', '{\"limit_units\": 6}')",
    "revise_allocation('free', 'tokens', 4)",
    "set_customer_quota(:customer, 'ai_operations', 500)",
    "rename_metric('ai_operations', 'operations')",
    "create_api_key(:customer, 'key', '{usage:write}', null, 100)",
    "rotate_api_key((select id from perennial.api_keys limit 1), '1 hour')",
    "revoke_api_key((select id from perennial.api_keys limit 1))",
    "cohorts('purchase', '2026-01-01', '2026-02-01')",
    "roi('export_formats', '2026-01-01', '2026-02-01')",
    "paid_to_date(:customer)",
    "churn_since('USD', '2026-01-01', '2026-02-01')",
    "pause_queue('send_email')",
    "resume_queue('send_email')",
    "check_invariants()",
    "release_parked('request_rejected')",
    "charge_max('USD')",
    "lift_suppression('nobody@customer.example')",
];

async fn with_ada() -> (World, String) {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "enterprise" })).await;
    world.rest().await;
    world.kill_workers().await;
    sqlx::raw_sql(
        "insert into perennial.affiliates (code, name, email) values ('partner', 'Partner', 'p@partner.example')",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let membership: uuid::Uuid = sqlx::query_scalar(
        "select perennial.grant_membership((select user_id from perennial.customers), 'annual_pass', 'first')",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    (world, membership.to_string())
}

#[tokio::test]
async fn every_function_that_the_documentation_offers_works_for_the_role_that_may() {
    let (world, membership) = with_ada().await;
    let intent: String = sqlx::query_scalar("select intent_reference from perennial.invoices")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let user: uuid::Uuid = sqlx::query_scalar("select user_id from perennial.customers")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let mut conn = PgConnection::connect(&world.url).await.unwrap();
    for (role, calls) in [("perennial_ingest", INGEST), ("none", OWNER)] {
        sqlx::raw_sql(AssertSqlSafe(format!("set role {role}"))).execute(&mut conn).await.unwrap();
        for call in calls {
            let call = call
                .replace(":customer", &format!("'{}'", CustomerId::derived("ada").0))
                .replace(":subscription", &format!("'{}'", SubscriptionId::derived("ada").0))
                .replace(":membership", &format!("'{membership}'"))
                .replace(":intent", &intent)
                .replace(":user", &format!("'{user}'"));
            let statement = AssertSqlSafe(format!("select * from perennial.{call}"));
            let called = sqlx::raw_sql(statement).execute(&mut conn).await;
            called.unwrap_or_else(|error| panic!("{role}: {call}: {error}"));
        }
    }
}

#[test]
fn the_documentation_offers_no_function_that_is_not_called() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let name = |text: &str| text.split('(').next().unwrap_or_default().to_owned();
    let called: BTreeSet<String> = INGEST.iter().chain(OWNER).map(|call| name(call)).collect();
    for (at, _) in readme.match_indices("perennial.") {
        let rest = &readme[at + "perennial.".len()..];
        let word = |character: char| !(character.is_ascii_lowercase() || character == '_');
        let offered = rest.split(word).next().unwrap_or_default();
        if rest[offered.len()..].starts_with('(') {
            assert!(called.contains(offered), "perennial.{offered} is offered, and not called");
        }
    }
}
