//! Movements, figures and indicators lie in the partition of their month, and only that is read.

use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::memberships::execute;
use super::snapshots::{day, live_and_tell};
use super::world;

async fn lines(world: &World, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&world.pool).await.unwrap()
}

async fn told_world() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-02")).await;
    world
}

#[tokio::test]
async fn what_was_told_of_a_month_lies_in_its_partition_and_reads_look_nowhere_else() {
    let world = told_world().await;
    let parts = lines(
        &world,
        "select distinct tableoid::regclass || ' ' || to_char(date, 'YYYY-MM') from perennial.analytics_snapshots order by 1",
    )
    .await;
    assert_eq!(
        parts,
        [
            "perennial.analytics_snapshots_2026_01 2026-01",
            "perennial.analytics_snapshots_2026_02 2026-02"
        ]
    );
    execute(
        &world,
        "select perennial.make_month_partition('mrr_movements', '2026-01-31'), perennial.make_month_partitions()",
    )
    .await;
    assert_eq!(
        lines(&world, "select distinct tableoid::regclass::text from perennial.mrr_movements")
            .await,
        ["perennial.mrr_movements_2026_01"]
    );
    for (sql, part) in [
        (
            "select * from perennial.analytics_figures where date = '2026-02-01'",
            "analytics_snapshots_2026_02",
        ),
        (
            "select * from perennial.mrr_movements where at >= '2026-01-31Z' and at < '2026-02-01Z'",
            "mrr_movements_2026_01",
        ),
        (
            "select * from perennial.churn_indicators where date = '2026-02-01'",
            "churn_indicators_2026_02",
        ),
    ] {
        let plan = lines(&world, &format!("explain (costs off) {sql}")).await.join("\n");
        let table = part.trim_end_matches("_2026_01").trim_end_matches("_2026_02");
        let read = plan.matches(&format!("{table}_")).count();
        assert!(
            read > 0 && !plan.contains("_default") && read == plan.matches(part).count(),
            "{plan}"
        );
    }
}

#[tokio::test]
async fn a_decision_moves_revenue_once_whatever_month_a_repeat_falls_into() {
    let world = told_world().await;
    let again = |at: &str| {
        format!(
            "insert into perennial.mrr_movements
                 (customer_id, currency, subscription_id, decision, at, kind, amount_numer, amount_denom, before_numer, before_denom,
                  after_numer, after_denom, plan_after, total_numer, total_denom)
             select customer_id, currency, subscription_id, decision, '{at}', kind, amount_numer, amount_denom, before_numer,
                    before_denom, after_numer, after_denom, plan_after, total_numer, total_denom
               from perennial.mrr_movements"
        )
    };
    for at in ["2026-01-31T12:00:00Z", "2026-02-01T12:00:00Z", "2031-01-01T00:00:00Z"] {
        let refused =
            sqlx::raw_sql(AssertSqlSafe(again(at))).execute(&world.pool).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("23505"), "{at}");
    }
}
