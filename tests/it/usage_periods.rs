//! Usage periods: reset on time, closed once, and billed where usage is beyond a limit.

use perennial_tests::{Customer, Faults, World};
use serde_json::json;
use sqlx::Row;

use super::usage::{record, subscribed};
use super::world;

async fn lines(world: &World) -> Vec<String> {
    let rows = sqlx::query(
        "select i.period_index, l.kind, l.description, l.amount_minor
           from perennial.invoice_items l join perennial.invoices i on i.id = l.invoice_id
          where l.kind in ('overage', 'late_usage') order by 1, 2",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let line = |row: &sqlx::postgres::PgRow| {
        let (index, kind): (i64, String) = (row.get(0), row.get(1));
        let (description, amount): (String, i64) = (row.get(2), row.get(3));
        format!("{index} {kind}: {description}: {amount}")
    };
    rows.iter().map(line).collect()
}

#[tokio::test]
async fn what_is_over_the_limit_is_on_the_renewals_invoice_and_what_comes_late_on_the_next() {
    let (world, ada) = subscribed("pro", json!({})).await;
    record(&world, ada, ("ai_decisions", 10_250), "e1", None).await.unwrap();
    world.live_until("2026-03-01T00:00:00Z").await;
    // Of February's first day, after January's period was closed: it counts where it was used.
    let late =
        record(&world, ada, ("ai_decisions", 100), "late", Some("2026-02-20T10:00:00Z")).await;
    assert_eq!(late.unwrap().used, 10_350);
    record(&world, ada, ("ai_decisions", 7), "e2", None).await.unwrap();
    world.live_until("2026-04-01T00:00:00Z").await;
    world.check().await;
    assert_eq!(
        lines(&world).await,
        [
            "1 overage: 250 AI decisions beyond the limit, 31 Jan 2026 to 28 Feb 2026: 250",
            "2 late_usage: 100 AI decisions beyond the limit, 31 Jan 2026 to 28 Feb 2026: 100",
        ]
    );
    // The receipts name them, and the books agree (world.check above).
    assert!(world.inbox.mails().iter().any(|mail| {
        mail.text.as_deref().is_some_and(|text| text.contains("250 AI decisions beyond the limit"))
    }));
}

#[tokio::test]
async fn after_three_months_away_each_period_is_written_down_and_the_limit_is_fresh() {
    let (world, ada) = subscribed("free", json!({})).await;
    record(&world, ada, ("ai_operations", 5), "e1", None).await.unwrap();
    world.rest().await;
    world.set_clock("2026-05-15T00:00:00Z".parse().unwrap()).await;
    // Nobody has reset anything yet: the door counts in the right period all the same.
    let answer = record(&world, ada, ("ai_operations", 2), "e2", None).await.unwrap();
    assert_eq!((answer.used, answer.remaining), (2, Some(3)));
    world.rest().await;
    let answer = record(&world, ada, ("ai_operations", 1), "e3", None).await.unwrap();
    assert_eq!((answer.used, answer.remaining), (3, Some(2)));
    let closed = "select count(*) from perennial.usage_closings c
                    join perennial.metric_codes k using (metric_id) where k.code = 'ai_operations'";
    assert_eq!(world.count(closed).await, 3);
    world.check().await;
}

#[tokio::test]
async fn an_edited_limit_holds_from_the_next_period_on_and_an_agreed_one_at_once() {
    let (world, ada) = subscribed("free", json!({})).await;
    let edit = "select perennial.revise_quota('free', 'ai_operations', '{\"limit_units\": 50}')";
    sqlx::query(edit).execute(&world.pool).await.unwrap();
    let before = record(&world, ada, ("ai_operations", 1), "e1", None).await.unwrap();
    assert_eq!(before.limit, Some(5));
    world.live_until("2026-03-01T00:00:00Z").await;
    let after = record(&world, ada, ("ai_operations", 1), "e2", None).await.unwrap();
    assert_eq!((after.limit, after.used), (Some(50), 1));
    let agreed = "select perennial.set_customer_quota($1, 'ai_operations', 70)";
    sqlx::query(agreed).bind(ada.id.0).execute(&world.pool).await.unwrap();
    let at_once = record(&world, ada, ("ai_operations", 1), "e3", None).await.unwrap();
    assert_eq!((at_once.limit, at_once.used), (Some(70), 2));
    world.check().await;
}

