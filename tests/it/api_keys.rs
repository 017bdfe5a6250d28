//! API keys: who may call, how often, and what a bad key is told.

use chrono::{DateTime, Utc};
use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::world;

#[derive(Debug, FromRow)]
struct Answer {
    customer: Option<Uuid>,
    allowed: bool,
    remaining: Option<i64>,
    retry_after: Option<i32>,
    reason: Option<String>,
}

impl Answer {
    fn why(&self) -> &str {
        assert_eq!(self.allowed, self.reason.is_none(), "{self:?}");
        self.reason.as_deref().unwrap_or("allowed")
    }
}

async fn authorize(pool: &PgPool, key: &str, scope: &str) -> Answer {
    sqlx::query_as("select * from perennial.authorize_api_key($1, $2)")
        .bind(key)
        .bind(scope)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// A customer without a plan.
async fn customer(world: &World) -> Uuid {
    let user = Uuid::from_u128(1);
    let sql = "with person as (insert into perennial.users (id, email, name) values ($1, 'ada@customers.example', 'Ada')
                               returning id)
               insert into perennial.customers (id, user_id, email, name)
               select $2, id, 'ada@customers.example', 'Ada' from person";
    let id = Uuid::from_u128(7);
    sqlx::query(sql).bind(user).bind(id).execute(&world.pool).await.unwrap();
    id
}

async fn create(world: &World, customer: Uuid, limit: Option<i32>) -> (Uuid, String) {
    sqlx::query_as(
        "select * from perennial.create_api_key($1, 'CI', '{usage:write,usage:read}', null, $2)",
    )
    .bind(customer)
    .bind(limit)
    .fetch_one(&world.pool)
    .await
    .unwrap()
}

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

#[tokio::test]
async fn a_key_is_stored_as_a_hash_only_and_authorizes_its_customer_for_its_scopes() {
    let world = world().await;
    let customer = customer(&world).await;
    let (id, key) = create(&world, customer, Some(10)).await;
    let parts: Vec<_> = key.split('_').collect();
    assert_eq!(parts[..2], ["prn", "test"], "the world's clock stands");
    assert_eq!((parts[2].len(), parts[3].len()), (8, 43));
    let stored: (String, Vec<u8>) =
        sqlx::query_as("select row(k.*)::text, key_hash from perennial.api_keys k where id = $1")
            .bind(id)
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert!(!stored.0.contains(parts[3]), "the secret is nowhere in the row");
    assert_eq!(stored.1.len(), 32);
    let answer = authorize(&world.pool, &key, "usage:read").await;
    assert_eq!(
        (answer.why(), answer.customer, answer.remaining),
        ("allowed", Some(customer), Some(9))
    );
    assert_eq!(authorize(&world.pool, &key, "usage").await.why(), "scope");
}

#[tokio::test]
async fn no_two_keys_are_alike_and_real_time_makes_live_ones() {
    let world = world().await;
    let customer = customer(&world).await;
    sqlx::query("update perennial.clocks set frozen_at = null").execute(&world.pool).await.unwrap();
    for _ in 0..50 {
        let (_, key) = create(&world, customer, None).await;
        assert!(key.starts_with("prn_live_"), "live");
    }
    let hashes =
        "select count(distinct key_hash) + count(distinct public_id) from perennial.api_keys";
    assert_eq!(world.count(hashes).await, 100);
}

