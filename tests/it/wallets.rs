//! Wallets: what burns first, what a repeat does, and that nobody takes what is not there.

use chrono::{DateTime, TimeDelta, Utc};
use perennial::database::{self, Role};
use perennial_core::wallet::{Category, Grant, Usage, settle};
use perennial_jobs::store::wallets::{self, Consumed, Gift, Refunded};
use perennial_tests::World;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::world;

/// Worlds of random grants and usage that are held against the core.
const WORLDS: u64 = 150;

pub(super) fn start() -> DateTime<Utc> {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

/// Small numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % bound
    }
}

pub(super) async fn customer(world: &World, number: u64) -> Uuid {
    let id = Uuid::from_u128(u128::from(number) + 1);
    sqlx::query(
        "with someone as (insert into perennial.users (id, email, name) values ($1, $2, 'Ada') returning id, email)
         insert into perennial.customers (id, user_id, email, name) select id, id, email, 'Ada' from someone",
    )
    .bind(id)
    .bind(format!("customer-{number}@customers.example"))
    .execute(&world.pool)
    .await
    .unwrap();
    id
}

pub(super) fn gift(customer: Uuid, amount: i64, key: &str) -> Gift<'_> {
    Gift {
        customer,
        unit: "tokens",
        amount,
        kind: "promotional",
        priority: 0,
        effective_at: None,
        expires_at: None,
        key,
    }
}

async fn no_violations(conn: &mut PgConnection) {
    let found: Vec<(String, String)> =
        sqlx::query_as("select subject, problem from perennial.check_wallet_invariants()")
            .fetch_all(conn)
            .await
            .unwrap();
    assert!(found.is_empty(), "{found:?}");
}

/// A day of a random world: perhaps a grant, perhaps a consumption. Answers with what was used.
async fn live_a_day(
    conn: &mut PgConnection,
    dice: &mut Dice,
    customer: Uuid,
    day: i64,
    grants: &mut Vec<Grant<Uuid>>,
) -> Option<Usage> {
    let now = start() + TimeDelta::days(day);
    if dice.below(3) > 0 {
        let effective_at = Some(now + TimeDelta::days(dice.below(4)));
        let lasts = dice.below(9);
        let expires_at =
            effective_at.filter(|_| lasts > 0).map(|from| from + TimeDelta::days(lasts));
        let category = if dice.below(2) == 0 { Category::Promotional } else { Category::Paid };
        let key = format!("{customer}/{day}");
        let priority = i32::try_from(dice.below(2)).unwrap();
        let (amount, kind) = (1 + dice.below(9), category.as_str());
        let gift =
            Gift { priority, effective_at, expires_at, kind, ..gift(customer, amount, &key) };
        let id = wallets::grant(&mut *conn, &gift).await.unwrap();
        let (priority, position) = (i64::from(priority), day);
        grants.push(Grant { id, amount, priority, effective_at, expires_at, category, position });
    }
    let amount = 1 + dice.below(7);
    let event = format!("{customer}/{day}");
    let answer = wallets::consume(conn, customer, "tokens", amount, &event).await.unwrap();
    answer.allowed.then_some(Usage { at: now, amount })
}

#[tokio::test]
async fn what_burns_first_is_what_the_core_says_in_random_worlds() {
    let world = world().await;
    let mut customers = vec![];
    for number in 0..WORLDS {
        customers.push((customer(&world, number).await, Dice(number), vec![], vec![]));
    }
    for day in 0..14 {
        world.set_clock(start() + TimeDelta::days(day)).await;
        let mut transaction = world.pool.begin().await.unwrap();
        for (customer, dice, grants, usage) in &mut customers {
            usage.extend(live_a_day(&mut transaction, dice, *customer, day, grants).await);
        }
        transaction.commit().await.unwrap();
    }
    let mut conn = world.pool.acquire().await.unwrap();
    for (customer, _, grants, usage) in &customers {
        let core = settle(grants, usage, start() + TimeDelta::days(13)).unwrap();
        assert_eq!(core.overage, 0, "what the door allows, the core finds paid for");
        for standing in core.grants {
            let remaining: i64 =
                sqlx::query_scalar("select remaining from perennial.wallet_grants where id = $1")
                    .bind(standing.id)
                    .fetch_one(&mut *conn)
                    .await
                    .unwrap();
            assert_eq!(remaining, standing.balance + standing.expired, "{customer}: {grants:#?}");
        }
    }
    assert!(world.count("select count(*) from perennial.wallet_events where allowed").await > 500);
    assert!(
        world.count("select count(*) from perennial.wallet_events where not allowed").await > 500
    );
    no_violations(&mut conn).await;
}

