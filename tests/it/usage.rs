//! Usage: recorded once, never beyond a hard limit, reset on time, and billed where it is over.

use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world;

/// What a door answers.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Recorded {
    pub(super) recorded: bool,
    pub(super) used: i64,
    pub(super) limit: Option<i64>,
    pub(super) remaining: Option<i64>,
}

pub(super) async fn subscribed(plan: &str, wish: Value) -> (World, Customer) {
    let mut world = world().await;
    world.work(Faults::None);
    let mut data = json!({ "plan": plan });
    if let (Some(data), Value::Object(wish)) = (data.as_object_mut(), wish) {
        data.extend(wish);
    }
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], data).await;
    world.rest().await;
    (world, ada)
}

pub(super) async fn record(
    world: &World,
    of: Customer,
    (metric, quantity): (&str, i64),
    event: &str,
    at: Option<&str>,
) -> sqlx::Result<Recorded> {
    sqlx::query_as(
        "select recorded, used, \"limit\", remaining
           from perennial.record_usage($1, $2, $3, $4, $5::text::timestamptz)",
    )
    .bind(of.id.0)
    .bind(metric)
    .bind(quantity)
    .bind(event)
    .bind(at)
    .fetch_one(&world.pool)
    .await
}

async fn batch(world: &World, events: &[Value]) -> Vec<(Option<String>, bool, Option<String>)> {
    sqlx::query_as("select event_id, recorded, error from perennial.record_usage_batch($1)")
        .bind(json!(events))
        .fetch_all(&world.pool)
        .await
        .unwrap()
}

fn said(error: &sqlx::Error) -> String {
    error.as_database_error().expect("the door's own words").message().to_owned()
}

#[tokio::test]
async fn usage_is_recorded_once_and_answered_with_what_is_left() {
    let (world, ada) = subscribed("free", json!({})).await;
    let first = record(&world, ada, ("ai_operations", 3), "e1", None).await.unwrap();
    assert_eq!(first, Recorded { recorded: true, used: 3, limit: Some(5), remaining: Some(2) });
    let again = record(&world, ada, ("ai_operations", 3), "e1", None).await.unwrap();
    assert_eq!(again, Recorded { recorded: false, ..first });
    // What has happened is recorded, beyond the limit too.
    let beyond = record(&world, ada, ("ai_operations", 4), "e2", None).await.unwrap();
    assert_eq!((beyond.used, beyond.remaining), (7, Some(0)));
    world.check().await;
}

#[tokio::test]
async fn a_plan_without_limit_answers_null() {
    let (world, ada) = subscribed("enterprise", json!({})).await;
    let answer = record(&world, ada, ("ai_operations", 1_000), "e1", None).await.unwrap();
    assert_eq!((answer.limit, answer.remaining), (None, None));
    assert_eq!(world.count("select count(*) from perennial.usage_warnings").await, 0);
}

#[tokio::test]
async fn bad_usage_is_refused_with_the_name_of_its_field_and_changes_nothing() {
    let (world, ada) = subscribed("free", json!({})).await;
    let nobody = Customer { id: Uuid::from_u128(9).into(), ..ada };
    let cases = [
        (nobody, "ai_operations", 1, "e", None, "customer"),
        (ada, "ai_operation", 1, "e", None, "metric"),
        (ada, "project_size_mb", 1, "e", None, "metric"),
        (ada, "ai_operations", 0, "e", None, "quantity"),
        (ada, "ai_operations", -4, "e", None, "quantity"),
        (ada, "ai_operations", 1, "", None, "event_id"),
        (ada, "ai_operations", 1, "e", Some("2026-01-31T13:00:00Z"), "at"),
        (ada, "ai_operations", 1, "e", Some("2025-12-01T12:00:00Z"), "at"),
    ];
    for (of, metric, quantity, event, at, field) in cases {
        let error = record(&world, of, (metric, quantity), event, at).await.unwrap_err();
        assert!(said(&error).starts_with(&format!("{field}: ")), "{metric}: {}", said(&error));
    }
    assert_eq!(world.count("select count(*) from perennial.usage_event_ids").await, 0);
    assert_eq!(world.count("select count(*) from perennial.usage_counters").await, 0);
}

