//! What a snapshot is broken down by: parts that come to their whole, whatever way they are told.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use perennial_core::money::Fraction;
use perennial_jobs::snapshot::Method;
use perennial_jobs::store::snapshots::{self, Figure};
use perennial_tests::{Faults, World};
use serde_json::json;

use super::memberships::execute;
use super::mrr::{again, cancel_now};
use super::snapshots::{day, differences, figures, live_and_tell, people, take, told, zone};
use super::usage::record;
use super::world;

/// A world in which everything happens that a metric tells of.
async fn eventful_world() -> World {
    let mut world = world().await;
    zone(&world, "Europe/Berlin").await;
    people(&mut world).await;
    world.subscribe("ivy", &[], json!({ "trial_end": "2026-02-10T12:00:00Z" })).await;
    let (card, free) = (["pm_sbx_visa__ok"], json!({ "plan": "free" }));
    let hal = world.subscribe("hal", &card, free).await;
    world.rest().await;
    for (metric, event) in [("ai_operations", "near"), ("data_processing", "nearer")] {
        record(&world, hal, (metric, if metric == "ai_operations" { 5 } else { 2 }), event, None)
            .await
            .unwrap();
    }
    execute(
        &world,
        &format!(
            "select perennial.grant_tokens('{0}', 'tokens', 50, expires_at => '2026-02-20T00:00:00Z', key => 'gift');
             select perennial.consume_tokens('{0}', 'tokens', 20, 'burned')",
            hal.id.0
        ),
    )
    .await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-10")).await;
    let ada = perennial_tests::Customer {
        id: perennial_core::ids::CustomerId::derived("ada"),
        subscription: perennial_core::ids::SubscriptionId::derived("ada"),
    };
    again(&world, ada, "second", json!({ "currency": "EUR", "interval": "week" })).await;
    let more = again(&world, ada, "more", json!({})).await;
    go_back(&world).await;
    live_and_tell(&world, day("2026-02-11"), day("2026-03-12")).await;
    for subscription in [ada.subscription.0, more] {
        cancel_now(&world, subscription).await;
    }
    live_and_tell(&world, day("2026-03-13"), day("2026-03-14")).await;
    again(&world, ada, "third", json!({ "plan": "enterprise" })).await;
    live_and_tell(&world, day("2026-03-15"), day("2026-04-02")).await;
    world
}

/// Somebody is paid back, and somebody's bank takes back what was paid.
async fn go_back(world: &World) {
    let payments = paid(world).await;
    let returned = |amount: i64, reference: &str, reason: &str| json!({ "amount_minor": amount, "currency": "USD", "reason": reason, "reference": reference });
    let refund = returned(900, "re_1", "requested_by_customer");
    world.emit("payment.refunded", payments[0], refund, "re_1").await.unwrap();
    let mut dispute = returned(1_100, "dp_1", "fraudulent");
    dispute["status"] = json!("open");
    world.emit("payment.disputed", payments[1], dispute, "dp_1").await.unwrap();
    world.rest().await;
}

