//! Memberships: granted once, told of before they end, and judged by time, never by a job.

use chrono::{DateTime, Utc};
use perennial_tests::{Customer, Faults, World};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::world;

const VISITOR: Uuid = Uuid::from_u128(5);

/// A user whom nothing is sold to.
pub(super) async fn visitor(world: &World) -> Uuid {
    let sql = "insert into perennial.users (id, email, name) values ($1, 'vera@visitors.example', 'Vera')";
    sqlx::query(sql).bind(VISITOR).execute(&world.pool).await.unwrap();
    VISITOR
}

/// The person behind a customer.
pub(super) async fn user(world: &World, customer: Customer) -> Uuid {
    let sql = "select user_id from perennial.customers where id = $1";
    sqlx::query_scalar(sql).bind(customer.id.0).fetch_one(&world.pool).await.unwrap()
}

pub(super) async fn grant(world: &World, user: Uuid, kind: &str, key: &str) -> Uuid {
    let sql = "select perennial.grant_membership($1, $2, $3)";
    let granted = sqlx::query_scalar(sql).bind(user).bind(kind).bind(key).fetch_one(&world.pool);
    granted.await.unwrap()
}

pub(super) async fn is_open(world: &World, user: Option<Uuid>, content: &str) -> bool {
    let sql = "select perennial.can_access($1, $2)";
    sqlx::query_scalar(sql).bind(user).bind(content).fetch_one(&world.pool).await.unwrap()
}

pub(super) async fn execute(world: &World, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&world.pool).await.unwrap();
}

/// `pass` lasts 60 days, its last 14 with notice; it opens what is below `courses/`.
async fn sell_passes(world: &World) {
    execute(
        world,
        "insert into perennial.membership_types
             (id, code, name, duration, duration_days, price_minor, currency, features, notice_days)
         values (gen_random_uuid(), 'pass', 'Course pass', 'fixed', 60, 1000, 'USD', '{course_library}', 14);
         insert into perennial.content_access_rules (content_key, requirement, feature)
         values ('courses/*', 'feature', 'course_library')",
    )
    .await;
}

async fn statuses(world: &World) -> Vec<String> {
    let sql = "select status from perennial.user_memberships order by key";
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

async fn notices(world: &World) -> i64 {
    world.count("select count(*) from perennial.emails where template = 'membership_ending'").await
}

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

#[tokio::test]
async fn a_fixed_term_keeps_the_wall_time_of_its_member_and_is_told_of_once_before_its_end() {
    let mut world = world().await;
    sell_passes(&world).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "free" })).await;
    world.rest().await;
    let user = user(&world, ada).await;
    grant(&world, user, "pass", "order 1").await;
    // London turns its clocks on 29 March: noon stays noon.
    let (notice, end) = (at("2026-03-18T12:00:00Z"), at("2026-04-01T11:00:00Z"));
    let stored: (DateTime<Utc>, DateTime<Utc>) =
        sqlx::query_as("select notice_at, ends_at from perennial.user_memberships")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!(stored, (notice, end));
    world.live_until("2026-03-18T11:59:59Z").await;
    assert_eq!(notices(&world).await, 0);
    world.live_until("2026-04-01T10:59:59Z").await;
    assert_eq!(
        (notices(&world).await, is_open(&world, Some(user), "courses/rust").await),
        (1, true)
    );
    world.live_until("2026-04-01T11:00:00Z").await;
    assert!(!is_open(&world, Some(user), "courses/rust").await);
    assert_eq!(statuses(&world).await, ["expired"]);
    let mail = world.inbox.wait_for(std::time::Duration::from_secs(5), |mail| {
        mail.header("X-Perennial-Letter") == Some("membership_ending")
    });
    assert_eq!(mail.await.expect("the notice arrives").to, ["ada@customers.example"]);
    assert_eq!(notices(&world).await, 1);
    world.check().await;
}

#[tokio::test]
async fn a_notice_whose_writer_was_killed_is_sent_once() {
    for point in ["membership.C2", "membership.C7"] {
        let mut world = world().await;
        sell_passes(&world).await;
        let ada = world.subscribe("ada", &[], json!({ "plan": "free" })).await;
        world.work(Faults::None);
        world.rest().await;
        world.kill_workers().await;
        let user = user(&world, ada).await;
        grant(&world, user, "pass", "order 1").await;
        world.set_clock(at("2026-03-18T12:00:00Z")).await;
        world.work(Faults::KilledAt(point));
        world.wait_for_death().await;
        world.work(Faults::None);
        world.rest().await;
        assert_eq!(notices(&world).await, 1, "{point}");
        world.check().await;
    }
}