#[tokio::test]
async fn the_database_and_the_core_agree_on_every_boundary() {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
    use perennial_core::calendar::{Anchor, Interval};

    let world = world().await;
    let zones = [
        "America/New_York",
        "Australia/Lord_Howe",
        "Europe/London",
        "America/Santiago",
        "Asia/Kathmandu",
        "Africa/Cairo",
        "UTC",
    ];
    let (mut locals, mut names, mut indexes) = (vec![], vec![], vec![]);
    for day in 0..366 {
        for (number, zone) in zones.iter().enumerate() {
            let date = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::TimeDelta::days(day);
            let hour = u32::try_from((usize::try_from(day).unwrap() + number) % 4).unwrap();
            let local = date.and_hms_opt(hour, 30, 0).unwrap();
            for index in [-3, 0, 1, 5, 8, 13] {
                locals.push(local);
                names.push((*zone).to_owned());
                indexes.push(index);
            }
        }
    }
    let answers: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select perennial.month_boundary(u.local, u.zone, u.index)
           from unnest($1::timestamp[], $2::text[], $3::integer[]) with ordinality u (local, zone, index, n) order by n",
    )
    .bind(&locals)
    .bind(&names)
    .bind(&indexes)
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert!(answers.len() > 10_000);
    for (number, answer) in answers.iter().enumerate() {
        let local: NaiveDateTime = locals[number];
        let cycle = Anchor::new(local, names[number].parse().unwrap()).every(Interval::MONTH);
        let expected = cycle.boundary(indexes[number].into()).unwrap();
        assert_eq!(*answer, expected, "{local} {} {}", names[number], indexes[number]);
    }
}

async fn revise(world: &World, plan: &str, metric: &str, changes: serde_json::Value) {
    sqlx::query("select perennial.revise_quota($1, $2, $3)")
        .bind(plan)
        .bind(metric)
        .bind(changes)
        .execute(&world.pool)
        .await
        .unwrap();
}

/// A world whose catalog is edited before anybody subscribes.
async fn subscribed_to(
    plan: &str,
    metric: &str,
    changes: serde_json::Value,
    wish: serde_json::Value,
) -> (World, Customer) {
    let mut world = world().await;
    revise(&world, plan, metric, changes).await;
    world.work(Faults::None);
    let mut data = json!({ "plan": plan });
    data.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], data).await;
    world.rest().await;
    (world, ada)
}

#[tokio::test]
async fn what_is_not_used_goes_over_into_the_next_period_up_to_so_much() {
    let changes = json!({ "rollover_max": 3 });
    let (world, ada) = subscribed_to("free", "ai_operations", changes, json!({})).await;
    record(&world, ada, ("ai_operations", 1), "e1", None).await.unwrap();
    world.live_until("2026-03-01T00:00:00Z").await;
    // 4 of 5 were left: 3 go over. 8 are there, 6 are used: 2 go over.
    let answer = record(&world, ada, ("ai_operations", 6), "e2", None).await.unwrap();
    assert_eq!((answer.limit, answer.remaining), (Some(8), Some(2)));
    world.live_until("2026-04-01T00:00:00Z").await;
    let answer = record(&world, ada, ("ai_operations", 1), "e3", None).await.unwrap();
    assert_eq!((answer.limit, answer.remaining), (Some(7), Some(6)));
    world.check().await;
}

#[tokio::test]
async fn a_limit_per_seat_grows_with_the_seats() {
    let changes = json!({ "limit_per": "seat", "limit_units": 10 });
    let (world, ada) = subscribed_to("pro", "ai_decisions", changes, json!({ "seats": 7 })).await;
    let answer = record(&world, ada, ("ai_decisions", 1), "e1", None).await.unwrap();
    assert_eq!(answer.limit, Some(70));
}

#[tokio::test]
async fn the_calendar_month_is_that_of_the_customers_wall() {
    let changes = json!({ "reset": "calendar_month" });
    let wish = json!({ "time_zone": "America/New_York" });
    let (world, ada) = subscribed_to("free", "ai_operations", changes, wish).await;
    let end: chrono::DateTime<chrono::Utc> = sqlx::query_scalar(
        "select period_end from perennial.record_usage($1, 'ai_operations', 1, 'e1')",
    )
    .bind(ada.id.0)
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(end.to_rfc3339(), "2026-02-01T05:00:00+00:00");
    world.live_until("2026-03-20T00:00:00Z").await;
    let closed = "select count(*) from perennial.usage_closings c
                    join perennial.metric_codes k using (metric_id)
                   where k.code = 'ai_operations' and c.period_end in ('2026-02-01T05:00Z', '2026-03-01T05:00Z')";
    assert_eq!(world.count(closed).await, 2);
}

