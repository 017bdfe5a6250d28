//! A world of the simulator, checked against somebody who can only add up.

use chrono::Days;
use perennial::simulation::{Drive, Scenario, Stack};
use perennial_jobs::snapshot;
use perennial_postgres::Discovery;
use perennial_tests::naive::Naive;

use super::EXECUTABLE;
use super::random_worlds::{figures, same, take};

/// Three months of people of all kinds, with a worker that is killed and a queue that is lost.
const SCENARIO: &str = r#"
    seed = 20
    start = "2026-01-20T00:00:00Z"
    months = 3
    step = "12h"
    kill_worker_on_days = [40]
    truncate_queue_on_days = [55]

    [[group]]
    name = "steady"
    count = 4
    plan = "professional"
    method = "pm_sbx_visa__ok"
    zones = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]
    locales = ["en-US", "de-DE", "en-AU", "fr"]

    [[group]]
    name = "team"
    count = 2
    plan = "pro"
    seats = 7
    method = "pm_sbx_amex__ok"

    [[group]]
    name = "yearly"
    count = 2
    plan = "enterprise"
    interval = "year"
    method = "pm_sbx_visa__ok"

    [[group]]
    name = "custom"
    count = 1
    plan = "custom"
    negotiated_amount_minor = 125001
    method = "pm_sbx_visa__ok"

    [[group]]
    name = "short of funds"
    count = 3
    plan = "professional"
    method = "pm_sbx_visa__ok1__insufficient_funds2__ok"

    [[group]]
    name = "gone"
    count = 2
    plan = "professional"
    method = "pm_sbx_visa__ok1__lost_card"
    spread_days = 10

    [[group]]
    name = "slow"
    count = 1
    plan = "professional"
    method = "pm_sbx_visa__ok1__processing2d_ok__ok"

    [[group]]
    name = "lost reply"
    count = 1
    plan = "professional"
    method = "pm_sbx_visa__ok1__lostreply1__ok"

    [[group]]
    name = "trial"
    count = 2
    plan = "professional"
    trial_days = 14
    method = "pm_sbx_visa__ok"

    [[group]]
    name = "leaving"
    count = 2
    plan = "professional"
    method = "pm_sbx_visa__ok"
    [[group.deed]]
    day = 35
    do = "cancel"

    [[group]]
    name = "back again"
    count = 1
    plan = "professional"
    method = "pm_sbx_visa__ok"
    [[group.deed]]
    day = 35
    do = "cancel"
    [[group.deed]]
    day = 45
    do = "undo"

    [[group]]
    name = "token buyer"
    count = 1
    plan = "free"
    method = "pm_sbx_visa__ok"
    [[group.deed]]
    day = 40
    do = "buy"
    package = "tokens_100"
"#;

#[tokio::test]
async fn every_day_of_a_simulated_world_is_told_as_somebody_would_who_only_adds_up() {
    let zone = chrono_tz::America::New_York;
    let scenario = Scenario::from_toml(SCENARIO).unwrap();
    let mut stack =
        Stack::start(Discovery::from_environment(), scenario.start, scenario.seed).await.unwrap();
    stack.program = EXECUTABLE.into();
    sqlx::query("update perennial.analytics_settings set business_zone = $1")
        .bind(zone.name())
        .execute(&stack.pool)
        .await
        .unwrap();
    Drive::new(&scenario, &mut stack).run(drop).await.unwrap();
    stack.dismiss().await;
    let plain = Naive::read(&stack.pool, zone).await.unwrap();
    let (first, _) = plain.days().unwrap();
    let mut conn = stack.pool.acquire().await.unwrap();
    let last = snapshot::last_day(&mut conn).await.unwrap();
    assert!(last > first + Days::new(80), "{first} to {last}");
    for day in first.iter_days().take_while(|day| *day <= last) {
        take(&stack.pool, day).await.unwrap();
        let told = figures(&stack.pool, day).await;
        same(&told, plain.figures(day)).unwrap_or_else(|problem| panic!("{day}: {problem}"));
        if day.format("%a").to_string() == "Sun" {
            assert_eq!(snapshot::check(&mut conn, day).await.unwrap(), [], "{day}");
        }
    }
    drop(conn);
    stack.close().await;
}
