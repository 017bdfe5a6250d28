//! Who may do what: roles, and tables that only grow.

use perennial_tests::World;
use sqlx::AssertSqlSafe;

use super::world;

const APPENDED: &[&str] = &[
    "analytics_runs",
    "analytics_snapshots",
    "audit_log",
    "commissions",
    "customer_balance_entries",
    "dunning_policies",
    "ledger_entries",
    "mrr_decisions",
    "mrr_movements",
    "plan_quota_tiers",
    "plan_quotas",
    "referrals",
    "refunds",
    "roi_events",
    "subscription_history",
    "usage_closings",
    "usage_late",
    "wallet_entries",
];

/// What a role may do to the tables: `table verb`.
async fn may(world: &World, role: &str) -> Vec<String> {
    let rows = sqlx::query_scalar(
        "select tablename || ' ' || verb from pg_tables
          cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) verb
          where schemaname = 'perennial' and has_table_privilege($1, 'perennial.' || tablename, verb) order by 1",
    );
    rows.bind(role.to_owned()).fetch_all(&world.pool).await.unwrap()
}

#[tokio::test]
async fn the_worker_adds_to_the_books_and_changes_nothing_in_them() {
    let world = world().await;
    let may = may(&world, "perennial_worker").await;
    for table in APPENDED {
        let here: Vec<_> =
            may.iter().filter(|line| line.starts_with(&format!("{table} "))).collect();
        assert_eq!(here, [&format!("{table} insert"), &format!("{table} select")]);
    }
    for table in ["transitions", "event_types", "ledger_accounts"] {
        let here: Vec<_> =
            may.iter().filter(|line| line.starts_with(&format!("{table} "))).collect();
        assert_eq!(here, [&format!("{table} select")]);
    }
    assert!(!may.iter().any(|line| line.ends_with(" truncate")), "{may:?}");
}

#[tokio::test]
async fn other_services_may_use_the_doors_and_no_table() {
    let world = world().await;
    assert_eq!(may(&world, "perennial_ingest").await, Vec::<String>::new());
    let functions: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc where pronamespace = 'perennial'::regnamespace
            and has_function_privilege('perennial_ingest', oid, 'execute') order by 1",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let doors = [
        "authorize_api_key",
        "can_access",
        "cancel_membership",
        "check_feature",
        "check_quota",
        "consume",
        "consume_tokens",
        "emit",
        "enqueue",
        "get_limit",
        "grant_membership",
        "grant_tokens",
        "id",
        "payment_of",
        "record_roi_event",
        "record_usage",
        "record_usage_batch",
        "refer_customer",
        "refund_tokens",
        "release_usage",
        "set_auto_top_up",
        "set_low_balance",
        "set_mail_preference",
        "subscription_access",
        "upgrade_suggestion",
        "wallet_balance",
    ];
    assert_eq!(functions, doors);
}

#[tokio::test]
async fn functions_that_run_as_their_owner_look_nowhere_else_for_what_they_name() {
    let world = world().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc where pronamespace = 'perennial'::regnamespace and prosecdef
            and not exists (select from unnest(proconfig) setting where setting ~ '^search_path=.*pg_temp$')",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn the_owner_is_refused_by_trigger_and_the_worker_by_right() {
    let world = world().await;
    for table in APPENDED {
        for (role, code) in [("perennial", "23001"), ("perennial_worker", "42501")] {
            for change in [
                format!("update perennial.{table} set {0} = {0} where false", some_column(table)),
                format!("delete from perennial.{table} where false"),
                format!("truncate perennial.{table} cascade"),
            ] {
                let mut transaction = world.pool.begin().await.unwrap();
                let sql = AssertSqlSafe(format!("set local role {role}; {change}"));
                let error = sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap_err();
                let said = error.as_database_error().unwrap();
                assert_eq!(said.code().as_deref(), Some(code), "{role}: {change}: {said}");
            }
        }
    }
}

fn some_column(table: &str) -> &'static str {
    match table {
        "analytics_runs" => "method",
        "analytics_snapshots" => "metric",
        "audit_log" => "act",
        "dunning_policies" => "name",
        "mrr_decisions" => "decision",
        "plan_quota_tiers" => "currency",
        "plan_quotas" => "reset",
        "referrals" => "key",
        "refunds" => "reason",
        "subscription_history" => "edge",
        "usage_closings" => "used",
        "usage_late" => "units",
        _ => "kind",
    }
}
