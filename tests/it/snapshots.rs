//! Snapshots: the same whenever they are taken, told anew only when somebody wants it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use perennial_jobs::snapshot::{self, Books, Method, Taken};
use perennial_jobs::store::snapshots::{self, Figure, First};
use perennial_tests::{Faults, World};
use serde_json::json;

use super::memberships::execute;
use super::mrr::{again, cancel_now, policy, sell_in_euros};
use super::world;

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn try_take(world: &World, day: NaiveDate, method: Method) -> sqlx::Result<Taken> {
    let mut reader = world.pool.acquire().await?;
    let mut primary = world.pool.acquire().await?;
    Books { reader: &mut reader, primary: &mut primary }.take(day, method).await
}

pub(crate) async fn take(world: &World, day: NaiveDate, method: Method) -> Taken {
    try_take(world, day, method).await.unwrap()
}

/// What a full recomputation says otherwise than the snapshot.
pub(crate) async fn differences(world: &World, day: NaiveDate) -> Vec<snapshots::Difference> {
    let mut conn = world.pool.acquire().await.unwrap();
    snapshot::check(&mut conn, day).await.unwrap()
}

pub(crate) async fn figures(world: &World, day: NaiveDate) -> Vec<Figure> {
    let mut conn = world.pool.acquire().await.unwrap();
    snapshots::of_date(&mut conn, day).await.unwrap()
}

/// A figure as `4900` or `13000/3`; nothing where there is none.
pub(crate) async fn told(
    world: &World,
    date: NaiveDate,
    metric: &str,
    part: (&str, &str, &str),
) -> String {
    let (currency, breakdown, key) = part;
    let found = figures(world, date).await.into_iter().find(|figure| {
        figure.metric == metric
            && (figure.currency.as_str(), figure.breakdown.as_str(), figure.key.as_str())
                == (currency, breakdown, key)
    });
    found.map_or_else(String::new, |figure| match figure.denom.as_str() {
        "1" => figure.numer,
        denom => format!("{}/{denom}", figure.numer),
    })
}

pub(crate) async fn zone(world: &World, zone: &str) {
    execute(world, &format!("update perennial.analytics_settings set business_zone = '{zone}'"))
        .await;
}