#[tokio::test]
async fn without_any_worker_memberships_begin_and_end_in_time_and_late_news_is_not_sent() {
    let mut world = world().await;
    sell_passes(&world).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &[], json!({ "plan": "free" })).await;
    world.rest().await;
    world.kill_workers().await;
    let user = user(&world, ada).await;
    sqlx::query("select perennial.grant_membership($1, 'pass', 'later', starts_at => '2026-02-10T00:00:00Z')")
        .bind(user)
        .execute(&world.pool)
        .await
        .unwrap();
    for (instant, open) in [
        ("2026-02-09T23:59:59.999999Z", false),
        ("2026-02-10T00:00:00Z", true),
        ("2026-04-10T22:59:59.999999Z", true),
        ("2026-04-10T23:00:00Z", false),
    ] {
        world.set_clock(at(instant)).await;
        assert_eq!(is_open(&world, Some(user), "courses/rust").await, open, "{instant}");
    }
    assert_eq!(statuses(&world).await, ["pending"]);
    world.work(Faults::None);
    world.rest().await;
    assert_eq!((statuses(&world).await, notices(&world).await), (vec!["expired".to_owned()], 0));
}

#[tokio::test]
async fn a_member_who_is_no_customer_is_written_down_and_gets_no_mail() {
    let mut world = world().await;
    sell_passes(&world).await;
    let vera = visitor(&world).await;
    grant(&world, vera, "pass", "gift").await;
    execute(
        &world,
        "insert into perennial.user_memberships
             (id, key, user_id, membership_type_id, clock_id, status, starts_at, ends_at, due_at)
         select gen_random_uuid(), 'bulk ' || n, user_id, membership_type_id, clock_id, 'active', starts_at, ends_at, ends_at
           from perennial.user_memberships cross join generate_series(1, 2500) n where key = 'gift'",
    )
    .await;
    world.set_clock(at("2026-05-01T00:00:00Z")).await;
    world.work(Faults::None);
    world.rest().await;
    assert_eq!(
        world
            .count("select count(*) from perennial.user_memberships where status = 'expired'")
            .await,
        2_501
    );
    assert_eq!(
        (notices(&world).await, world.count("select count(*) from perennial.emails").await),
        (0, 0)
    );
    let told = "select count(*) from perennial.user_memberships where notice_sent_at is not null or due_at is not null";
    assert_eq!(world.count(told).await, 0);
}

#[tokio::test]
async fn a_recurring_membership_holds_exactly_while_its_subscription_has_access() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    let user = user(&world, ada).await;
    execute(
        &world,
        "insert into perennial.content_access_rules (content_key, requirement, membership)
         values ('lounge', 'membership', 'supporter')",
    )
    .await;
    sqlx::query("select perennial.grant_membership($1, 'supporter', 'k', $2)")
        .bind(user)
        .bind(ada.subscription.0)
        .execute(&world.pool)
        .await
        .unwrap();
    for (status, open) in [
        ("active", true),
        ("paused", false),
        ("trialing", true),
        ("unpaid", false),
        ("past_due", true),
    ] {
        let change = format!(
            "update perennial.subscriptions set status = '{status}', dunning_case_id = gen_random_uuid()"
        );
        execute(&world, &change).await;
        assert_eq!(is_open(&world, Some(user), "lounge").await, open, "{status}");
    }
    assert_eq!(
        world
            .count("select count(*) from perennial.user_memberships where due_at is not null")
            .await,
        0
    );
}

#[tokio::test]
async fn a_repeat_of_a_key_is_the_same_membership_however_many_ask_at_once() {
    let world = world().await;
    let vera = visitor(&world).await;
    let pool =
        sqlx::postgres::PgPoolOptions::new().max_connections(20).connect(&world.url).await.unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let pool = pool.clone();
        callers.spawn(async move {
            let sql =
                "select perennial.grant_membership($1, 'annual_pass', 'once', order_id => $1)";
            sqlx::query_scalar::<_, Uuid>(sql).bind(vera).fetch_one(&pool).await.unwrap()
        });
    }
    let mut ids = callers.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.count("select count(*) from perennial.user_memberships").await, 1);
}