#[tokio::test]
async fn of_a_hundred_callers_at_a_hard_limit_of_37_exactly_37_are_allowed() {
    let (world, ada) = subscribed("free", json!({})).await;
    let agreed = "select perennial.set_customer_quota($1, 'ai_operations', 37)";
    sqlx::query(agreed).bind(ada.id.0).execute(&world.pool).await.unwrap();
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(24).connect(&world.url);
    let pool = pool.await.unwrap();
    let callers = (0..100).map(|caller| {
        let (pool, of) = (pool.clone(), ada.id.0);
        tokio::spawn(async move {
            sqlx::query_scalar::<_, bool>(
                "select allowed from perennial.consume($1, 'ai_operations', 1, $2)",
            )
            .bind(of)
            .bind(format!("caller {caller}"))
            .fetch_one(&pool)
            .await
            .unwrap()
        })
    });
    let mut allowed = 0;
    for caller in callers.collect::<Vec<_>>() {
        allowed += i64::from(caller.await.unwrap());
    }
    assert_eq!(allowed, 37);
    assert_eq!(world.count("select sum(used)::bigint from perennial.usage_counters").await, 37);
    world.rest().await;
    world.check().await;
}

#[tokio::test]
async fn repeats_and_any_order_count_the_same_one_by_one_or_in_batches() {
    let (world, ada) = subscribed("pro", json!({})).await;
    let event = |number: i64| {
        json!({ "customer": ada.id.0, "metric": "ai_decisions", "quantity": number % 7 + 1,
                "event_id": format!("e{number}") })
    };
    let events: Vec<Value> = (0..300).map(event).collect();
    let mut batches = Vec::new();
    // Each event comes in up to three batches, the batches at the same time and in other orders.
    for (start, step) in [(0_usize, 1_usize), (1, 2), (2, 3)] {
        let mut chosen: Vec<Value> = events.iter().skip(start).step_by(step).cloned().collect();
        chosen.rotate_left(start * 17);
        let pool = world.pool.clone();
        batches.push(tokio::spawn(async move {
            for part in chosen.chunks(23) {
                sqlx::query("select * from perennial.record_usage_batch($1)")
                    .bind(json!(part))
                    .execute(&pool)
                    .await
                    .unwrap();
            }
        }));
    }
    for number in (0..300).rev().step_by(5) {
        let quantity = number % 7 + 1;
        let event = format!("e{number}");
        record(&world, ada, ("ai_decisions", quantity), &event, None).await.unwrap();
    }
    for batch in batches {
        batch.await.unwrap();
    }
    let expected: i64 = (0..300).map(|number| number % 7 + 1).sum();
    let counted = "select sum(used)::bigint from perennial.usage_counters";
    assert_eq!(world.count(counted).await, expected);
    assert_eq!(
        world.count("select sum(quantity)::bigint from perennial.usage_events").await,
        expected
    );
    world.rest().await;
    world.check().await;
}

#[tokio::test]
async fn of_a_batch_with_a_bad_event_the_rest_is_recorded_and_the_bad_one_reported() {
    let (world, ada) = subscribed("free", json!({})).await;
    let event = |id: &str, metric: &str, quantity: Value| json!({ "customer": ada.id.0, "metric": metric, "quantity": quantity, "event_id": id });
    let mut misdated = event("e5", "ai_decisions", json!(1));
    misdated["at"] = json!("2026-13-45T00:00:00Z");
    let answers = batch(
        &world,
        &[
            event("e1", "ai_decisions", json!(2)),
            event("e2", "ai_decisions", json!(-2)),
            event("e3", "no_such_metric", json!(2)),
            event("e4", "ai_decisions", json!("two")),
            misdated,
            json!("not an event"),
            event("e6", "data_processing", json!(1)),
            event("e1", "ai_decisions", json!(2)),
        ],
    )
    .await;
    let recorded: Vec<bool> = answers.iter().map(|answer| answer.1).collect();
    assert_eq!(recorded, [true, false, false, false, false, false, true, false], "{answers:?}");
    let fields: Vec<Option<&str>> = answers
        .iter()
        .map(|answer| answer.2.as_deref().and_then(|error| error.split(':').next()))
        .collect();
    let named =
        [None, Some("quantity"), Some("metric"), Some("quantity"), Some("at"), Some("event")];
    assert_eq!(fields[..6], named);
    assert_eq!(fields[6..], [None, None]);
}

