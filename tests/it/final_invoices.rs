//! What was used beyond limits until a subscription ended is billed, once, and starts nothing else.

use perennial_tests::{Customer, Faults, World};
use serde_json::json;
use sqlx::Row;

use super::usage::{record, subscribed};
use super::world;

/// Status, total and lines of each final invoice, in the order of their numbers.
async fn finals(world: &World) -> Vec<String> {
    let rows = sqlx::query(
        "select i.status, i.total_minor,
                (select string_agg(l.kind || ' ' || l.quantity || ': ' || l.amount_minor, ', ' order by l.position)
                   from perennial.invoice_items l where l.invoice_id = i.id)
           from perennial.invoices i where i.kind = 'final' order by i.number",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let line = |row: &sqlx::postgres::PgRow| {
        let (status, total, lines): (String, i64, String) = (row.get(0), row.get(1), row.get(2));
        format!("{status} {total} ({lines})")
    };
    rows.iter().map(line).collect()
}

async fn cancel(world: &World, customer: Customer, data: serde_json::Value) {
    let subject = customer.subscription.0;
    world.emit("subscription.cancel_requested", subject, data, "bye").await.unwrap();
    world.rest().await;
}

async fn attempts(world: &World) -> i64 {
    world
        .count(
            "select count(*) from perennial.payments p join perennial.invoices i on i.id = p.invoice_id
              where i.kind = 'final'",
        )
        .await
}

async fn explained(world: &World, customer: Customer) -> String {
    let command = world.command().args(["explain", &customer.subscription.to_string()]).output();
    String::from_utf8(command.await.unwrap().stdout).unwrap()
}

/// A Pro subscription with 300 AI decisions beyond its limit, to end with its first period.
async fn leaving() -> (World, Customer) {
    let (world, ada) = subscribed("pro", json!({})).await;
    record(&world, ada, ("ai_decisions", 10_300), "e1", None).await.unwrap();
    cancel(&world, ada, json!({})).await;
    (world, ada)
}

#[tokio::test]
async fn usage_of_the_last_period_is_on_a_final_invoice_which_is_paid_and_told_of() {
    let (world, ada) = leaving().await;
    world.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(finals(&world).await, ["paid 300 (overage 300: 300)"]);
    assert_eq!((world.status(ada).await, attempts(&world).await), ("canceled".to_owned(), 1));
    assert!(world.inbox.mails().iter().any(|mail| {
        mail.text.as_deref().is_some_and(|text| text.contains("300 AI decisions beyond the limit"))
    }));
    let told = explained(&world, ada).await;
    assert!(told.contains("for usage until the end: paid"), "{told}");
    world.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(finals(&world).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn one_final_invoice_has_all_meters_and_credit_for_unused_time_pays_it() {
    let mut world = world().await;
    // Another meter of the plan, that ends with the calendar month, has a price too.
    for sql in [
        "insert into perennial.plan_quotas (id, plan_id, metric_id, version, limit_units, enforcement, reset)
         select gen_random_uuid(), p.id, k.metric_id, 1, 10, 'soft', 'calendar_month'
           from perennial.plans p, perennial.metric_codes k where p.code = 'pro' and k.code = 'ai_operations'",
        "insert into perennial.plan_quota_tiers (quota_id, currency, position, amount_minor)
         select q.id, 'USD', 1, 100 from perennial.plan_quotas q
           join perennial.plans p on p.id = q.plan_id and p.code = 'pro'
           join perennial.metric_codes k on k.metric_id = q.metric_id and k.code = 'ai_operations'",
    ] {
        sqlx::query(sql).execute(&world.pool).await.unwrap();
    }
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "pro" })).await;
    world.rest().await;
    world.live_until("2026-02-10T00:00:00Z").await;
    record(&world, ada, ("ai_decisions", 10_300), "e1", None).await.unwrap();
    record(&world, ada, ("ai_operations", 15), "e2", None).await.unwrap();
    cancel(&world, ada, json!({ "when": "now", "unused_time": "credited" })).await;
    assert_eq!(finals(&world).await, ["paid 800 (overage 300: 300, overage 5: 500)"]);
    // More was credited than is owed: nothing is charged.
    assert_eq!(attempts(&world).await, 0);
    let left = "select sum(amount_minor)::bigint from perennial.customer_balance_entries";
    let credited = "select sum(amount_minor)::bigint from perennial.customer_balance_entries where kind = 'credit'";
    assert_eq!(world.count(left).await, world.count(credited).await - 800);
    world.check().await;
}