#[tokio::test]
async fn fifty_callers_at_once_take_what_is_there_and_no_more() {
    let world = world().await;
    let ada = customer(&world, 0).await;
    let pool = database::connect(&world.url, Role::Owner, 25).await.unwrap();
    wallets::grant(&mut pool.acquire().await.unwrap(), &gift(ada, 37, "gift")).await.unwrap();
    let callers = (0..50).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut conn = pool.acquire().await.unwrap();
            wallets::consume(&mut conn, ada, "tokens", 1, &format!("call {number}")).await.unwrap()
        })
    });
    let mut allowed = 0;
    for caller in callers.collect::<Vec<_>>() {
        allowed += i64::from(caller.await.unwrap().allowed);
    }
    assert_eq!(allowed, 37);
    let mut conn = pool.acquire().await.unwrap();
    assert_eq!(wallets::balance(&mut conn, ada, "tokens").await.unwrap(), 0);
    no_violations(&mut conn).await;
}

#[tokio::test]
async fn a_repeat_answers_the_same_and_takes_nothing() {
    let world = world().await;
    let ada = customer(&world, 0).await;
    let mut conn = world.pool.acquire().await.unwrap();
    let first = wallets::grant(&mut conn, &gift(ada, 10, "gift")).await.unwrap();
    assert_eq!(wallets::grant(&mut conn, &gift(ada, 10, "gift")).await.unwrap(), first);
    for _ in 0..2 {
        let taken = wallets::consume(&mut conn, ada, "tokens", 7, "taken").await.unwrap();
        assert_eq!(taken, Consumed { allowed: true, consumed: 7, balance: 3 });
        let refused = wallets::consume(&mut conn, ada, "tokens", 4, "refused").await.unwrap();
        assert_eq!(refused, Consumed { allowed: false, consumed: 0, balance: 3 });
    }
    assert_eq!(wallets::balance(&mut conn, ada, "tokens").await.unwrap(), 3);
    no_violations(&mut conn).await;
}