#[tokio::test]
async fn a_key_that_is_none_is_unknown_and_never_an_error() {
    let world = world().await;
    let customer = customer(&world).await;
    let (_, key) = create(&world, customer, Some(10)).await;
    let (last, rest) = (key.chars().last().unwrap(), &key[..key.len() - 1]);
    let forged = format!("{rest}{}", if last == 'a' { 'b' } else { 'a' });
    let other_mode = key.replace("_test_", "_live_");
    let long = "x".repeat(100_000);
    let padded = format!("{key}\n");
    let cases = [
        "",
        " ",
        "prn_",
        "'; drop table",
        "prn_test_",
        &long,
        &forged,
        &other_mode,
        rest,
        &padded,
        "ключ",
    ];
    for bad in cases {
        let answer = authorize(&world.pool, bad, "usage:read").await;
        assert_eq!((answer.why(), answer.customer), ("unknown", None), "{bad}");
    }
    let null: (bool, String) = sqlx::query_as(
        "select allowed, reason from perennial.authorize_api_key(null, 'usage:read')",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(null, (false, "unknown".to_owned()));
}

#[tokio::test]
async fn bad_input_is_refused_with_the_name_of_its_field() {
    let world = world().await;
    let customer = customer(&world).await;
    let (id, key) = create(&world, customer, Some(10)).await;
    sqlx::query("select perennial.revoke_api_key($1)").bind(id).execute(&world.pool).await.unwrap();
    let wish = |name: &str, scopes: &str, more: &str| {
        format!("select perennial.create_api_key('{customer}', {name}, {scopes}{more})")
    };
    let cases = [
        (format!("select perennial.create_api_key('{id}', 'CI', '{{a}}')"), "customer"),
        (wish("''", "'{a}'", ""), "name"),
        (wish("null", "'{a}'", ""), "name"),
        (wish("e'a\\nb'", "'{a}'", ""), "name"),
        (wish("'CI'", "'{}'", ""), "scopes"),
        (wish("'CI'", "null", ""), "scopes"),
        (wish("'CI'", "'{a,null}'", ""), "scopes"),
        (wish("'CI'", "'{a,\"B c\"}'", ""), "scopes"),
        (wish("'CI'", "'{a}'", ", '2026-01-31T12:00:00Z'"), "expires_at"),
        (wish("'CI'", "'{a}'", ", 'infinity'"), "expires_at"),
        (wish("'CI'", "'{a}'", ", null, 0"), "limit_per_hour"),
        (wish("'CI'", "'{a}'", ", null, -2"), "limit_per_hour"),
        (format!("select perennial.authorize_api_key('{key}', null)"), "scope"),
        (format!("select perennial.authorize_api_key('{key}', ' ')"), "scope"),
        ("select perennial.authorize_api_key('nonsense', '')".to_owned(), "scope"),
        ("select perennial.revoke_api_key(null)".to_owned(), "id"),
        (format!("select perennial.revoke_api_key('{customer}')"), "id"),
        (format!("select perennial.rotate_api_key('{customer}', '1 day')"), "id"),
        (format!("select perennial.rotate_api_key('{id}', '1 day')"), "id"),
        (format!("select perennial.rotate_api_key('{id}', '-1 day')"), "overlap"),
        (format!("select perennial.rotate_api_key('{id}', '91 days')"), "overlap"),
        (format!("select perennial.rotate_api_key('{id}', null)"), "overlap"),
    ];
    for (sql, field) in cases {
        let error = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(&world.pool).await;
        let error = error.expect_err(&sql);
        let message = error.as_database_error().expect("the door's own words").message().to_owned();
        assert!(message.starts_with(&format!("{field}: ")), "{sql}: {message}");
    }
    assert_eq!(world.count("select count(*) from perennial.api_keys").await, 1);
}

#[tokio::test]
async fn a_key_ends_at_its_instant_and_when_it_is_revoked() {
    let world = world().await;
    let customer = customer(&world).await;
    let until = at("2026-02-01T00:00:00Z");
    let (id, key): (Uuid, String) =
        sqlx::query_as("select * from perennial.create_api_key($1, 'CI', '{usage:read}', $2, -1)")
            .bind(customer)
            .bind(until)
            .fetch_one(&world.pool)
            .await
            .unwrap();
    world.set_clock(until - chrono::TimeDelta::microseconds(1)).await;
    let answer = authorize(&world.pool, &key, "usage:read").await;
    assert_eq!((answer.why(), answer.remaining), ("allowed", None), "unlimited");
    world.set_clock(until).await;
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.why(), "expired");
    let revoke = async || -> bool {
        sqlx::query_scalar("select perennial.revoke_api_key($1)")
            .bind(id)
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    assert!(revoke().await);
    assert!(!revoke().await, "once");
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.why(), "revoked");
}