#[tokio::test]
async fn after_an_end_unpaid_it_is_tried_once_and_stays_open_until_somebody_pays() {
    let mut world = world().await;
    world.work(Faults::None);
    let method = "pm_sbx_visa__ok1__insufficient_funds";
    let ada = world.subscribe("ada", &[method], json!({ "plan": "pro" })).await;
    world.rest().await;
    record(&world, ada, ("ai_decisions", 10_001), "e1", None).await.unwrap();
    world.live_until("2026-03-01T00:00:00Z").await;
    // Beyond the limit in the period that is never paid.
    record(&world, ada, ("ai_decisions", 10_300), "e2", None).await.unwrap();
    world.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "expired");
    assert_eq!(
        (finals(&world).await, attempts(&world).await),
        (vec!["open 300 (overage 300: 300)".to_owned()], 1)
    );
    let told = explained(&world, ada).await;
    assert!(
        told.contains("owed         3.00 USD") && told.contains("invoice.pay_requested"),
        "{told}"
    );
    let invoice: uuid::Uuid =
        sqlx::query_scalar("select id from perennial.invoices where kind = 'final'")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    // The door tries again, when it is asked to, and only then.
    world.emit("invoice.pay_requested", invoice, json!({}), "pay").await.unwrap();
    world.rest().await;
    world.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(attempts(&world).await, 2);
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    assert_eq!(finals(&world).await, ["paid 300 (overage 300: 300)"]);
    assert_eq!((world.status(ada).await, attempts(&world).await), ("expired".to_owned(), 3));
    world.check().await;
}

#[tokio::test]
async fn usage_that_comes_after_the_end_is_on_a_second_one_once_no_more_can_come() {
    let (world, ada) = leaving().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    let late = Some("2026-02-20T10:00:00Z");
    assert!(record(&world, ada, ("ai_decisions", 100), "late 1", late).await.unwrap().recorded);
    assert!(record(&world, ada, ("ai_decisions", 20), "late 2", late).await.unwrap().recorded);
    world.live_until("2026-04-04T11:00:00Z").await;
    assert_eq!(finals(&world).await.len(), 1);
    // 35 days after the end.
    world.live_until("2026-04-04T12:00:00Z").await;
    assert_eq!(
        finals(&world).await,
        ["paid 300 (overage 300: 300)", "paid 120 (late_usage 120: 120)"]
    );
    let error = record(&world, ada, ("ai_decisions", 1), "late 3", late).await.unwrap_err();
    assert!(error.to_string().contains("more than 35 days back"), "{error}");
    world.live_until("2026-09-01T00:00:00Z").await;
    assert_eq!((finals(&world).await.len(), attempts(&world).await), (2, 2));
    world.check().await;
}

#[tokio::test]
async fn late_usage_is_owed_by_the_subscription_it_was_used_under_and_not_by_the_next_one() {
    let (world, ada) = subscribed("pro", json!({})).await;
    world.live_until("2026-02-10T00:00:00Z").await;
    record(&world, ada, ("ai_decisions", 10_300), "e1", None).await.unwrap();
    cancel(&world, ada, json!({ "when": "now" })).await;
    world.live_until("2026-02-12T00:00:00Z").await;
    let wish = json!({ "customer": ada.id.0, "plan": "enterprise", "interval": "month" });
    let next = uuid::Uuid::from_u128(5);
    world.emit("subscription.created", next, wish, "again").await.unwrap();
    world.rest().await;
    let late = Some("2026-02-09T10:00:00Z");
    assert!(record(&world, ada, ("ai_decisions", 100), "late", late).await.unwrap().recorded);
    // The next closing of the meter finds it: that of the new subscription's first period.
    world.live_until("2026-03-12T00:00:00Z").await;
    assert_eq!(
        finals(&world).await,
        ["paid 300 (overage 300: 300)", "paid 100 (late_usage 100: 100)"]
    );
    let of_ada =
        "select count(distinct subscription_id) from perennial.invoices where kind = 'final'";
    assert_eq!(world.count(of_ada).await, 1);
    world.check().await;
}

#[tokio::test]
async fn what_is_priced_at_the_very_moment_of_the_end_is_not_overlooked() {
    let (world, ada) = subscribed("pro", json!({})).await;
    world.live_until("2026-02-10T00:00:00Z").await;
    // As a sweep that has closed a period and not committed yet.
    let mut closing = world.pool.begin().await.unwrap();
    for sql in [
        "select from perennial.usage_meters where customer_id = $1 for no key update",
        "insert into perennial.pending_invoice_items (id, customer_id, subscription_id, clock_id, kind, metric_id, currency,
                                                      description, quantity, amount_minor, period_start, period_end, created_at)
         select gen_random_uuid(), s.customer_id, s.id, s.clock_id, 'overage', m.metric_id, s.currency, 'beyond', 9, 900,
                s.period_start, '2026-02-09Z', '2026-02-10Z'
           from perennial.subscriptions s join perennial.metric_codes m on m.code = 'ai_decisions' where s.customer_id = $1",
    ] {
        sqlx::query(sql).bind(ada.id.0).execute(&mut *closing).await.unwrap();
    }
    let now = json!({ "when": "now" });
    world.emit("subscription.cancel_requested", ada.subscription.0, now, "bye").await.unwrap();
    world
        .wait_until("the end is set aside until the closing is over", async |conn| {
            sqlx::query_scalar(
                "select exists (select from perennial.jobs where queue = 'process_events' and state = 'later')",
            )
            .fetch_one(conn)
            .await
            .unwrap()
        })
        .await;
    closing.commit().await.unwrap();
    world.rest().await;
    assert_eq!(finals(&world).await, ["paid 900 (overage 9: 900)"]);
    world.check().await;
}