#[tokio::test]
async fn a_yearly_plan_resets_every_month_from_the_same_anchor() {
    let (world, ada) = subscribed("professional", json!({ "interval": "year" })).await;
    record(&world, ada, ("ai_operations", 9), "e1", None).await.unwrap();
    world.live_until("2026-05-31T12:00:00Z").await;
    // Exactly on the boundary: it belongs to the new period.
    let answer = record(&world, ada, ("ai_operations", 1), "e2", None).await.unwrap();
    assert_eq!(answer.used, 1);
    let ends: Vec<String> = sqlx::query_scalar(
        "select to_char(c.period_end at time zone 'Europe/London', 'MM-DD HH24:MI') from perennial.usage_closings c
           join perennial.metric_codes k using (metric_id) where k.code = 'ai_operations' order by c.period_end",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(ends, ["02-28 12:00", "03-31 12:00", "04-30 12:00", "05-31 12:00"]);
    world.check().await;
}

#[tokio::test]
async fn usage_that_comes_late_is_dropped_with_a_note_where_the_plan_says_so() {
    let changes = json!({ "late_usage": "drop" });
    let (world, ada) = subscribed_to("pro", "ai_decisions", changes, json!({})).await;
    record(&world, ada, ("ai_decisions", 10_000), "e1", None).await.unwrap();
    world.live_until("2026-03-01T00:00:00Z").await;
    let at = Some("2026-02-20T10:00:00Z");
    let late = record(&world, ada, ("ai_decisions", 100), "late", at).await.unwrap();
    assert!(!late.recorded);
    world.live_until("2026-04-01T00:00:00Z").await;
    assert_eq!(lines(&world).await, Vec::<String>::new());
    let noted = "select count(*) from perennial.audit_log where act = 'late_usage_dropped'";
    assert_eq!(world.count(noted).await, 1);
    world.check().await;
}

#[tokio::test]
async fn usage_of_any_closed_period_is_taken_for_as_long_as_the_plan_says() {
    let (world, ada) = subscribed("free", json!({})).await;
    world.live_until("2026-04-01T00:00:00Z").await;
    // 35 days back lies a period that two others have followed: it counts there.
    let at = Some("2026-02-25T00:00:00Z");
    let answer = record(&world, ada, ("ai_operations", 1), "e1", at).await.unwrap();
    assert_eq!((answer.recorded, answer.used), (true, 1));
    let at = Some("2026-02-24T00:00:00Z");
    let error = record(&world, ada, ("ai_operations", 1), "e2", at).await.unwrap_err();
    let said = error.as_database_error().unwrap().message().to_owned();
    assert!(said.starts_with("at: ") && said.ends_with("more than 35 days back"), "{said}");
    world.check().await;
}

#[tokio::test]
async fn a_worker_killed_while_it_closes_periods_or_warns_leaves_what_there_would_have_been() {
    let mut dumps = Vec::new();
    for point in ["none", "reset.C2", "reset.C7", "warn_usage.C2", "warn_usage.C7", "E5.C3"] {
        let mut world = world().await;
        world.work(Faults::None);
        let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "pro" })).await;
        let bob = world
            .subscribe(
                "bob",
                &["pm_sbx_visa__ok"],
                json!({ "plan": "professional", "interval": "year" }),
            )
            .await;
        world.rest().await;
        world.kill_workers().await;
        record(&world, ada, ("ai_decisions", 10_400), "e1", None).await.unwrap();
        record(&world, bob, ("ai_operations", 85), "e2", None).await.unwrap();
        if point.starts_with("reset") {
            world.work(Faults::None);
            world.rest().await;
            world.kill_workers().await;
            world.set_clock("2026-02-28T13:00:00Z".parse().unwrap()).await;
        }
        if point != "none" {
            world.work(Faults::KilledAt(point));
            world.wait_for_death().await;
        }
        world.work(Faults::None);
        world.rest().await;
        world.live_until("2026-03-01T00:00:00Z").await;
        world.check().await;
        let told = "select count(*) from perennial.usage_warnings where outcome = 'told'";
        assert_eq!(world.count(told).await, 2, "{point}");
        let closed: Vec<String> = sqlx::query_scalar(
            "select c.used || ' ' || c.overage_units || ' ' || c.period_end from perennial.usage_closings c order by 1",
        )
        .fetch_all(&world.pool)
        .await
        .unwrap();
        dumps.push((closed, lines(&world).await));
    }
    assert!(dumps.windows(2).all(|pair| pair[0] == pair[1]), "{dumps:#?}");
    assert_eq!(dumps[0].1.len(), 1);
}