#[tokio::test]
async fn bad_input_is_refused_with_the_name_of_its_field() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    let (vera, subscription) = (visitor(&world).await, ada.subscription.0);
    execute(
        &world,
        "update perennial.membership_types set active = false where code = 'founding_member'",
    )
    .await;
    execute(
        &world,
        &format!(
            "select perennial.grant_membership('{vera}', 'annual_pass', 'first', null, '{vera}')"
        ),
    )
    .await;
    let over = "select perennial.grant_membership($1, 'annual_pass', 'over', null, null, '2020-01-01T00:00:00Z')";
    let over: Uuid = sqlx::query_scalar(over).bind(vera).fetch_one(&world.pool).await.unwrap();
    let wish =
        |user: Uuid, rest: &str| format!("select perennial.grant_membership('{user}', {rest})");
    let customer = ada.id.0;
    let cases = [
        (wish(Uuid::from_u128(99), "'annual_pass', 'k'"), "user_id"),
        ("select perennial.grant_membership(null, 'annual_pass', 'k')".to_owned(), "user_id"),
        (wish(vera, "'gold', 'k'"), "type"),
        (wish(vera, "null, 'k'"), "type"),
        (wish(vera, "'founding_member', 'k'"), "type"),
        (wish(vera, "'annual_pass', ''"), "key"),
        (wish(vera, "'annual_pass', null"), "key"),
        (wish(vera, "'supporter', 'k'"), "subscription"),
        (wish(vera, &format!("'supporter', 'k', '{vera}'")), "subscription"),
        (wish(vera, &format!("'annual_pass', 'k', '{subscription}'")), "subscription"),
        (wish(vera, &format!("'supporter', 'k', '{subscription}', '{vera}'")), "order_id"),
        (wish(vera, &format!("'annual_pass', 'k', null, '{vera}'")), "order_id"),
        (wish(vera, "'annual_pass', 'k', null, null, 'infinity'"), "starts_at"),
        (wish(vera, "'annual_pass', 'k', null, null, '1900-01-01T00:00:00Z'"), "starts_at"),
        (format!("select perennial.cancel_membership('{vera}')"), "id"),
        (format!("select perennial.cancel_membership('{over}')"), "id"),
        ("select perennial.cancel_membership(null)".to_owned(), "id"),
        (format!("select perennial.can_access('{customer}', 'x')"), "user_id"),
        (format!("select perennial.can_access('{vera}', '')"), "content_key"),
        (format!("select perennial.can_access('{vera}', null)"), "content_key"),
        (format!("select perennial.check_feature('{vera}', 'sso')"), "customer"),
        ("select perennial.check_feature(null, 'sso')".to_owned(), "customer"),
        (format!("select perennial.check_feature('{customer}', 'teleportation')"), "feature"),
        (format!("select perennial.check_feature('{customer}', null)"), "feature"),
    ];
    for (sql, field) in cases {
        let refused = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&world.pool).await;
        let error = refused.expect_err(&sql);
        let message = error.as_database_error().expect("the door's own words").message().to_owned();
        assert!(message.starts_with(&format!("{field}: ")), "{sql}: {message}");
    }
    assert_eq!(world.count("select count(*) from perennial.user_memberships").await, 2);
}

#[tokio::test]
async fn a_canceled_membership_ends_at_once_and_another_can_take_its_place() {
    let world = world().await;
    sell_passes(&world).await;
    let vera = visitor(&world).await;
    let first = grant(&world, vera, "pass", "first").await;
    let cancel = async || -> bool {
        let sql = "select perennial.cancel_membership($1)";
        sqlx::query_scalar(sql).bind(first).fetch_one(&world.pool).await.unwrap()
    };
    assert!(is_open(&world, Some(vera), "courses/rust").await);
    assert!(cancel().await);
    assert!(!cancel().await, "once");
    assert!(!is_open(&world, Some(vera), "courses/rust").await);
    grant(&world, vera, "pass", "second").await;
    assert!(is_open(&world, Some(vera), "courses/rust").await);
    assert_eq!(statuses(&world).await, ["canceled", "active"]);
}

#[tokio::test]
async fn what_cannot_be_a_membership_is_not_stored() {
    let world = world().await;
    let kind = "insert into perennial.membership_types
                    (id, code, name, duration, duration_days, price_minor, currency, features, notice_days) values";
    for refused in [
        "(gen_random_uuid(), 'a', 'A', 'fixed', null, 0, 'USD', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'fixed', 0, 0, 'USD', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'lifetime', 30, 0, 'USD', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'recurring', 30, 0, 'USD', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'monthly', 30, 0, 'USD', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'fixed', 30, -1, 'USD', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'fixed', 30, 0, 'usd', '{}', null)",
        "(gen_random_uuid(), 'a', 'A', 'fixed', 30, 0, 'USD', '{Bad}', null)",
        "(gen_random_uuid(), 'a', 'A', 'fixed', 30, 0, 'USD', '{null}', null)",
        "(gen_random_uuid(), 'a', 'A', 'fixed', 30, 0, 'USD', '{}', 31)",
        "(gen_random_uuid(), 'a', 'A', 'lifetime', null, 0, 'USD', '{}', 7)",
    ] {
        let sql = AssertSqlSafe(format!("{kind} {refused}"));
        assert!(sqlx::raw_sql(sql).execute(&world.pool).await.is_err(), "{refused}");
    }
    grant(&world, visitor(&world).await, "annual_pass", "k").await;
    for refused in [
        "addons = '{}'",
        "ends_at = starts_at",
        "status = 'canceled'",
        "status = 'expired'",
        "notice_at = ends_at",
        "starts_at = '-infinity'",
    ] {
        let sql = AssertSqlSafe(format!("update perennial.user_memberships set {refused}"));
        assert!(sqlx::raw_sql(sql).execute(&world.pool).await.is_err(), "{refused}");
    }
    for refused in [
        "('a*b', 'public', null)",
        "('', 'public', null)",
        "('a', 'plan', null)",
        "('a', 'public', 'pro')",
        "('a', 'plan', 'gold')",
        "('a', 'anything', null)",
    ] {
        let sql =
            "insert into perennial.content_access_rules (content_key, requirement, plan) values";
        let sql = AssertSqlSafe(format!("{sql} {refused}"));
        assert!(sqlx::raw_sql(sql).execute(&world.pool).await.is_err(), "{refused}");
    }
}
