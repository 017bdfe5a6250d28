//! Bringing a database up to date: the SQL functions follow their files, a newer database is left
//! alone, and one of the last commit before the baseline is adopted.

use std::time::Duration;

use perennial::database::{self, DatabaseError, Role};
use perennial_jobs::invariants;
use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::world;

/// Made by the last commit before the baseline, with `pg_dump --inserts`: seven customers, on
/// 2 March 2026.
const BEFORE_THE_BASELINE: &str = include_str!("adoption/4496e8d.sql");

async fn pool(url: &str) -> PgPool {
    database::connect(url, Role::Owner, 4).await.unwrap()
}

async fn migrated() -> PgPool {
    let pool = pool(&World::empty_database().await).await;
    database::migrate(&pool).await.unwrap();
    pool
}

async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

async fn text(pool: &PgPool, sql: &'static str) -> Option<String> {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Functions, views and triggers, with their definitions and rights.
async fn definitions(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') from pg_proc p
          where p.pronamespace = 'perennial'::regnamespace and p.prokind = 'f' and p.probin is null
          union all
         select c.relname || pg_get_viewdef(c.oid) || coalesce(c.relacl::text, '') from pg_class c
          where c.relnamespace = 'perennial'::regnamespace and c.relkind = 'v'
          union all
         select pg_get_triggerdef(t.oid) from pg_trigger t where not t.tgisinternal
          order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn changed_functions_are_replaced_and_those_that_are_gone_are_dropped() {
    let pool = migrated().await;
    let before = definitions(&pool).await;
    run(
        &pool,
        "create or replace function perennial.wake_workers(queue_name text) returns void language sql as 'select';
         create function perennial.leftover() returns integer language sql as 'select 1';
         create view perennial.leftover_view as select perennial.leftover();
         insert into perennial.function_objects values
            ('function', 'perennial.leftover()', 'jobs'), ('view', 'perennial.leftover_view', 'jobs');
         update perennial.function_files set sha256 = 'another' where name = 'jobs'",
    )
    .await;
    assert!(matches!(
        database::check_schema(&pool).await,
        Err(DatabaseError::FunctionsDiffer { file }) if file == "jobs"
    ));
    database::migrate(&pool).await.unwrap();
    assert_eq!(definitions(&pool).await, before);
    database::check_schema(&pool).await.unwrap();
}

#[tokio::test]
async fn a_changed_signature_and_a_changed_type_are_applied_with_their_rights() {
    let pool = migrated().await;
    let before = definitions(&pool).await;
    run(
        &pool,
        "drop function perennial.subscription_access(uuid);
         create function perennial.subscription_access(other uuid) returns integer language sql as 'select 1';
         drop view perennial.next_due;
         create view perennial.next_due as select 1 as one, 2 as two, 3 as three;
         drop function perennial.paid_to_date(uuid);
         create function perennial.paid_to_date(customer text) returns integer language sql as 'select 1';
         update perennial.function_objects set identity = 'perennial.paid_to_date(pg_catalog.text)'
          where identity like 'perennial.paid_to_date(%';
         update perennial.function_files set sha256 = 'another' where name in ('subscriptions', 'due', 'insight')",
    )
    .await;
    database::migrate(&pool).await.unwrap();
    assert_eq!(definitions(&pool).await, before);
}

#[tokio::test]
async fn what_somebody_else_made_of_a_function_is_not_dropped_with_it() {
    let pool = migrated().await;
    run(
        &pool,
        "create function perennial.leftover() returns integer language sql as 'select 1';
         insert into perennial.function_objects values ('function', 'perennial.leftover()', 'jobs');
         create view public.report as select perennial.leftover();
         update perennial.function_files set sha256 = 'another' where name = 'jobs'",
    )
    .await;
    let refused = database::migrate(&pool).await.unwrap_err().to_string();
    assert!(refused.contains("view report depends on function perennial.leftover()"), "{refused}");
    assert_eq!(text(&pool, "select report::text from public.report").await.unwrap(), "(1)");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone_even_where_its_migrations_are_known() {
    let pool = migrated().await;
    run(
        &pool,
        "update perennial.schema_version set version = '999.0.0';
         update perennial.function_files set sha256 = 'newer' where name = 'jobs'",
    )
    .await;
    for refused in [database::migrate(&pool).await, database::check_schema(&pool).await] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, DatabaseError::NewerVersion { .. }), "{refused}");
        assert!(refused.to_string().contains("newer version"), "{refused}");
    }
    let kept = text(&pool, "select sha256 from perennial.function_files where name = 'jobs'").await;
    assert_eq!(kept.unwrap(), "newer");
}

#[tokio::test]
async fn two_that_migrate_at_once_wait_for_each_other() {
    let url = World::empty_database().await;
    let (one, two) = (pool(&url).await, pool(&url).await);
    let (first, second) = tokio::join!(database::migrate(&one), database::migrate(&two));
    first.unwrap();
    second.unwrap();
    database::check_schema(&one).await.unwrap();
}

