//! A database whose defaults are all otherwise changes no result.

use chrono::TimeDelta;
use perennial_core::dunning::DunningPolicy;
use perennial_jobs::store::policies;
use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{EXECUTABLE, world};

const START: &str = "2026-01-31T12:00:00Z";

const OTHERWISE: &[(&str, &str)] = &[
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("search_path", "nowhere"),
    ("TimeZone", "Asia/Tokyo"),
    ("DateStyle", "SQL, DMY"),
    ("IntervalStyle", "sql_standard"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("standard_conforming_strings", "off"),
    ("array_nulls", "off"),
    ("statement_timeout", "40ms"),
    ("lock_timeout", "20ms"),
    ("idle_in_transaction_session_timeout", "40ms"),
    ("synchronous_commit", "off"),
];

/// A world on a database with other defaults.
async fn otherwise() -> World {
    let first = world().await;
    let mut conn = first.pool.acquire().await.unwrap();
    for (name, value) in OTHERWISE {
        let set = format!(
            "do $$ begin execute format('alter database %I set {name} = %s',
                 current_database(), {value}); end $$",
            value = match *name {
                "DateStyle" | "search_path" => format!("'{value}'"),
                _ => format!("quote_literal('{value}')"),
            }
        );
        sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *conn).await.unwrap();
    }
    drop(conn);
    World::on(first.url.clone(), START, EXECUTABLE).await
}

/// A declined renewal that recovers, a cancellation, and usage that another service records in
/// a session of its own.
async fn life(mut world: World) -> (World, String) {
    world.work(Faults::None);
    let methods = ["pm_sbx_visa__ok1__insufficient_funds1__ok"];
    world.subscribe("ada", &methods, json!({ "anchor": "2026-01-03" })).await;
    let ben = world.subscribe("ben", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let mut service = PgConnection::connect(&world.url).await.unwrap();
    // The service's own limits are the service's own.
    sqlx::raw_sql("set statement_timeout = 0; set lock_timeout = 0")
        .execute(&mut service)
        .await
        .unwrap();
    let used: i64 = sqlx::query_scalar(
        "select used::bigint from perennial.record_usage($1, 'ai_decisions', 3, 'usage-1')",
    )
    .bind(ben.id.0)
    .fetch_one(&mut service)
    .await
    .unwrap();
    assert_eq!(used, 3);
    sqlx::query(
        "select perennial.emit('subscription.cancel_requested', $1, '{\"when\": \"period_end\"}', 'cancel-1')",
    )
    .bind(ben.subscription.0)
    .execute(&mut service)
    .await
    .unwrap();
    world.rest().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    world.check().await;
    let told = world.diaries().await;
    (world, told)
}

#[tokio::test]
async fn a_database_with_other_defaults_leads_to_the_same_life() {
    let (_usual, expected) = life(world().await).await;
    let (world, told) = life(otherwise().await).await;
    assert_eq!(told, expected);
    let mut conn = world.pool.acquire().await.unwrap();
    for (name, value) in OTHERWISE {
        let kept: String = sqlx::query_scalar("select current_setting($1)")
            .bind(name)
            .fetch_one(&mut *conn)
            .await
            .unwrap();
        assert_ne!(kept, *value, "{name}");
    }
}

#[tokio::test]
async fn subscribing_all_at_once_works_where_serializable_is_the_default() {
    let mut world = otherwise().await;
    world.work(Faults::None);
    let subscribed = (0..7).map(|number| {
        let (email, key) = (format!("c{number}@customers.example"), format!("signup-{number}"));
        let arguments = ["subscribe", "--name", "Customer", "--plan", "professional"];
        let mut command = world.command();
        command.args(arguments).args(["--payment-method", "pm_card_visa", "--email"]).arg(email);
        command.arg("--key").arg(key);
        async move { command.output().await.unwrap() }
    });
    let mut waiting = tokio::task::JoinSet::new();
    subscribed.for_each(|one| drop(waiting.spawn(one)));
    for done in waiting.join_all().await {
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    world.rest().await;
    world.advance(TimeDelta::days(31)).await;
    world.check().await;
    let active = "select count(*) from perennial.subscriptions where status = 'active'";
    assert_eq!(world.count(active).await, 7);
}

#[tokio::test]
async fn what_a_service_hears_does_not_depend_on_its_own_time_zone() {
    let mut world = World::at("2026-02-05T12:00:00Z", EXECUTABLE).await;
    let restrict_after = Some("3d".parse().unwrap());
    let strict =
        DunningPolicy { name: "strict".to_owned(), restrict_after, ..DunningPolicy::default() };
    policies::publish(&mut world.pool.acquire().await.unwrap(), &strict).await.unwrap();
    world.work(Faults::None);
    let declined = "pm_sbx_visa__ok1__insufficient_funds99";
    let ada = world.subscribe("ada", &[declined], json!({ "policy": "strict" })).await;
    let ben = world.subscribe("ben", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    // In New York the clocks change on 8 March: these three days have 71 hours there.
    world.live_until("2026-03-08T11:30:00Z").await;
    world.kill_workers().await;
    let mut heard = vec![];
    for zone in ["UTC", "America/New_York"] {
        let mut service = service_in(&world, zone).await;
        let access: String = sqlx::query_scalar("select perennial.subscription_access($1)")
            .bind(ada.subscription.0)
            .fetch_one(&mut service)
            .await
            .unwrap();
        heard.push(access);
    }
    assert_eq!(heard, ["full", "full"]);
    // Usage is taken for 35 days: 34 days and 23 hours and a half ago.
    world.set_clock("2026-03-13T12:00:00Z".parse().unwrap()).await;
    for zone in ["UTC", "America/New_York"] {
        let mut service = service_in(&world, zone).await;
        sqlx::query(
            "select perennial.record_usage($1, 'ai_decisions', 1, 'one ' || $2, '2026-02-06T12:30:00Z')",
        )
        .bind(ben.id.0)
        .bind(zone)
        .execute(&mut service)
        .await
        .unwrap_or_else(|error| panic!("{zone}: {error}"));
    }
}

async fn service_in(world: &World, zone: &str) -> PgConnection {
    let mut service = PgConnection::connect(&world.url).await.unwrap();
    sqlx::query("select set_config('TimeZone', $1, false)")
        .bind(zone)
        .execute(&mut service)
        .await
        .unwrap();
    service
}

#[tokio::test]
async fn a_database_that_is_set_to_read_only_is_named_at_the_start() {
    let world = world().await;
    sqlx::raw_sql(
        "do $$ begin execute format('alter database %I set default_transaction_read_only = on',
             current_database()); end $$",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    for command in ["work", "migrate"] {
        let refused = world.command().arg(command).output().await.unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(69), "{command}: {said}");
        assert!(said.contains("default_transaction_read_only"), "{command}: {said}");
    }
}
