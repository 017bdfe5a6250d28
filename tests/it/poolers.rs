//! A connection pooler between Perennial and PostgreSQL: Debian's PgBouncer.

use chrono::TimeDelta;
use perennial_tests::{Faults, PoolMode, Pooler, World};
use serde_json::json;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::{EXECUTABLE, world};

/// The default of PgBouncer.
const POOL_SIZE: u32 = 20;

#[tokio::test]
async fn a_subscription_lives_through_a_pooler_in_session_mode() {
    let direct = world().await;
    let Some(pooler) = Pooler::before(&direct.url, PoolMode::Session, POOL_SIZE).await else {
        return;
    };
    let mut world = World::on(pooler.url().to_owned(), "2026-01-31T12:00:00Z", EXECUTABLE).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.advance(TimeDelta::days(31)).await;
    assert_eq!(world.status(ada).await, "active");
    assert_eq!(world.sandbox.ledger().entries.len(), 2);
    world.check().await;
    world.kill_workers().await;

    // Whoever comes next finds nothing of ours in the session it gets.
    let options: PgConnectOptions = pooler.url().parse().unwrap();
    let options = options.extra_float_digits(None);
    for _ in 0..POOL_SIZE / 2 {
        let mut next = PgConnection::connect_with(&options).await.unwrap();
        let user: String =
            sqlx::query_scalar("select current_user::text").fetch_one(&mut next).await.unwrap();
        assert_eq!(user, "perennial");
        next.close().await.unwrap();
    }
    let locks = "select count(*) from pg_locks where locktype = 'advisory'";
    assert_eq!(direct.count(locks).await, 0);
}

#[tokio::test]
async fn a_pooler_that_shares_sessions_is_refused_by_name_before_anything_is_done() {
    let direct = world().await;
    let empty = World::empty_database().await;
    for mode in [PoolMode::Transaction, PoolMode::Statement] {
        for pool_size in [1, POOL_SIZE] {
            let Some(pooler) = Pooler::before(&direct.url, mode, pool_size).await else { return };
            let Some(fresh) = Pooler::before(&empty, mode, pool_size).await else { return };
            for (command, url) in [
                ("work", pooler.url()),
                ("check", pooler.url()),
                ("report", pooler.url()),
                ("migrate", fresh.url()),
            ] {
                let mut refused = direct.command();
                let refused = refused.arg(command).env("DATABASE_URL", url).output().await.unwrap();
                let said = String::from_utf8_lossy(&refused.stderr).into_owned();
                assert_eq!(refused.status.code(), Some(69), "{mode:?} {command}: {said}");
                assert!(said.contains("pool_mode = session"), "{mode:?} {command}: {said}");
            }
        }
    }
    assert_eq!(direct.count("select count(*) from perennial.job_workers").await, 0);
    let mut conn = PgConnection::connect(&empty).await.unwrap();
    let made: bool = sqlx::query_scalar("select to_regnamespace('perennial') is not null")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert!(!made, "nothing was migrated");
}

#[tokio::test]
async fn a_pooler_with_too_few_connections_is_refused_with_the_number_that_is_needed() {
    let direct = world().await;
    let Some(pooler) = Pooler::before(&direct.url, PoolMode::Session, 11).await else { return };
    let mut work = direct.command();
    let refused = work.arg("work").env("DATABASE_URL", pooler.url()).output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(69), "{said}");
    assert!(said.contains("takes 11 more connections") && said.contains("needs 12"), "{said}");
}
