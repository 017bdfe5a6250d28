//! The report: read by people, programs and browsers, from snapshots that were taken.

use std::process::Output;

use perennial_tests::{Faults, World};
use serde_json::{Value, json};

use super::world;

async fn run(world: &World, arguments: &[&str]) -> Output {
    let mut command = world.command();
    command.env("PERENNIAL_DIGEST_TO", "Team <team@acme.example>");
    command.args(arguments).output().await.unwrap()
}

async fn told(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A world in which Ada pays $49 a month from 31 January on, and each day up to 3 February was told.
async fn told_world() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-04T12:00:00Z").await;
    world.kill_workers().await;
    told(&world, &["snapshot", "--from", "2026-01-31", "--date", "2026-02-03"]).await;
    world
}

#[tokio::test]
async fn the_last_day_that_was_told_is_reported_in_plain_words() {
    let world = told_world().await;
    let summary = told(&world, &["report"]).await;
    assert!(summary.starts_with("3 February 2026 (UTC)\n"), "{summary}");
    assert!(!summary.contains('\u{1b}'), "painted for a pipe: {summary}");
    let mrr = summary.lines().find(|line| line.trim_start().starts_with("MRR ")).unwrap();
    assert!(mrr.contains("$49.00") && mrr.contains('▄'), "{mrr}");
}

#[tokio::test]
async fn programs_read_the_same_figures_as_json_and_as_csv() {
    let world = told_world().await;
    let date = ["report", "--date", "2026-01-31"];
    let object: Value =
        serde_json::from_str(&told(&world, &[&date[..], &["--json"]].concat()).await).unwrap();
    assert_eq!((&object["date"], &object["zone"]), (&json!("2026-01-31"), &json!("UTC")));
    let figures = object["figures"].as_array().unwrap();
    let mrr = figures.iter().find(|it| it["metric"] == "mrr" && it["breakdown"] == "total");
    let mrr = mrr.unwrap();
    assert_eq!((&mrr["numer"], &mrr["value"]), (&json!("4900"), &json!("49.0000")));
    let csv = told(&world, &[&date[..], &["--csv"]].concat()).await;
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0].join(","), "date,metric,currency,breakdown,key,value,numer,denom");
    assert_eq!(lines.len(), figures.len() + 1);
    for (line, figure) in lines[1..].iter().zip(figures) {
        assert_eq!(line.len(), 8, "{line:?}");
        for (index, name) in [(1, "metric"), (2, "currency"), (5, "value"), (6, "numer")] {
            assert_eq!(Some(line[index]), figure[name].as_str(), "{line:?}");
        }
    }
}

#[tokio::test]
async fn one_metric_is_told_by_what_means_something_for_it() {
    let world = told_world().await;
    let by_plan = told(&world, &["report", "--metric", "mrr", "--by", "plan"]).await;
    assert_eq!(by_plan, format!("plan      {:<24} {:>16} USD\n", "professional", "49.0000"));
    let whole = ["report", "--metric", "customers", "--by", "total", "--currency", "USD", "--csv"];
    assert_eq!(told(&world, &whole).await.lines().count(), 2);
    for (arguments, problem) in [
        (["--metric", "mmr", "--by", "plan"], "metric: mmr is no metric"),
        (["--metric", "mails_sent", "--by", "plan"], "breakdown: mails_sent is not told by plan"),
        (["--metric", "mrr", "--currency", "XXX"], "currency: nothing was ever sold in XXX"),
    ] {
        let output = run(&world, &[&["report"][..], &arguments].concat()).await;
        assert!(text(&output.stderr).contains(problem), "{}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(65));
    }
}

#[tokio::test]
async fn the_page_needs_nothing_but_itself() {
    let world = told_world().await;
    let folder = std::env::temp_dir();
    let file = folder.join(format!("report-{}.html", perennial_jobs::ids::new()));
    told(&world, &["report", "--html", file.to_str().unwrap()]).await;
    let page = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    for outside in ["http://", "https://", "<script", "<link", "src=", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in ["Subscriptions on 3 February 2026", "$49.00", "prefers-color-scheme", "<svg"] {
        assert!(page.contains(part), "{part}");
    }
    let nowhere = run(&world, &["report", "--html", "/nowhere/report.html"]).await;
    assert_eq!(nowhere.status.code(), Some(65));
    assert!(text(&nowhere.stderr).contains("html:"), "{}", text(&nowhere.stderr));
}

#[tokio::test]
async fn a_day_of_which_nothing_can_be_told_is_refused_by_name() {
    let world = told_world().await;
    for (date, why) in [
        ("2026-02-04", "not over yet"),
        ("2027-01-01", "not over yet"),
        ("2026-01-30", "before the first day"),
        ("2026-02-30", "is no date"),
        ("yesterday", "is no date"),
    ] {
        let refused = run(&world, &["report", "--date", date]).await;
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(65), "{date}: {said}");
        assert!(said.contains("date:") && said.contains(why), "{date}: {said}");
        assert!(refused.stdout.is_empty(), "{date}");
    }
}

#[tokio::test]
async fn a_report_without_any_snapshot_says_so() {
    let world = world().await;
    let refused = run(&world, &["report"]).await;
    assert_eq!(refused.status.code(), Some(65));
    assert!(text(&refused.stderr).contains("no snapshot"), "{}", text(&refused.stderr));
}

async fn ask_for_a_digest(world: &World) {
    sqlx::query("select perennial.enqueue('send_digest', '{}', 'now')")
        .execute(&world.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_team_gets_one_digest_a_week() {
    let mut world = told_world().await;
    let mut command = world.command();
    command.arg("work").env("PERENNIAL_DIGEST_TO", "Team <team@acme.example>");
    let mut worker = command.spawn().unwrap();
    let digests = |world: &World| {
        let to_team = |mail: &&std::sync::Arc<perennial_sandbox::Mail>| {
            mail.to.iter().any(|to| to.contains("team@acme.example"))
        };
        world.inbox.mails().iter().filter(to_team).count()
    };
    world
        .wait_until("the worker knows its jobs", async |conn| {
            let known =
                "select exists (select from perennial.job_catalogue where name = 'send_digest')";
            sqlx::query_scalar(known).fetch_one(conn).await.unwrap()
        })
        .await;
    ask_for_a_digest(&world).await;
    world
        .wait_until("the digest is sent", async |conn| {
            let sent = "select exists (select from perennial.digests where status = 'sent')";
            sqlx::query_scalar(sent).fetch_one(conn).await.unwrap()
        })
        .await;
    ask_for_a_digest(&world).await;
    world.rest().await;
    assert_eq!(digests(&world), 1);
    let key: String = sqlx::query_scalar("select key from perennial.digests")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(key, "team_digest/2026-02-01");
    worker.kill().await.unwrap();
    world.kill_workers().await;
}
