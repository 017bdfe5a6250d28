//! kill -9 while figures are told: in a snapshot, in a digest, while customers are scored and
//! commissions noted. A snapshot is whole or not there, a digest goes out at most once.

use perennial_jobs::snapshot::Method;
use perennial_tests::{Faults, World};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::memberships::execute;
use super::snapshots::{day, take};
use super::world;

/// Monday, seven minutes past midnight: Ada, whom Eve brought, has not paid for March; Bob has. The
/// snapshot of Friday was taken, and nobody is at work.
async fn monday() -> World {
    let mut world = world().await;
    execute(
        &world,
        "insert into perennial.affiliates (code, name, email) values ('eve', 'Eve', 'eve@partners.example');
         insert into perennial.commission_rules (active_from, percent_numer, percent_denom, duration, months, hold_days)
         values ('2026-01-01Z', 10, 1, 'recurring', 12, 0)",
    )
    .await;
    world.set("PERENNIAL_DIGEST_TO", "Team <team@acme.example>");
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok1__insufficient_funds"], json!({})).await;
    let refer = format!("select perennial.refer_customer('{}', 'eve', 'r1')", ada.id.0);
    execute(&world, &refer).await;
    world.subscribe("bob", &["pm_sbx_visa__ok"], json!({ "plan": "pro", "seats": 3 })).await;
    world.rest().await;
    world.live_until("2026-02-28T00:07:00Z").await;
    take(&world, day("2026-02-27"), Method::Manual).await;
    world.live_until("2026-03-02T00:07:00Z").await;
    world.kill_workers().await;
    world
}

async fn lines(world: &World, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&world.pool).await.unwrap()
}

async fn ask_for(world: &World, job: &str) {
    execute(world, &format!("select perennial.enqueue('{job}', '{{}}', 'now')")).await;
}

/// A job that is asked for, and what it leaves behind.
struct Scene {
    job: &'static str,
    leaves: &'static str,
}

impl Scene {
    async fn undisturbed(&self) -> Vec<String> {
        let mut world = monday().await;
        ask_for(&world, self.job).await;
        world.work(Faults::None);
        self.end(&world).await
    }

    async fn end(&self, world: &World) -> Vec<String> {
        world.rest().await;
        world.check().await;
        assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
        lines(world, self.leaves).await
    }

    /// Whoever is killed at this point leaves so many lines; and all of them once somebody goes on.
    async fn survives(&self, point: &str, left: usize, expected: &[String]) {
        let mut world = monday().await;
        ask_for(&world, self.job).await;
        world.work(Faults::KilledAt(point));
        world.wait_for_death().await;
        assert_eq!(lines(&world, self.leaves).await.len(), left, "killed at {point}");
        world.work(Faults::None);
        assert_eq!(self.end(&world).await, expected, "killed at {point}");
    }
}

const SNAPSHOT: Scene = Scene {
    job: "snapshot",
    leaves: "select date || ' ' || metric || ' ' || currency || ' ' || breakdown || ' ' || key || ' ' || version || ' '
                    || numer || '/' || denom
               from perennial.analytics_snapshots where date > '2026-02-27'
              union all select date || ' ' || method from perennial.analytics_runs where date > '2026-02-27' order by 1",
};

#[tokio::test]
async fn a_snapshot_is_whole_or_not_there_whenever_its_worker_dies() {
    let expected = SNAPSHOT.undisturbed().await;
    let first = expected.iter().filter(|line| line.starts_with("2026-02-28")).count();
    assert!(first > 30 && expected.len() > 2 * 30, "{expected:#?}");
    for (point, left) in [
        ("snapshot.C1", 0),
        ("snapshot.C2", 0),
        ("snapshot.C7", first),
        ("snapshot.C2:2", first),
        ("snapshot.C7:2", expected.len()),
    ] {
        SNAPSHOT.survives(point, left, &expected).await;
    }
}

const SCORES: Scene = Scene {
    job: "score_churn",
    leaves: "select customer_id || ' ' || date || ' ' || indicator || ' ' || points from perennial.churn_indicators order by 1",
};

#[tokio::test]
async fn scores_survive_death_around_their_commit() {
    let expected = SCORES.undisturbed().await;
    assert!(!expected.is_empty());
    SCORES.survives("score_churn.C2", 0, &expected).await;
    SCORES.survives("score_churn.C7", expected.len(), &expected).await;
}

const COMMISSIONS: Scene = Scene {
    job: "accrue_commissions",
    leaves: "select affiliate_code || ' ' || currency || ' ' || amount_minor || ' ' || at from perennial.commissions order by 1",
};

#[tokio::test]
async fn a_commission_is_noted_once_though_its_worker_dies_before_it_says_so() {
    let expected = COMMISSIONS.undisturbed().await;
    assert_eq!(expected.len(), 1);
    COMMISSIONS.survives("accrue_commissions.C7", 1, &expected).await;
}

#[tokio::test]
async fn a_digest_is_sent_at_most_once_whenever_its_worker_dies() {
    // What was handed over, or may have been, is not handed over again.
    for (point, left, mails, status) in [
        ("digest.C1", "queued", 1, "sent"),
        ("digest.C3", "sending", 0, "uncertain"),
        ("digest.C5", "sending", 1, "uncertain"),
        ("digest.C7", "sent", 1, "sent"),
    ] {
        let mut world = monday().await;
        take(&world, day("2026-03-01"), Method::Manual).await;
        ask_for(&world, "send_digest").await;
        world.work(Faults::KilledAt(point));
        world.wait_for_death().await;
        let statuses = "select status from perennial.digests";
        assert_eq!(lines(&world, statuses).await, [left], "killed at {point}");
        world.work(Faults::None);
        world.rest().await;
        ask_for(&world, "send_digest").await;
        world.rest().await;
        let to_team = |to: &String| to.contains("team@acme.example");
        let sent = world.inbox.mails().iter().filter(|mail| mail.to.iter().any(to_team)).count();
        assert_eq!(sent, mails, "killed at {point}");
        assert_eq!(lines(&world, statuses).await, [status], "killed at {point}");
        world.check().await;
    }
}