#[tokio::test]
async fn each_crossing_is_told_of_once_by_its_highest_threshold_in_one_step_or_by_a_batch() {
    let (mut world, ada) = subscribed("free", json!({})).await;
    let mails = |world: &World, text: &str| {
        world
            .inbox
            .mails()
            .iter()
            .filter(|mail| mail.subject.as_deref().is_some_and(|subject| subject.contains(text)))
            .count()
    };
    // 80 % and 100 % in one step.
    record(&world, ada, ("ai_operations", 5), "e1", None).await.unwrap();
    world.rest().await;
    assert_eq!(mails(&world, "AI operations"), 1, "{:?}", world.inbox.mails());
    assert_eq!(mails(&world, "You have reached your limit of 5 AI operations"), 1);
    record(&world, ada, ("ai_operations", 5), "e2", None).await.unwrap();
    // Twice by a batch, then beyond.
    let events = |from: i64, to: i64| -> Vec<Value> {
        let event = |number: i64| {
            json!({ "customer": ada.id.0, "metric": "ai_decisions", "quantity": 1,
                    "event_id": format!("d{number}") })
        };
        (from..to).map(event).collect()
    };
    batch(&world, &events(0, 79)).await;
    world.rest().await;
    assert_eq!(mails(&world, "AI decisions"), 0);
    batch(&world, &events(79, 90)).await;
    world.rest().await;
    assert_eq!(mails(&world, "AI decisions"), 1);
    world.kill_workers().await;
    world.work(Faults::None);
    batch(&world, &events(90, 150)).await;
    world.rest().await;
    assert_eq!(mails(&world, "AI decisions"), 2);
    assert_eq!(mails(&world, "AI operations"), 1);
    world.check().await;
}

#[tokio::test]
async fn thresholds_count_against_the_limit_that_holds_after_it_changed() {
    let (world, ada) = subscribed("free", json!({})).await;
    let told = async |world: &World| -> Vec<(String, i32)> {
        let rows = sqlx::query_as(
            "select outcome, threshold from perennial.usage_warnings order by recorded_at, threshold",
        );
        rows.fetch_all(&world.pool).await.unwrap()
    };
    let agree = async |limit: i64| {
        sqlx::query("select perennial.set_customer_quota($1, 'ai_operations', $2)")
            .bind(ada.id.0)
            .bind(limit)
            .execute(&world.pool)
            .await
            .unwrap();
        world.rest().await;
    };
    let row = |outcome: &str, threshold| (outcome.to_owned(), threshold);
    record(&world, ada, ("ai_operations", 4), "e1", None).await.unwrap();
    world.rest().await;
    assert_eq!(told(&world).await, [row("told", 80)]);
    // 4 of 10 is nothing to warn of; 8 of 10 is, though 80 % were told of before.
    agree(10).await;
    record(&world, ada, ("ai_operations", 4), "e2", None).await.unwrap();
    world.rest().await;
    assert_eq!(told(&world).await, [row("told", 80), row("told", 80)]);
    // A lower limit is reached by what was used already.
    agree(8).await;
    let all = [row("told", 80), row("told", 80), row("surpassed", 80), row("told", 100)];
    assert_eq!(told(&world).await, all);
    let subjects: Vec<_> =
        world.inbox.mails().iter().filter_map(|mail| mail.subject.clone()).collect();
    let warned = ["You have used 80 % of your AI operations"; 2];
    assert_eq!(subjects[subjects.len() - 3..][..2], warned);
    assert_eq!(subjects[subjects.len() - 1], "You have reached your limit of 8 AI operations");
    world.check().await;
}

#[tokio::test]
async fn a_muted_customer_is_not_told_and_the_limit_still_holds() {
    let (world, ada) = subscribed("free", json!({})).await;
    sqlx::query("select perennial.set_mail_preference($1, 'usage_warning', 'muted')")
        .bind(ada.id.0)
        .execute(&world.pool)
        .await
        .unwrap();
    record(&world, ada, ("ai_operations", 5), "e1", None).await.unwrap();
    world.rest().await;
    assert_eq!(
        world.count("select count(*) from perennial.usage_warnings where outcome = 'muted'").await,
        2
    );
    assert_eq!(
        world.count("select count(*) from perennial.emails where template = 'usage_warning'").await,
        0
    );
    let allowed: bool =
        sqlx::query_scalar("select allowed from perennial.consume($1, 'ai_operations', 1, 'e2')")
            .bind(ada.id.0)
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert!(!allowed);
}