#[tokio::test]
async fn a_period_ends_with_its_subscription_and_what_was_beyond_the_limit_is_billed() {
    let (world, ada) = subscribed("pro", json!({})).await;
    record(&world, ada, ("ai_decisions", 10_300), "e1", None).await.unwrap();
    world.live_until("2026-02-10T00:00:00Z").await;
    let now = json!({ "when": "now" });
    world.emit("subscription.cancel_requested", ada.subscription.0, now, "bye").await.unwrap();
    world.rest().await;
    let closed: (i64, i64, String) = sqlx::query_as(
        "select c.limit_units, c.overage_units, c.period_end::date::text from perennial.usage_closings c
           join perennial.metric_codes k using (metric_id) where k.code = 'ai_decisions'",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(closed, (10_000, 300, "2026-02-10".to_owned()));
    let billed = "select total_minor from perennial.invoices where kind = 'final'";
    assert_eq!(world.count(billed).await, 300);
    // There is no limit any more, and nothing that would reset.
    let after = record(&world, ada, ("ai_decisions", 1), "e2", None).await.unwrap();
    assert_eq!((after.used, after.limit), (1, Some(0)));
    world.live_until("2026-05-01T00:00:00Z").await;
    world.check().await;
}

async fn consume(world: &World, of: Customer, metric: &str, quantity: i64, event: &str) -> bool {
    sqlx::query_scalar("select allowed from perennial.consume($1, $2, $3, $4)")
        .bind(of.id.0)
        .bind(metric)
        .bind(quantity)
        .bind(event)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_late_reset_allows_no_more_than_a_punctual_one() {
    let changes = json!({ "rollover_max": 2 });
    let (mut world, ada) = subscribed_to("free", "data_processing", changes, json!({})).await;
    world.live_until("2026-03-01T00:00:00Z").await;
    // 2 rolled over on 2: all 4 are used, so that nothing rolls over into the next period.
    assert!(consume(&world, ada, "data_processing", 4, "e1").await);
    world.kill_workers().await;
    world.set_clock("2026-03-31T12:00:00Z".parse().unwrap()).await;
    assert!(!consume(&world, ada, "data_processing", 4, "e2").await);
    assert!(consume(&world, ada, "data_processing", 2, "e3").await);
    world.work(Faults::None);
    world.rest().await;
    assert!(!consume(&world, ada, "data_processing", 1, "e4").await);
    world.check().await;
}

#[tokio::test]
async fn members_stay_counted_while_nobody_gives_a_limit_and_an_edit_of_theirs_holds_at_once() {
    let (world, ada) = subscribed("free", json!({})).await;
    assert!(consume(&world, ada, "members", 3, "m1").await);
    let now = json!({ "when": "now" });
    world.emit("subscription.cancel_requested", ada.subscription.0, now, "bye").await.unwrap();
    world.rest().await;
    assert!(!consume(&world, ada, "members", 1, "m2").await);
    let again = json!({ "customer": ada.id.0, "plan": "free", "interval": "month" });
    let second = uuid::Uuid::from_u128(77);
    world.emit("subscription.created", second, again, "again").await.unwrap();
    world.rest().await;
    assert!(!consume(&world, ada, "members", 1, "m3").await);
    revise(&world, "free", "members", json!({ "limit_units": 5 })).await;
    let changed = "select perennial.entitle_meters(array[$1])";
    sqlx::query(changed).bind(ada.id.0).execute(&world.pool).await.unwrap();
    assert!(consume(&world, ada, "members", 2, "m4").await);
    world.check().await;
}