pub(crate) async fn midnight_after(world: &World, day: NaiveDate) -> DateTime<Utc> {
    sqlx::query_scalar("select perennial.day_start($1 + 1)")
        .bind(day)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

/// People of all kinds: who stay, who fail and recover, who are lost, who try, who leave and come back.
pub(crate) async fn people(world: &mut World) {
    sell_in_euros(world).await;
    policy(world, "lenient", json!({ "downgrade": "professional" })).await;
    policy(world, "strict", json!("cancel")).await;
    world.work(Faults::None);
    for (name, method, wish) in [
        ("ada", "pm_sbx_visa__ok", json!({ "plan": "pro", "seats": 7 })),
        ("bob", "pm_sbx_visa__ok", json!({ "currency": "EUR", "interval": "week" })),
        (
            "cyd",
            "pm_sbx_visa__ok1__insufficient_funds",
            json!({ "plan": "enterprise", "policy": "lenient" }),
        ),
        ("dan", "pm_sbx_visa__ok1__insufficient_funds", json!({ "policy": "strict" })),
        ("eve", "pm_sbx_visa__ok1__insufficient_funds1__ok", json!({})),
        ("fay", "pm_sbx_visa__ok", json!({ "interval": "year" })),
        ("gus", "pm_sbx_visa__ok", json!({ "trial_end": "2026-02-14T12:00:00Z" })),
    ] {
        world.subscribe(name, &[method], wish).await;
        world.rest().await;
    }
}

/// Lives through the days up to this one, and takes the snapshot of each where it ends.
pub(crate) async fn live_and_tell(world: &World, from: NaiveDate, to: NaiveDate) {
    for day in from.iter_days().take_while(|day| *day <= to) {
        let ends = midnight_after(world, day).await + TimeDelta::minutes(7);
        world.live_until(&ends.to_rfc3339()).await;
        take(world, day, Method::Scheduled).await;
    }
}

#[tokio::test]
async fn a_snapshot_taken_late_equals_one_taken_on_time_and_what_moved_comes_to_the_whole() {
    let mut world = world().await;
    zone(&world, "Europe/Berlin").await;
    people(&mut world).await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-19")).await;
    let ada = perennial_core::ids::CustomerId::derived("ada");
    let ada = perennial_tests::Customer {
        id: ada,
        subscription: perennial_core::ids::SubscriptionId::derived("ada"),
    };
    again(&world, ada, "second", json!({ "currency": "EUR", "interval": "week" })).await;
    live_and_tell(&world, day("2026-02-20"), day("2026-03-03")).await;
    cancel_now(&world, ada.subscription.0).await;
    live_and_tell(&world, day("2026-03-04"), day("2026-03-20")).await;
    again(&world, ada, "third", json!({ "plan": "enterprise" })).await;
    live_and_tell(&world, day("2026-03-21"), day("2026-04-02")).await;
    // Everything is another now than it was on most of these days.
    let days = day("2026-01-31").iter_days().take_while(|day| *day <= self::day("2026-04-02"));
    for day in days {
        assert_eq!(differences(&world, day).await, [], "{day}");
        assert!(figures(&world, day).await.len() > 30, "{day}");
    }
    // Only the first had none to go on from.
    assert_eq!(
        told(&world, day("2026-02-10"), "subscriptions_trialing", ("", "total", "")).await,
        "1"
    );
    assert_eq!(told(&world, day("2026-02-14"), "trials_converted", ("", "total", "")).await, "1");
    assert_eq!(
        told(&world, day("2026-02-28"), "subscriptions_past_due", ("", "plan", "enterprise")).await,
        "1"
    );
    let mut conn = world.pool.acquire().await.unwrap();
    let cohorts =
        snapshots::cohorts(&mut conn, First::Purchase, day("2026-01-01"), day("2026-04-01"))
            .await
            .unwrap();
    let begin = cohorts
        .iter()
        .find(|row| row.cohort == row.month && row.currency.as_deref() == Some("EUR"));
    assert_eq!(
        begin.map(|row| (row.size, row.customers, row.numer.as_str())),
        Some((6, 1, "13000"))
    );
    assert_eq!(cohorts.iter().map(|row| row.cohort).max(), Some(day("2026-02-01")), "{cohorts:?}");
    drop(conn);
    world.check().await;
}

#[tokio::test]
async fn what_came_late_is_marked_and_told_anew_only_on_demand() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-03")).await;
    let first = day("2026-02-01");
    execute(
        &world,
        "insert into perennial.ledger_entries
             (posting_id, position, account, amount_minor, currency, kind, customer_id, subscription_id, at, decision)
         select '00000000-0000-0000-0000-000000000001', p, a, m, 'USD', 'invoice_issued', customer_id, id, '2026-02-01T10:00:00Z', 1
           from perennial.subscriptions, (values (1, 'accounts_receivable', 700), (2, 'revenue', -700)) v (p, a, m)",
    )
    .await;
    let before = figures(&world, first).await;
    let stood = take(&world, first, Method::Manual).await;
    assert_eq!((stood.stood, stood.figures, stood.late), (true, 0, 2));
    assert_eq!(figures(&world, first).await, before);
    // What was found late of an earlier day is in the days that are told from now on.
    live_and_tell(&world, day("2026-02-04"), day("2026-02-04")).await;
    assert_eq!(differences(&world, day("2026-02-04")).await, []);
    let anew = take(&world, first, Method::Restated).await;
    assert_eq!((anew.stood, anew.late), (false, 2));
    assert_eq!(told(&world, first, "outstanding", ("USD", "total", "")).await, "700");
    assert_eq!(told(&world, first, "billed", ("USD", "total", "")).await, "700");
    assert_eq!(differences(&world, first).await, []);
    let kept = "select count(*) from perennial.analytics_snapshots
                 where date = '2026-02-01' and metric = 'outstanding' and version = 1 and numer = 0";
    assert_eq!(world.count(kept).await, 1);
    let unchanged =
        "select count(*) from perennial.analytics_snapshots where version > 1 and metric = 'mrr'";
    assert_eq!(world.count(unchanged).await, 0);
    assert_eq!(take(&world, first, Method::Restated).await.figures, 0);
    assert!(
        sqlx::query("delete from perennial.analytics_snapshots")
            .execute(&world.pool)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_day_ends_at_the_midnight_of_the_business_in_summer_as_in_winter() {
    let mut world = world().await;
    zone(&world, "Europe/Berlin").await;
    world.work(Faults::None);
    // The night in which 2 o'clock is left out: midnight is at 23:00 UTC before it, at 22:00 after.
    world.set_clock("2026-03-28T23:30:00Z".parse().unwrap()).await;
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.set_clock("2026-03-29T22:30:00Z".parse().unwrap()).await;
    world.subscribe("bob", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.set_clock("2026-03-30T22:30:00Z".parse().unwrap()).await;
    for (date, came, there) in [("2026-03-29", "1", "1"), ("2026-03-30", "1", "2")] {
        take(&world, day(date), Method::Manual).await;
        assert_eq!(told(&world, day(date), "movement_new_count", ("USD", "total", "")).await, came);
        assert_eq!(told(&world, day(date), "customers", ("", "total", "")).await, there);
    }
    let hours = "select extract(epoch from perennial.day_start('2026-03-30') - perennial.day_start('2026-03-29'))::bigint / 3600";
    assert_eq!(world.count(hours).await, 23);
    let moved = "update perennial.analytics_settings set business_zone = 'UTC'";
    assert!(sqlx::query(moved).execute(&world.pool).await.is_err());
}

#[tokio::test]
async fn a_customer_with_two_currencies_is_one_customer_with_two_sums() {
    let mut world = world().await;
    sell_in_euros(&world).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    again(&world, ada, "weekly", json!({ "currency": "EUR", "interval": "week" })).await;
    live_and_tell(&world, day("2026-01-31"), day("2026-01-31")).await;
    let at = day("2026-01-31");
    for (metric, part, expected) in [
        ("mrr", ("USD", "total", ""), "4900"),
        ("mrr", ("EUR", "total", ""), "13000/3"),
        ("arr", ("EUR", "total", ""), "52000"),
        ("mrr", ("EUR", "interval", "week"), "13000/3"),
        ("mrr", ("EUR", "country", "US"), "13000/3"),
        ("mrr", ("EUR", "cohort", "2026-01"), "13000/3"),
        ("arpu", ("EUR", "total", ""), "13000/3"),
        ("customers", ("", "total", ""), "1"),
        ("customers", ("", "currency", "EUR"), "1"),
        ("customers", ("", "currency", "USD"), "1"),
        ("customers", ("", "plan", "professional"), "1"),
        ("subscriptions_active", ("", "total", ""), "2"),
        ("collected", ("USD", "total", ""), "4900"),
        ("collected", ("EUR", "total", ""), "1000"),
        // There was nothing when the window began.
        ("nrr_30d", ("USD", "total", ""), ""),
    ] {
        assert_eq!(told(&world, at, metric, part).await, expected, "{metric} {part:?}");
    }
}

#[tokio::test]
async fn the_job_tells_all_days_that_nobody_was_there_for() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-01-31")).await;
    world.live_until("2026-02-05T00:07:00Z").await;
    world
        .wait_until("the catalogue is published", async |conn| {
            let known =
                "select exists (select from perennial.job_catalogue where name = 'snapshot')";
            sqlx::query_scalar(known).fetch_one(conn).await.unwrap()
        })
        .await;
    execute(&world, "select perennial.enqueue('snapshot', '{}', 'now')").await;
    world.rest().await;
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
    let told = "select count(distinct date) from perennial.analytics_figures where metric = 'mrr'";
    assert_eq!(world.count(told).await, 5);
    let fresh = "select count(*) from perennial.analytics_runs
                  where fresh_to < perennial.day_start(date + 1) or method <> 'scheduled'";
    assert_eq!(world.count(fresh).await, 0);
    execute(
        &world,
        r#"select perennial.enqueue('snapshot', '{"date": "2027-01-01"}', '2027-01-01')"#,
    )
    .await;
    world.rest().await;
    let given_up = "select count(*) from perennial.dead_jobs where reason like 'date: 2027-01-01 is not over%'";
    assert_eq!(world.count(given_up).await, 1);
}

#[tokio::test]
async fn days_metrics_and_currencies_that_nobody_knows_are_refused_by_name() {
    let mut world = world().await;
    let refused = async |world: &World, date: &str| {
        try_take(world, day(date), Method::Manual)
            .await
            .unwrap_err()
            .as_database_error()
            .unwrap()
            .message()
            .to_owned()
    };
    assert_eq!(
        refused(&world, "2026-01-30").await,
        "date: nothing was recorded on 2026-01-30, nor on any day"
    );
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.live_until("2026-02-02T10:00:00Z").await;
    assert_eq!(
        refused(&world, "2026-01-30").await,
        "date: 2026-01-30 lies before the first day that something was recorded on, 2026-01-31"
    );
    assert_eq!(
        refused(&world, "2026-02-02").await,
        "date: 2026-02-02 is not over: it is 2026-02-02 in UTC"
    );
    let mut conn = world.pool.acquire().await.unwrap();
    for (metric, currency, problem) in [
        ("mmr", "USD", "metric: mmr is no metric"),
        ("mrr", "XXX", "currency: nothing was ever sold in XXX"),
    ] {
        let error = snapshots::require_metric(&mut conn, metric, currency).await.unwrap_err();
        assert!(error.as_database_error().unwrap().message().starts_with(problem), "{error}");
    }
    snapshots::require_metric(&mut conn, "mrr", "USD").await.unwrap();
    let wrong = "update perennial.analytics_settings set business_zone = 'Berlin'";
    assert!(sqlx::query(wrong).execute(&mut *conn).await.is_err());
}