/// Payments that came in, in dollars.
pub(crate) async fn paid(world: &World) -> Vec<uuid::Uuid> {
    let sql = "select id from perennial.payments where status = 'succeeded' and currency = 'USD' order by settled_at, id";
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

fn value(figure: &Figure) -> Fraction {
    Fraction::new(figure.numer.parse().unwrap(), figure.denom.parse().unwrap())
}

/// Parts that do not come to their whole; customers and movements of several plans count in each.
fn gaps(date: NaiveDate, figures: &[Figure]) -> Vec<String> {
    let mut sums: BTreeMap<(&str, &str, &str), Fraction> = BTreeMap::new();
    for figure in figures {
        let many =
            matches!(figure.metric.as_str(), "customers" | "customers_near_limit" | "arpu" | "ltv")
                || figure.metric.ends_with("_count");
        let rate = figure.metric.contains("_30d") || figure.metric == "trial_conversion";
        if !many && !rate {
            let part =
                (figure.metric.as_str(), figure.currency.as_str(), figure.breakdown.as_str());
            *sums.entry(part).or_insert_with(|| Fraction::from_integer(0)) += value(figure);
        }
    }
    let whole = |metric, currency| sums.get(&(metric, currency, "total")).copied();
    sums.iter()
        .filter(|((metric, currency, _), sum)| {
            whole(metric, currency).is_some_and(|whole| whole != **sum)
        })
        .map(|(part, sum)| format!("{date} {part:?} {sum}"))
        .collect()
}

#[tokio::test]
async fn parts_come_to_their_whole_and_each_metric_is_told_by_what_it_names() {
    let world = eventful_world().await;
    let mut conn = world.pool.acquire().await.unwrap();
    let named: BTreeSet<(String, String)> = snapshots::metrics(&mut conn)
        .await
        .unwrap()
        .into_iter()
        .flat_map(|it| it.breakdowns.into_iter().map(move |by| (it.metric.clone(), by)))
        .collect();
    drop(conn);
    let mut seen = BTreeSet::new();
    let days = day("2026-01-31").iter_days().take_while(|day| *day <= self::day("2026-04-02"));
    for day in days {
        assert_eq!(differences(&world, day).await, [], "{day}");
        let figures = figures(&world, day).await;
        assert_eq!(gaps(day, &figures), [""; 0]);
        seen.extend(figures.into_iter().map(|it| (it.metric, it.breakdown)));
    }
    assert_eq!(seen.difference(&named).collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    let unseen: Vec<_> = named
        .difference(&seen)
        .filter(|(metric, _)| metric != "mails_bounced")
        .map(|(metric, by)| format!("{metric} by {by}"))
        .collect();
    assert_eq!(unseen, [""; 0]);
    world.check().await;
}

#[tokio::test]
async fn who_left_is_told_by_the_plan_they_left_and_what_it_kept() {
    let mut world = world().await;
    world.work(Faults::None);
    for (name, wish) in [
        ("ada", json!({})),
        ("bob", json!({})),
        ("cyd", json!({ "plan": "enterprise" })),
        ("dan", json!({ "interval": "year" })),
    ] {
        world.subscribe(name, &["pm_sbx_visa__ok"], wish).await;
    }
    world.rest().await;
    world.live_until("2026-03-04T12:00:00Z").await;
    cancel_now(&world, perennial_core::ids::SubscriptionId::derived("bob").0).await;
    world.live_until("2026-03-05T00:07:00Z").await;
    let at = day("2026-03-04");
    take(&world, at, Method::Manual).await;
    for (metric, part, expected) in [
        ("customers", ("USD", "plan", "professional"), "2"),
        ("customers", ("", "plan", "professional"), "2"),
        ("arpu", ("USD", "plan", "enterprise"), "19900"),
        ("arpu", ("USD", "interval", "month"), "12400"),
        ("movement_churn_voluntary", ("USD", "plan", "professional"), "-4900"),
        ("movement_churn_voluntary", ("USD", "interval", "month"), "-4900"),
        ("movement_churn_voluntary_count", ("USD", "cohort", "2026-01"), "1"),
        ("movement_churn_voluntary_count", ("USD", "plan", "enterprise"), ""),
        ("logo_churn_30d", ("USD", "total", ""), "1/4"),
        ("logo_churn_30d", ("USD", "plan", "professional"), "1/3"),
        ("logo_churn_30d", ("USD", "plan", "enterprise"), "0"),
        ("logo_churn_30d", ("USD", "interval", "month"), "1/3"),
        ("logo_churn_voluntary_30d", ("USD", "country", "US"), "1/4"),
        ("revenue_churn_30d", ("USD", "interval", "year"), "0"),
        ("grr_30d", ("USD", "interval", "month"), "248/297"),
        ("nrr_30d", ("USD", "plan", "enterprise"), "1"),
        ("quick_ratio_30d", ("USD", "plan", "professional"), "0"),
        // Nobody came of late.
        ("quick_ratio_30d", ("USD", "plan", "enterprise"), ""),
        ("ltv", ("USD", "interval", "month"), "3682800/49"),
    ] {
        assert_eq!(told(&world, at, metric, part).await, expected, "{metric} {part:?}");
    }
    assert_eq!(differences(&world, at).await, []);
}

#[tokio::test]
async fn a_customer_is_near_a_limit_until_the_period_ends_and_under_the_plan_they_were_on() {
    let mut world = world().await;
    world.work(Faults::None);
    let hal = world.subscribe("hal", &["pm_sbx_visa__ok"], json!({ "plan": "free" })).await;
    world.rest().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-01")).await;
    record(&world, hal, ("ai_operations", 5), "near", None).await.unwrap();
    world.rest().await;
    live_and_tell(&world, day("2026-02-02"), day("2026-02-05")).await;
    again(&world, hal, "more", json!({ "plan": "enterprise" })).await;
    live_and_tell(&world, day("2026-02-06"), day("2026-03-07")).await;
    let near = ("", "total", "");
    for (date, expected) in [
        ("2026-02-01", "0"),
        ("2026-02-02", "1"),
        ("2026-02-10", "1"),
        ("2026-03-05", "1"),
        ("2026-03-06", "0"),
    ] {
        assert_eq!(told(&world, day(date), "customers_near_limit", near).await, expected, "{date}");
    }
    for (breakdown, key) in [("plan", "free"), ("metric", "ai_operations")] {
        let part = ("", breakdown, key);
        assert_eq!(told(&world, day("2026-02-10"), "customers_near_limit", part).await, "1");
    }
    for date in day("2026-01-31").iter_days().take(36) {
        assert_eq!(differences(&world, date).await, [], "{date}");
    }
}

#[tokio::test]
async fn a_breakdown_that_means_nothing_is_refused_by_name() {
    let world = world().await;
    let mut conn = world.pool.acquire().await.unwrap();
    snapshots::require_breakdown(&mut conn, "nrr_30d", "plan").await.unwrap();
    for (metric, breakdown, problem) in [
        ("mmr", "plan", "metric: mmr is no metric"),
        (
            "mrr",
            "currency",
            "breakdown: mrr is not told by currency; it is by total, plan, interval, country, cohort",
        ),
        (
            "mails_sent",
            "plan",
            "breakdown: mails_sent is not told by plan; it is by total, template",
        ),
        ("usage", "total", "breakdown: usage is not told by total; it is by metric, plan"),
    ] {
        let error = snapshots::require_breakdown(&mut conn, metric, breakdown).await.unwrap_err();
        assert!(error.as_database_error().unwrap().message().starts_with(problem), "{error}");
    }
}
