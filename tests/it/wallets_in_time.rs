//! What happens to wallets by time alone: expiry, the tokens of a new month, low balances; and that
//! it happens once, whoever dies.

use chrono::{DateTime, TimeDelta, Utc};
use perennial_jobs::store::wallets::{self, Gift};
use perennial_tests::Faults;
use serde_json::json;
use uuid::Uuid;

use super::wallets::{customer, gift, start};
use super::world;

/// Grants that expire on several days, some of them used. The worker is there from the first day,
/// or only after the last.
async fn expiries(worker_from_day: i64) -> Vec<(String, i64, DateTime<Utc>)> {
    let mut world = world().await;
    let ada = customer(&world, 0).await;
    for day in 0..8 {
        world.set_clock(start() + TimeDelta::days(day)).await;
        if day == worker_from_day {
            world.work(Faults::None);
        }
        if day >= worker_from_day {
            world.rest().await;
        }
        let mut conn = world.pool.acquire().await.unwrap();
        let expires_at = Some(start() + TimeDelta::hours(24 * day + 30));
        let key = format!("day {day}");
        wallets::grant(&mut conn, &Gift { expires_at, ..gift(ada, 5, &key) }).await.unwrap();
        wallets::consume(&mut conn, ada, "tokens", 3, &key).await.unwrap();
    }
    world.rest().await;
    world.check().await;
    sqlx::query_as(
        "select kind, amount, at from perennial.wallet_entries order by at, kind, amount",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_late_expiry_writes_what_a_punctual_one_writes() {
    let punctual = expiries(0).await;
    assert!(punctual.iter().filter(|(kind, ..)| kind == "expire").count() > 3);
    assert_eq!(punctual, expiries(7).await);
}

#[tokio::test]
async fn a_plan_s_tokens_come_with_each_month_and_expire_with_it() {
    let mut world = world().await;
    world.work(Faults::None);
    let free = json!({ "plan": "free", "time_zone": "Europe/Paris" });
    let ada = world.subscribe("ada", &[], free.clone()).await;
    world.rest().await;
    let again = json!({ "customer": ada.id.0, "plan": "free", "interval": "month" });
    world.emit("subscription.created", Uuid::from_u128(9), again, "again").await.unwrap();
    world.rest().await;
    let mut conn = world.pool.acquire().await.unwrap();
    assert_eq!(wallets::balance(&mut conn, ada.id.0, "tokens").await.unwrap(), 3, "not twice");
    wallets::consume(&mut conn, ada.id.0, "tokens", 2, "used").await.unwrap();
    world.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(wallets::balance(&mut conn, ada.id.0, "tokens").await.unwrap(), 3);
    // Nobody is there for three months: what they would have given could not be used any more.
    world.kill_workers().await;
    world.set_clock("2026-06-10T00:00:00Z".parse().unwrap()).await;
    assert_eq!(wallets::balance(&mut conn, ada.id.0, "tokens").await.unwrap(), 0);
    world.work(Faults::None);
    world.rest().await;
    assert_eq!(wallets::balance(&mut conn, ada.id.0, "tokens").await.unwrap(), 3);
    let ends: Vec<DateTime<Utc>> =
        sqlx::query_scalar("select expires_at from perennial.wallet_grants order by 1")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    // Noon in London on the 31st is one o'clock in Paris, in summer an hour earlier.
    let expected = ["2026-02-28T12:00:00Z", "2026-03-31T11:00:00Z", "2026-06-30T11:00:00Z"];
    assert_eq!(ends, expected.map(|end| end.parse::<DateTime<Utc>>().unwrap()));
    drop(conn);
    world.check().await;
}

#[tokio::test]
async fn a_low_balance_is_told_once_until_it_has_been_above_again() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = customer(&world, 0).await;
    let told = "select count(*) from perennial.emails where template = 'low_balance'";
    let mut conn = world.pool.acquire().await.unwrap();
    wallets::grant(&mut conn, &gift(ada, 10, "gift")).await.unwrap();
    sqlx::query("select perennial.set_low_balance($1, 'tokens', 5)")
        .bind(ada)
        .execute(&mut *conn)
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.count(told).await, 0);
    for event in ["one", "two"] {
        wallets::consume(&mut conn, ada, "tokens", 4, event).await.unwrap();
        world.rest().await;
    }
    wallets::consume(&mut conn, ada, "tokens", 1, "three").await.unwrap();
    world.rest().await;
    assert_eq!(world.count(told).await, 1);
    // Above again until half of it expires by itself.
    let expires_at = Some(start() + TimeDelta::days(2));
    wallets::grant(&mut conn, &Gift { expires_at, ..gift(ada, 9, "more") }).await.unwrap();
    world.rest().await;
    assert_eq!(world.count(told).await, 1);
    world.live_until("2026-02-03T00:00:00Z").await;
    assert_eq!(world.count(told).await, 2);
    drop(conn);
    world.check().await;
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_does_what_is_due_once() {
    for point in ["allocate_tokens.C2", "expire_grants.C2", "warn_low_balance.C2"] {
        let mut world = world().await;
        world.work(Faults::None);
        let ada = world.subscribe("ada", &[], json!({ "plan": "free" })).await;
        world.rest().await;
        sqlx::query("select perennial.set_low_balance($1, 'tokens', 2)")
            .bind(ada.id.0)
            .execute(&world.pool)
            .await
            .unwrap();
        world.kill_workers().await;
        let mut conn = world.pool.acquire().await.unwrap();
        wallets::consume(&mut conn, ada.id.0, "tokens", 1, "used").await.unwrap();
        drop(conn);
        world.work(Faults::KilledAt(point));
        world.set_clock("2026-03-01T00:00:00Z".parse().unwrap()).await;
        world.wait_for_death().await;
        world.work(Faults::None);
        world.rest().await;
        let entries: Vec<(String, i64)> =
            sqlx::query_as("select kind, amount from perennial.wallet_entries order by at, id")
                .fetch_all(&world.pool)
                .await
                .unwrap();
        let entries: Vec<_> =
            entries.iter().map(|(kind, amount)| (kind.as_str(), *amount)).collect();
        let once = [("grant", 3), ("burn", -1), ("expire", -2), ("grant", 3)];
        assert_eq!(entries, once, "{point}");
        world.check().await;
    }
}
