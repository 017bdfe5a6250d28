//! Figures that are read from a standby which streams from the primary, and kept in the primary.

use std::process::Output;

use perennial_jobs::snapshot;
use perennial_tests::{Faults, Pair, World};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::EXECUTABLE;
use super::mrr::cancel_now;
use super::snapshots::day;

/// Reads where `PERENNIAL_ANALYTICS_URL` says.
async fn run(world: &World, analytics: &str, arguments: &[&str]) -> Output {
    let mut command = world.command();
    command.env("PERENNIAL_ANALYTICS_URL", analytics);
    command.args(arguments).output().await.unwrap()
}

async fn told(world: &World, analytics: &str, arguments: &[&str]) -> String {
    let output = run(world, analytics, arguments).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn ask<T>(conn: &mut PgConnection, sql: &'static str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap()
}

/// Waits until the standby has replayed all that the primary has committed.
async fn caught_up(world: &World, standby: &mut PgConnection) {
    let written: String = sqlx::query_scalar("select pg_current_wal_lsn()::text")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let replayed = async |_: &mut PgConnection| {
        let sql = "select pg_last_wal_replay_lsn() >= $1::pg_lsn";
        sqlx::query_scalar(sql).bind(&written).fetch_one(&mut *standby).await.unwrap()
    };
    world.wait_until("the standby has replayed it", replayed).await;
}

/// What is on record in the primary.
async fn kept(world: &World) -> (i64, i64) {
    let runs = world.count("select count(*) from perennial.analytics_runs").await;
    (runs, world.count("select count(*) from perennial.analytics_snapshots").await)
}

#[tokio::test]
async fn figures_come_from_a_standby_and_a_day_that_it_has_not_replayed_is_refused() {
    let pair = Pair::start().await;
    let mut standby = pair.standby().await;
    assert!(ask::<bool>(&mut standby, "select pg_is_in_recovery()").await);
    let mut world = World::on(pair.url.clone(), "2026-01-31T12:00:00Z", EXECUTABLE).await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "pro", "seats": 3 })).await;
    let bob = world.subscribe("bob", &["pm_sbx_visa__ok"], json!({ "interval": "year" })).await;
    world.rest().await;
    world.live_until("2026-02-03T12:00:00Z").await;
    caught_up(&world, &mut standby).await;

    // The first goes on from nothing, the others from the day before; all are kept in the primary.
    for date in ["2026-01-31", "2026-02-01", "2026-02-02"] {
        told(&world, &pair.standby_url, &["snapshot", "--date", date]).await;
        caught_up(&world, &mut standby).await;
    }
    assert_eq!(kept(&world).await.0, 3);
    let mut primary = world.pool.acquire().await.unwrap();
    for date in ["2026-01-31", "2026-02-01", "2026-02-02"] {
        assert_eq!(snapshot::check(&mut primary, day(date)).await.unwrap(), [], "{date}");
    }
    drop(primary);
    let report = ["report", "--date", "2026-02-02", "--json"];
    let from_primary: Value =
        serde_json::from_str(&told(&world, &world.url, &report).await).unwrap();
    let from_standby: Value =
        serde_json::from_str(&told(&world, &pair.standby_url, &report).await).unwrap();
    assert_eq!(from_standby, from_primary);
    assert!(from_standby["figures"].as_array().unwrap().len() > 30);
    // A report asks nobody else.
    let mut alone = world.command();
    alone.env("DATABASE_URL", "postgres://nobody@localhost/nothing?host=/nowhere");
    alone.env("PERENNIAL_ANALYTICS_URL", &pair.standby_url);
    assert!(alone.args(report).output().await.unwrap().status.success());

    sqlx::query("select pg_wal_replay_pause()").execute(&mut standby).await.unwrap();
    let paused = async |_: &mut PgConnection| {
        ask::<bool>(&mut standby, "select pg_get_wal_replay_pause_state() = 'paused'").await
    };
    world.wait_until("the standby replays no more", paused).await;
    cancel_now(&world, bob.subscription.0).await;
    world.live_until("2026-02-04T12:00:00Z").await;
    let before = kept(&world).await;
    let refused = run(&world, &pair.standby_url, &["snapshot", "--date", "2026-02-03"]).await;
    assert_eq!(refused.status.code(), Some(69), "{}", text(&refused.stderr));
    let why = "2026-02-03 is not all here: the replica has replayed up to 2026-02-03 12:00:00";
    assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    assert_eq!(kept(&world).await, before);
    // What was told can be read all the while.
    let stale = told(&world, &pair.standby_url, &report).await;
    assert_eq!(serde_json::from_str::<Value>(&stale).unwrap(), from_primary);

    sqlx::query("select pg_wal_replay_resume()").execute(&mut standby).await.unwrap();
    caught_up(&world, &mut standby).await;
    told(&world, &pair.standby_url, &["snapshot", "--date", "2026-02-03"]).await;
    assert_eq!(kept(&world).await.0, 4);
    let mut primary = world.pool.acquire().await.unwrap();
    assert_eq!(snapshot::check(&mut primary, day("2026-02-03")).await.unwrap(), []);
    drop(primary);
    let left = "select numer::bigint from perennial.analytics_figures
                 where date = '2026-02-03' and metric = 'movement_churn_voluntary_count' and currency = 'USD'";
    assert_eq!(world.count(left).await, 1);
    world.check().await;
}