#[tokio::test]
async fn a_rotated_key_works_until_the_overlap_is_over_and_the_new_one_for_as_long_as_the_old_was_meant_to()
 {
    let world = world().await;
    let customer = customer(&world).await;
    // New York turns its clocks on 8 March: a day of overlap is 24 hours all the same.
    let mut session = world.pool.acquire().await.unwrap();
    sqlx::query("set timezone = 'America/New_York'").execute(&mut *session).await.unwrap();
    world.set_clock(at("2026-03-07T17:00:00Z")).await;
    let expires = at("2026-04-06T17:00:00Z");
    let (id, old): (Uuid, String) =
        sqlx::query_as("select * from perennial.create_api_key($1, 'CI', '{usage:read}', $2, 10)")
            .bind(customer)
            .bind(expires)
            .fetch_one(&mut *session)
            .await
            .unwrap();
    authorize(&world.pool, &old, "usage:read").await;
    let (new_id, new): (Uuid, String) =
        sqlx::query_as("select * from perennial.rotate_api_key($1, '1 day')")
            .bind(id)
            .fetch_one(&mut *session)
            .await
            .unwrap();
    let again = sqlx::query("select perennial.rotate_api_key($1, '1 day')")
        .bind(id)
        .execute(&world.pool)
        .await;
    let again = again.unwrap_err().as_database_error().unwrap().message().to_owned();
    assert!(again.starts_with("id: ") && again.contains(&new_id.to_string()), "{again}");
    let answer = authorize(&world.pool, &new, "usage:read").await;
    assert_eq!((answer.why(), answer.remaining), ("allowed", Some(8)), "the bucket goes along");
    let ends: Vec<DateTime<Utc>> =
        sqlx::query_scalar("select expires_at from perennial.api_keys order by expires_at")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(ends, [at("2026-03-08T17:00:00Z"), expires]);
    world.set_clock(at("2026-03-08T16:59:59Z")).await;
    assert_eq!(authorize(&world.pool, &old, "usage:read").await.why(), "allowed");
    world.set_clock(at("2026-03-08T17:00:00Z")).await;
    assert_eq!(authorize(&world.pool, &old, "usage:read").await.why(), "expired");
    assert_eq!(authorize(&world.pool, &new, "usage:read").await.why(), "allowed");
}

#[tokio::test]
async fn a_bucket_refills_by_the_second_of_business_time_and_a_denied_call_writes_nothing() {
    let world = world().await;
    let customer = customer(&world).await;
    let (_, key) = create(&world, customer, Some(7)).await;
    for left in (0..7).rev() {
        assert_eq!(authorize(&world.pool, &key, "usage:read").await.remaining, Some(left));
    }
    let row = "select row(k.*)::text || k.xmin || k.xmax || k.ctid from perennial.api_keys k";
    let before: String = sqlx::query_scalar(row).fetch_one(&world.pool).await.unwrap();
    let denied = authorize(&world.pool, &key, "usage:read").await;
    // A seventh of an hour: 514.28… seconds.
    assert_eq!(
        (denied.why(), denied.remaining, denied.retry_after),
        ("rate_limited", Some(0), Some(515))
    );
    let after: String = sqlx::query_scalar(row).fetch_one(&world.pool).await.unwrap();
    assert_eq!(before, after);
    world.set_clock(at("2026-01-31T12:08:34Z")).await;
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.retry_after, Some(1));
    world.set_clock(at("2026-01-31T12:08:35Z")).await;
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.why(), "allowed");
    // What was left of the 515th second is not lost: seven more tokens are there an hour later.
    world.set_clock(at("2026-01-31T13:08:34.285715Z")).await;
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.remaining, Some(6));
    // It never holds more than an hour's worth.
    world.set_clock(at("2026-03-01T00:00:00Z")).await;
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.remaining, Some(6));
}