#[tokio::test]
async fn migrating_waits_for_a_writer_and_gives_its_lock_up_meanwhile() {
    let pool = migrated().await;
    run(&pool, "update perennial.function_files set sha256 = 'another' where name = 'clocks'")
        .await;
    let mut writer = pool.begin().await.unwrap();
    sqlx::query("insert into perennial.clocks (id, name) values (gen_random_uuid(), 'one')")
        .execute(&mut *writer)
        .await
        .unwrap();
    let migrating = tokio::spawn({
        let pool = pool.clone();
        async move { database::migrate(&pool).await }
    });
    // It waits for the table that the writer holds …
    let waits = "select coalesce(bool_or(not granted), false)::text from pg_locks
                  where relation = 'perennial.clocks'::regclass";
    let mut look = tokio::time::interval(Duration::from_millis(5));
    while text(&pool, waits).await.unwrap() == "false" {
        look.tick().await;
    }
    // … and another writer gets it nevertheless.
    run(&pool, "insert into perennial.clocks (id, name) values (gen_random_uuid(), 'two')").await;
    writer.commit().await.unwrap();
    migrating.await.unwrap().unwrap();
    database::check_schema(&pool).await.unwrap();
}

/// A database as the last commit before the baseline left it: its URL.
async fn before_the_baseline() -> String {
    let url = World::empty_database().await;
    let pool = pool(&url).await;
    sqlx::raw_sql(BEFORE_THE_BASELINE).execute(&pool).await.unwrap();
    pool.close().await;
    url
}

#[tokio::test]
async fn a_populated_database_of_the_last_commit_before_the_baseline_is_adopted() {
    let mut world = world().await;
    // So that the provider knows the customers and their cards.
    for (name, method) in [
        ("ada", "pm_sbx_visa__ok"),
        ("bob", "pm_sbx_visa__insufficient_funds"),
        ("cy", "pm_sbx_mastercard__ok"),
        ("dan", "pm_sbx_visa__ok"),
        ("gil", "pm_sbx_visa__ok"),
    ] {
        world.subscribe(name, &[method], json!({})).await;
    }
    let known: Vec<(Uuid, String, String)> = sqlx::query_as(
        "select subject, data ->> 'provider_customer', data ->> 'reference'
           from perennial.lifecycle_events where type = 'payment_method.attached'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let fresh = definitions(&world.pool).await;
    world.url = before_the_baseline().await;
    world.pool = pool(&world.url).await;
    let paid = "select count(*) from perennial.invoices where status = 'paid'";
    let before = world.count(paid).await;

    database::migrate(&world.pool).await.unwrap();
    database::migrate(&world.pool).await.unwrap();

    database::check_schema(&world.pool).await.unwrap();
    assert_eq!(definitions(&world.pool).await, fresh);
    // It has been used with another provider: a retry step that cannot ask would wait.
    run(&world.pool, "update perennial.invoices set intent_reference = null where status = 'open'")
        .await;
    for (customer, provider_customer, method) in known {
        for (statement, reference) in [
            (
                "update perennial.provider_customers set reference = $2 where customer_id = $1",
                provider_customer,
            ),
            ("update perennial.payment_methods set reference = $2 where customer_id = $1", method),
        ] {
            sqlx::query(statement)
                .bind(customer)
                .bind(reference)
                .execute(&world.pool)
                .await
                .unwrap();
        }
    }
    world.work(Faults::None);
    world.live_until("2026-04-02T00:00:00Z").await;
    let mut conn = world.pool.acquire().await.unwrap();
    assert_eq!(format!("{:?}", invariants::check(&mut conn).await.unwrap()), "[]");
    drop(conn);
    assert!(world.count(paid).await >= before + 3, "{}", world.diaries().await);
    let live = "select count(*) from perennial.subscriptions where status = 'active'";
    assert_eq!(world.count(live).await, 4, "ada, cy, eve and gil");
}

#[tokio::test]
async fn a_database_that_is_neither_is_refused_and_left_as_it_is() {
    let url = before_the_baseline().await;
    let pool = pool(&url).await;
    run(&pool, "delete from public._sqlx_migrations where version = 36").await;
    for refused in [database::migrate(&pool).await, database::check_schema(&pool).await] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, DatabaseError::Foreign { version: 1 }), "{refused}");
    }
    let recorded = text(&pool, "select count(*)::text from public._sqlx_migrations").await;
    assert_eq!(recorded.unwrap(), "34");
    let function = "select to_regproc('perennial.check_invariants_before_commissions')::text";
    assert!(text(&pool, function).await.is_some());
}

#[tokio::test]
async fn every_function_that_is_applied_is_recorded_with_its_file() {
    let pool = migrated().await;
    let unrecorded: Vec<String> = sqlx::query_scalar(UNRECORDED).fetch_all(&pool).await.unwrap();
    assert_eq!(unrecorded, Vec::<String>::new());
}

const UNRECORDED: &str = "select o.identity from pg_proc p
    cross join lateral pg_identify_object('pg_proc'::regclass, p.oid, 0) o
    where p.pronamespace = 'perennial'::regnamespace and p.probin is null
      and p.proname not in ('refuse_change', 'make_append_only', 'business_now')
      and o.identity not in (select identity from perennial.function_objects)";