#[tokio::test]
async fn a_refund_restores_the_same_buckets_but_not_those_that_have_expired() {
    let world = world().await;
    let ada = customer(&world, 0).await;
    let mut conn = world.pool.acquire().await.unwrap();
    let expires_at = Some(start() + TimeDelta::days(1));
    let brief = Gift { expires_at, ..gift(ada, 5, "brief") };
    wallets::grant(&mut conn, &brief).await.unwrap();
    wallets::grant(&mut conn, &Gift { kind: "paid", ..gift(ada, 10, "lasting") }).await.unwrap();
    for event in ["soon", "late"] {
        wallets::consume(&mut conn, ada, "tokens", 7, event).await.unwrap();
    }
    let soon = wallets::refund(&mut conn, "soon").await.unwrap();
    assert_eq!(soon, Refunded { refunded: 7, lost: 0 });
    assert_eq!(wallets::balance(&mut conn, ada, "tokens").await.unwrap(), 8);
    wallets::consume(&mut conn, ada, "tokens", 6, "again").await.unwrap();
    world.set_clock(start() + TimeDelta::days(1)).await;
    for _ in 0..2 {
        let again = wallets::refund(&mut conn, "again").await.unwrap();
        assert_eq!(again, Refunded { refunded: 1, lost: 5 });
    }
    let refused = wallets::consume(&mut conn, ada, "tokens", 99, "refused").await.unwrap();
    assert!(!refused.allowed);
    let nothing = wallets::refund(&mut conn, "refused").await.unwrap();
    assert_eq!(nothing, Refunded { refunded: 0, lost: 0 });
    no_violations(&mut conn).await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_name_of_its_field() {
    let world = world().await;
    let (ada, eve) = (customer(&world, 0).await, customer(&world, 1).await);
    let mut conn = world.pool.acquire().await.unwrap();
    sqlx::query("insert into perennial.token_units (code, name) values ('minutes', 'Minutes')")
        .execute(&mut *conn)
        .await
        .unwrap();
    wallets::grant(&mut conn, &gift(ada, 10, "gift")).await.unwrap();
    wallets::consume(&mut conn, ada, "tokens", 1, "used").await.unwrap();
    let nobody = Uuid::from_u128(99);
    let ancient = Some(start() - TimeDelta::days(1));
    let consumptions = [
        (nobody, "tokens", 1, "x", "customer"),
        (ada, "gold", 1, "x", "unit"),
        (ada, "minutes", 1, "x", "unit"),
        (ada, "tokens", 0, "x", "amount"),
        (ada, "tokens", -1, "x", "amount"),
        (ada, "tokens", 1, "", "event_id"),
        (ada, "tokens", 2, "used", "event_id"),
        (eve, "tokens", 1, "used", "event_id"),
    ];
    for (customer, unit, amount, event, field) in consumptions {
        let refused = wallets::consume(&mut conn, customer, unit, amount, event).await;
        names(&refused.unwrap_err(), field);
    }
    let gifts = [
        (Gift { customer: nobody, ..gift(ada, 1, "x") }, "customer"),
        (Gift { unit: "gold", ..gift(ada, 1, "x") }, "unit"),
        (gift(ada, 0, "x"), "amount"),
        (Gift { kind: "stolen", ..gift(ada, 1, "x") }, "kind"),
        (Gift { expires_at: ancient, ..gift(ada, 1, "x") }, "expires_at"),
        (gift(ada, 1, ""), "key"),
        (gift(ada, 11, "gift"), "key"),
        (gift(eve, 10, "gift"), "key"),
    ];
    for (gift, field) in gifts {
        names(&wallets::grant(&mut conn, &gift).await.unwrap_err(), field);
    }
    names(&wallets::balance(&mut conn, ada, "minutes").await.unwrap_err(), "unit");
    names(&wallets::refund(&mut conn, "never").await.unwrap_err(), "event_id");
    assert_eq!(wallets::balance(&mut conn, ada, "tokens").await.unwrap(), 9);
    assert_eq!(wallets::balance(&mut conn, eve, "tokens").await.unwrap(), 0);
}

fn names(refused: &sqlx::Error, field: &str) {
    let message = refused.as_database_error().expect("the door's own words").message();
    assert!(message.starts_with(&format!("{field}: ")), "{field}: {message}");
}

const DAMAGE: &[(&str, &str)] = &[
    (
        "a bucket that holds more than came into it",
        "update perennial.wallet_grants set remaining = remaining + 1",
    ),
    ("a movement that is missing", "delete from perennial.wallet_entries where kind = 'burn'"),
    (
        "a bucket that was below zero",
        "update perennial.wallet_entries set amount = amount * 9 where kind = 'burn'",
    ),
    (
        "a bucket burned before its time",
        "update perennial.wallet_entries set at = at - interval '1 year' where kind = 'burn'",
    ),
    (
        "a consumption that burned nothing",
        "update perennial.wallet_events set allowed = true, amount = 50",
    ),
    ("a burn that nobody asked for", "delete from perennial.wallet_events"),
];

#[tokio::test]
async fn damage_to_a_wallet_is_found() {
    let world = world().await;
    let ada = customer(&world, 0).await;
    let mut conn = world.pool.acquire().await.unwrap();
    wallets::grant(&mut conn, &gift(ada, 10, "gift")).await.unwrap();
    wallets::consume(&mut conn, ada, "tokens", 4, "used").await.unwrap();
    no_violations(&mut conn).await;
    drop(conn);
    for (what, damage) in DAMAGE {
        let mut transaction = world.pool.begin().await.unwrap();
        let sql = AssertSqlSafe(format!("set local session_replication_role = replica; {damage}"));
        sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap();
        let found: Vec<String> =
            sqlx::query_scalar("select invariant from perennial.check_wallet_invariants()")
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert!(found.contains(&"I4".to_owned()), "{what}: {found:?}");
    }
}