#[tokio::test]
async fn a_renamed_metric_answers_to_both_of_its_names() {
    let (world, ada) = subscribed("free", json!({})).await;
    record(&world, ada, ("ai_operations", 1), "e1", None).await.unwrap();
    let renamed = "select perennial.rename_metric('ai_operations', 'ai_calls')";
    sqlx::query(renamed).execute(&world.pool).await.unwrap();
    let by_new = record(&world, ada, ("ai_calls", 1), "e2", None).await.unwrap();
    let by_old = record(&world, ada, ("ai_operations", 1), "e3", None).await.unwrap();
    assert_eq!((by_new.used, by_old.used), (2, 3));
    let taken = sqlx::query("select perennial.rename_metric('ai_calls', 'members')");
    let error = taken.execute(&world.pool).await.unwrap_err();
    assert!(said(&error).starts_with("new_code: "), "{error}");
}

#[tokio::test]
async fn a_member_who_leaves_makes_room_and_nothing_else_can_be_taken_back() {
    let (world, ada) = subscribed("free", json!({})).await;
    let call = async |function: &str, metric: &str, quantity: i64, event: &str| {
        let sql = format!("select perennial.{function}($1, $2, $3, $4)::text");
        sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(sql))
            .bind(ada.id.0)
            .bind(metric)
            .bind(quantity)
            .bind(event)
            .fetch_one(&world.pool)
            .await
    };
    assert!(call("consume", "members", 3, "m1").await.unwrap().starts_with("(t,0"));
    assert!(call("consume", "members", 1, "m2").await.unwrap().starts_with("(f,0"));
    assert!(call("release_usage", "members", 1, "m3").await.unwrap().starts_with("(t,2"));
    assert!(call("release_usage", "members", 1, "m3").await.unwrap().starts_with("(f,2"));
    assert!(call("consume", "members", 1, "m4").await.unwrap().starts_with("(t,0"));
    let error = call("release_usage", "members", 9, "m5").await.unwrap_err();
    assert!(said(&error).starts_with("quantity: "), "{error}");
    let error = call("release_usage", "ai_operations", 1, "m6").await.unwrap_err();
    assert!(said(&error).starts_with("metric: "), "{error}");
    world.check().await;
}

#[tokio::test]
async fn an_event_id_that_names_another_event_already_is_refused_alone_and_in_a_batch() {
    let (world, ada) = subscribed("free", json!({})).await;
    record(&world, ada, ("ai_operations", 2), "e1", None).await.unwrap();
    let error = record(&world, ada, ("ai_operations", 3), "e1", None).await.unwrap_err();
    assert!(said(&error).starts_with("event_id: "), "{error}");
    let consumed = "select allowed from perennial.consume($1, 'data_processing', 2, 'e1')";
    let error = sqlx::query(consumed).bind(ada.id.0).execute(&world.pool).await.unwrap_err();
    assert!(said(&error).starts_with("event_id: "), "{error}");
    let event = |metric: &str| json!({ "customer": ada.id.0, "metric": metric, "quantity": 2, "event_id": "e1" });
    let answers = batch(&world, &[event("ai_operations"), event("ai_decisions")]).await;
    assert_eq!((answers[0].1, &answers[0].2), (false, &None));
    assert!(
        answers[1].2.as_deref().is_some_and(|error| error.starts_with("event_id: ")),
        "{answers:?}"
    );
    world.check().await;
}

#[tokio::test]
async fn a_hard_limit_asks_for_a_transaction_that_sees_what_is_used_by_now() {
    let (world, ada) = subscribed("free", json!({})).await;
    let mut transaction = world.pool.begin().await.unwrap();
    let isolation = "set transaction isolation level repeatable read";
    sqlx::query(isolation).execute(&mut *transaction).await.unwrap();
    let consumed = "select allowed from perennial.consume($1, 'ai_operations', 1, 'e1')";
    let error = sqlx::query(consumed).bind(ada.id.0).execute(&mut *transaction).await.unwrap_err();
    assert!(said(&error).starts_with("transaction_isolation: "), "{error}");
}
