//! `perennial clock`: whom it asks, and how it gets a clock to where it is moved.

use std::process::Output;

use perennial_tests::{Faults, World};
use serde_json::json;

use super::world;

async fn clock(world: &World, arguments: &[&str]) -> Output {
    world.command().arg("clock").args(arguments).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The global clock follows the system again.
async fn release(world: &World) {
    sqlx::query("update perennial.clocks set frozen_at = null").execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn the_global_clock_is_not_moved_with_live_keys() {
    let world = world().await;
    for (name, value) in [("STRIPE_SECRET_KEY", "sk_live_51abc"), ("PERENNIAL_ENV", "live")] {
        for arguments in [&["advance", "3d", "--yes"], &["set", "2026-03-01", "--yes"]] {
            let mut command = world.command();
            let refused =
                command.arg("clock").args(arguments).env(name, value).output().await.unwrap();
            assert_eq!(refused.status.code(), Some(78), "{name}: {}", text(&refused.stderr));
            assert!(text(&refused.stderr).contains("live keys"), "{}", text(&refused.stderr));
        }
    }
    assert!(text(&clock(&world, &["show"]).await.stdout).contains("2026-01-31T12:00:00Z"));
}

#[tokio::test]
async fn a_clock_that_customers_live_by_in_real_time_is_moved_only_with_consent() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &[], json!({ "plan": "free" })).await;
    world.rest().await;
    release(&world).await;
    let refused = clock(&world, &["set", "2026-02-01"]).await;
    assert_eq!(refused.status.code(), Some(65), "{}", text(&refused.stderr));
    let said = text(&refused.stderr);
    assert!(
        said.contains("goes BACK") && said.contains("1 customers") && said.contains("--yes"),
        "{said}"
    );
    assert!(text(&clock(&world, &["show"]).await.stdout).contains("system"));
    let agreed = clock(&world, &["set", "2026-02-01", "--yes"]).await;
    assert!(agreed.status.success(), "{}", text(&agreed.stderr));
    assert_eq!(text(&agreed.stdout), "global  2026-02-01T00:00:00Z  test\n");
    assert!(text(&agreed.stderr).contains("goes BACK"), "{}", text(&agreed.stderr));
    let back = clock(&world, &["set", "2026-01-01", "--yes"]).await;
    assert_eq!(back.status.code(), Some(65));
    assert!(text(&back.stderr).contains("cannot go back"), "{}", text(&back.stderr));
    assert_eq!(clock(&world, &["reset"]).await.status.code(), Some(65));
    let reset = clock(&world, &["reset", "--yes"]).await;
    assert!(reset.status.success(), "{}", text(&reset.stderr));
    assert!(text(&reset.stdout).ends_with("  system\n"), "{}", text(&reset.stdout));
}

#[tokio::test]
async fn a_day_is_taken_as_its_first_instant_and_a_misspelt_clock_is_named() {
    let world = world().await;
    let set = clock(&world, &["set", "2026-12-28"]).await;
    assert_eq!(text(&set.stdout), "global  2026-12-28T00:00:00Z  test\n");
    assert!(text(&set.stderr).contains("taken as 2026-12-28T00:00:00Z"), "{}", text(&set.stderr));
    let wrong = clock(&world, &["set", "28.12.2026"]).await;
    assert_eq!(wrong.status.code(), Some(64));
    assert!(text(&wrong.stderr).contains("2026-03-01T00:00:00Z"), "{}", text(&wrong.stderr));
    let misspelt = clock(&world, &["advance", "1d", "--clock", "globl"]).await;
    assert_eq!(misspelt.status.code(), Some(65));
    assert!(
        text(&misspelt.stderr).contains("did you mean `global`?"),
        "{}",
        text(&misspelt.stderr)
    );
}

/// What two months bring to a customer whose card is short of funds on the first renewal.
async fn two_months(how: &[&str]) -> (World, String) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok__insufficient_funds__ok"], json!({})).await;
    world.rest().await;
    let moved = clock(&world, &[&["advance", "59d"], how].concat()).await;
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    world.rest().await;
    let diary = world.diary(ada.subscription).await;
    (world, diary)
}

#[tokio::test]
async fn playing_a_clock_lets_retries_happen_when_they_would() {
    let (world, diary) = two_months(&[]).await;
    let days = |text: &str| -> Vec<String> {
        diary.lines().filter(|line| line.contains(text)).map(|line| line[..10].to_owned()).collect()
    };
    // The renewal of 28 February is declined; the first retry step of the standard policy pays.
    assert_eq!(days("insufficient_funds"), ["2026-02-28"], "{diary}");
    assert_eq!(days("active: recovered"), ["2026-03-01"], "{diary}");
    assert_eq!(days(": renewed"), ["2026-02-28", "2026-03-31"], "{diary}");
    world.check().await;
}

#[tokio::test]
async fn jumping_a_clock_is_an_outage() {
    let (world, diary) = two_months(&["--jump"]).await;
    let renewed = diary.lines().filter(|line| line.contains(": renewed"));
    assert!(renewed.clone().all(|line| line.starts_with("2026-03-31")), "{diary}");
    assert!(renewed.count() > 0, "{diary}");
    world.check().await;
}

#[tokio::test]
async fn a_clock_is_not_played_where_nobody_does_what_is_due() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    sqlx::query("update perennial.job_workers set seen_at = now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let idle = clock(&world, &["advance", "1d"]).await;
    assert!(idle.status.success(), "{}", text(&idle.stderr));
    let refused = clock(&world, &["advance", "60d"]).await;
    assert_eq!(refused.status.code(), Some(69), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("no worker runs"), "{}", text(&refused.stderr));
}