#[tokio::test]
async fn what_the_currency_is_too_small_to_charge_goes_to_the_customers_balance() {
    let (world, ada) = subscribed("pro", json!({})).await;
    record(&world, ada, ("ai_decisions", 10_030), "e1", None).await.unwrap();
    world.live_until("2026-02-10T00:00:00Z").await;
    cancel(&world, ada, json!({ "when": "now" })).await;
    assert_eq!(finals(&world).await, ["paid 30 (overage 30: 30)"]);
    assert_eq!(attempts(&world).await, 0);
    let balance = "select sum(amount_minor)::bigint from perennial.customer_balance_entries";
    assert_eq!(world.count(balance).await, -30);
    world.check().await;
}

#[tokio::test]
async fn a_trial_that_is_left_costs_nothing_whatever_was_used_in_it() {
    let wish = json!({ "trial_end": "2026-02-14T12:00:00Z" });
    let (world, ada) = subscribed("pro", wish).await;
    record(&world, ada, ("ai_decisions", 10_300), "e1", None).await.unwrap();
    cancel(&world, ada, json!({})).await;
    world.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "canceled");
    assert_eq!(world.count("select count(*) from perennial.invoices").await, 0);
    assert_eq!(world.count("select count(*) from perennial.pending_invoice_items").await, 0);
    world.check().await;
}

#[tokio::test]
async fn who_pauses_and_comes_back_is_given_the_limit_until_the_anchors_next_boundary() {
    let mut world = world().await;
    world.work(Faults::None);
    let wish = json!({ "plan": "pro", "trial_end": "2026-02-14T12:00:00Z" });
    let ada = world.subscribe("ada", &[], wish).await;
    world.rest().await;
    record(&world, ada, ("ai_decisions", 10_300), "e1", None).await.unwrap();
    world.live_until("2026-02-20T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "paused");
    let nobodys = record(&world, ada, ("ai_decisions", 5), "e2", None).await.unwrap();
    assert_eq!((nobodys.used, nobodys.limit), (5, Some(0)));
    world.attach(ada, "ada", "pm_sbx_visa__ok").await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "active");
    let again: (Option<i64>, String) = sqlx::query_as(
        "select \"limit\", period_end::text from perennial.record_usage($1, 'ai_decisions', 5, 'e3')",
    )
    .bind(ada.id.0)
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(again, (Some(10_000), "2026-03-14 12:00:00+00".to_owned()));
    world.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(world.count("select count(*) from perennial.pending_invoice_items").await, 0);
    world.check().await;
}

#[tokio::test]
async fn what_is_used_after_the_end_is_not_billed_however_late_the_end_is_processed() {
    let (mut world, ada) = leaving().await;
    world.kill_workers().await;
    world.set_clock("2026-04-10T00:00:00Z".parse().unwrap()).await;
    record(&world, ada, ("ai_decisions", 20_000), "e2", None).await.unwrap();
    world.work(Faults::None);
    world.rest().await;
    world.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(finals(&world).await, ["paid 300 (overage 300: 300)"]);
    world.check().await;
}

#[tokio::test]
async fn a_worker_killed_anywhere_bills_and_charges_the_end_once() {
    let mut told = Vec::new();
    for point in
        ["none", "reset.C2", "reset.C7", "C1", "C2", "C3", "E1.C5", "E2.C3", "C5", "C6", "C7"]
    {
        let (mut world, ada) = leaving().await;
        world.live_until("2026-03-10T00:00:00Z").await;
        let late = Some("2026-02-20T10:00:00Z");
        record(&world, ada, ("ai_decisions", 120), "late", late).await.unwrap();
        world.kill_workers().await;
        world.set_clock_to_next_due().await;
        if point != "none" {
            world.work(Faults::KilledAt(point));
            world.wait_for_death().await;
        }
        world.work(Faults::None);
        world.rest().await;
        world.check().await;
        assert_eq!(attempts(&world).await, 2, "{point}");
        let captured = world.sandbox.ledger().entries.len();
        told.push((finals(&world).await, world.diaries().await, captured));
    }
    assert_eq!(told[0].0.len(), 2);
    for (number, other) in told.iter().enumerate() {
        assert_eq!(*other, told[0], "{number}");
    }
}