#[tokio::test]
async fn a_hundred_callers_at_once_find_exactly_the_tokens_there_are() {
    let world = world().await;
    let customer = customer(&world).await;
    let (_, key) = create(&world, customer, Some(37)).await;
    let pool =
        sqlx::postgres::PgPoolOptions::new().max_connections(25).connect(&world.url).await.unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (pool, key) = (pool.clone(), key.clone());
        callers.spawn(async move { authorize(&pool, &key, "usage:write").await });
    }
    let answers = callers.join_all().await;
    let mut left: Vec<_> =
        answers.iter().filter(|answer| answer.allowed).map(|answer| answer.remaining).collect();
    left.sort();
    assert_eq!(left, (0..37).map(Some).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| matches!(answer.why(), "allowed" | "rate_limited")));
}

#[tokio::test]
async fn without_a_limit_of_its_own_a_key_has_the_plans_and_an_upgrade_holds_at_once() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let (_, key) = create(&world, ada.id.0, None).await;
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.remaining, Some(99));
    for (plan, remaining) in [("enterprise", 998), ("free", 9)] {
        sqlx::query("update perennial.subscriptions set plan_id = (select id from perennial.plans where code = $1)")
            .bind(plan)
            .execute(&world.pool)
            .await
            .unwrap();
        if plan == "free" {
            world.set_clock(at("2026-01-31T13:00:00Z")).await;
        }
        assert_eq!(
            authorize(&world.pool, &key, "usage:read").await.remaining,
            Some(remaining),
            "{plan}"
        );
    }
    sqlx::query("update perennial.subscriptions set status = 'paused'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(authorize(&world.pool, &key, "usage:read").await.why(), "no_plan");
}

#[tokio::test]
async fn the_use_of_an_unlimited_key_is_noted_once_a_minute() {
    let world = world().await;
    let customer = customer(&world).await;
    let (_, key) = create(&world, customer, Some(-1)).await;
    let used = async || -> DateTime<Utc> {
        authorize(&world.pool, &key, "usage:read").await;
        sqlx::query_scalar("select last_used_at from perennial.api_keys")
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    let noon = at("2026-01-31T12:00:00Z");
    assert_eq!(used().await, noon);
    world.set_clock(at("2026-01-31T12:00:59Z")).await;
    assert_eq!(used().await, noon);
    world.set_clock(at("2026-01-31T12:01:00Z")).await;
    assert_eq!(used().await, at("2026-01-31T12:01:00Z"));
}

#[tokio::test]
async fn the_command_line_shows_a_key_once() {
    let world = world().await;
    let customer = customer(&world).await.to_string();
    let run = async |arguments: &[&str]| {
        let done = world.command().arg("api-key").args(arguments).output().await.unwrap();
        (
            done.status.code(),
            String::from_utf8(done.stdout).unwrap(),
            String::from_utf8(done.stderr).unwrap(),
        )
    };
    let wish = [
        "create",
        "--customer",
        &customer,
        "--name",
        "CI",
        "--scope",
        "usage:read",
        "--limit-per-hour",
        "5",
    ];
    let (code, key, talk) = run(&wish).await;
    assert_eq!(code, Some(0), "{talk}");
    let key = key.trim();
    assert!(!talk.contains(key));
    assert_eq!(authorize(&world.pool, key, "usage:read").await.why(), "allowed");
    let (_, listed, _) = run(&["list", "--customer", &customer, "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert!(
        key.starts_with(listed["prefix"].as_str().unwrap()) && !listed.to_string().contains(key)
    );
    assert_eq!((&listed["state"], &listed["calls_per_hour"]), (&json!("valid"), &json!(5)));
    let id = listed["id"].as_str().unwrap();
    assert_eq!(run(&["revoke", id]).await.1, format!("{id}  revoked\n"));
    assert_eq!(authorize(&world.pool, key, "usage:read").await.why(), "revoked");
    let (code, _, said) = run(&["revoke", "key_00000000000000000000000000000009"]).await;
    assert_eq!(code, Some(65));
    assert!(said.contains("id: "), "{said}");
    let (code, _, said) =
        run(&["create", "--customer", &customer, "--name", "CI", "--scope", "Bad scope"]).await;
    assert_eq!((code, said.contains("scopes: ")), (Some(65), true), "{said}");
}
