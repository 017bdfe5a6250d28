//! What comes late: refunds after the month's close, facts of every kind, and the days that went on
//! from a day that is told anew.

use chrono::NaiveDate;
use perennial_jobs::snapshot::{Books, Method, Taken};
use perennial_tests::{Faults, World};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::memberships::execute;
use super::snapshot_parts::paid;
use super::snapshots::{day, differences, figures, live_and_tell, take, told};
use super::world;

const TOTAL: (&str, &str, &str) = ("USD", "total", "");

async fn restate(world: &World, first: NaiveDate, last: NaiveDate) -> Vec<(NaiveDate, Taken)> {
    let mut reader = world.pool.acquire().await.unwrap();
    let mut primary = world.pool.acquire().await.unwrap();
    let mut books = Books { reader: &mut reader, primary: &mut primary };
    books.restate(first, last).await.unwrap()
}

/// Tells of money that went back at an instant.
async fn returned(world: &World, (kind, payment, data): (&str, Uuid, Value), at: &str) {
    sqlx::query("select perennial.emit($1, $2, $3, $4, $5::text::timestamptz)")
        .bind(kind)
        .bind(payment)
        .bind(&data)
        .bind(
            data["reference"].as_str().unwrap().to_owned() + data["status"].as_str().unwrap_or(""),
        )
        .bind(at)
        .execute(&world.pool)
        .await
        .unwrap();
    world.rest().await;
}

fn refund(amount: i64, reference: &str) -> Value {
    json!({ "amount_minor": amount, "currency": "USD", "reason": "requested_by_customer", "reference": reference })
}

fn dispute(amount: i64, reference: &str, status: &str) -> Value {
    json!({ "amount_minor": amount, "currency": "USD", "reason": "fraudulent", "reference": reference, "status": status })
}

/// Ada pays $49.00 on 31 January.
async fn paying_world() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world
}

#[tokio::test]
async fn a_refund_after_the_months_close_changes_only_its_own_day() {
    let world = paying_world().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-02")).await;
    let closed = figures(&world, day("2026-01-31")).await;
    let payment = paid(&world).await[0];
    returned(&world, ("payment.refunded", payment, refund(900, "re_1")), "2026-02-03T00:03:00Z")
        .await;
    live_and_tell(&world, day("2026-02-03"), day("2026-02-04")).await;
    assert_eq!(figures(&world, day("2026-01-31")).await, closed);
    for (date, refunded) in
        [("2026-01-31", ""), ("2026-02-02", ""), ("2026-02-03", "900"), ("2026-02-04", "")]
    {
        assert_eq!(told(&world, day(date), "refunded", TOTAL).await, refunded, "{date}");
        assert_eq!(differences(&world, day(date)).await, [], "{date}");
    }
    let by_plan = ("USD", "plan", "professional");
    assert_eq!(told(&world, day("2026-02-03"), "refunded", by_plan).await, "900");
    assert_eq!(told(&world, day("2026-02-03"), "billed", TOTAL).await, "");
    assert_eq!(told(&world, day("2026-02-03"), "mrr", TOTAL).await, "4900");
}

#[tokio::test]
async fn a_refund_that_was_told_late_makes_its_day_late_until_it_is_told_anew() {
    let world = paying_world().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-20")).await;
    let payment = paid(&world).await[0];
    returned(&world, ("payment.refunded", payment, refund(900, "re_1")), "2026-02-03T10:00:00Z")
        .await;
    let at = day("2026-02-03");
    let stood = take(&world, at, Method::Manual).await;
    assert_eq!((stood.stood, stood.late), (true, 3), "two postings and the refund");
    assert_eq!(told(&world, at, "refunded", TOTAL).await, "");
    let anew = restate(&world, at, at).await;
    // A flow is of its day: no other is another by it.
    assert_eq!(anew.iter().map(|(day, _)| *day).collect::<Vec<_>>(), [at]);
    assert_eq!(told(&world, at, "refunded", TOTAL).await, "900");
    assert_eq!(differences(&world, at).await, []);
    let earlier = "select count(*) from perennial.analytics_snapshots where date = '2026-02-03' and metric = 'refunded'";
    assert_eq!(world.count(earlier).await, 5, "total, plan, interval, country, cohort");
    returned(&world, ("payment.refunded", payment, refund(100, "re_2")), "2026-02-03T11:00:00Z")
        .await;
    restate(&world, at, at).await;
    assert_eq!(told(&world, at, "refunded", TOTAL).await, "1000");
    let kept = "select count(*) from perennial.analytics_snapshots
                 where date = '2026-02-03' and metric = 'refunded' and breakdown = 'total' and version = 1 and numer = 900";
    assert_eq!(world.count(kept).await, 1);
}

#[tokio::test]
async fn a_chargeback_is_of_the_day_it_was_opened_and_an_inquiry_of_none() {
    let world = paying_world().await;
    let payment = paid(&world).await[0];
    live_and_tell(&world, day("2026-01-31"), day("2026-02-01")).await;
    for (kind, told, at) in [
        ("payment.disputed", dispute(1_000, "dp_1", "inquiry"), "2026-02-02T01:00:00Z"),
        ("payment.disputed", dispute(1_000, "dp_1", "open"), "2026-02-03T01:00:00Z"),
        (
            "payment.dispute_closed",
            json!({ "reference": "dp_1", "status": "won" }),
            "2026-02-04T01:00:00Z",
        ),
    ] {
        world.live_until(at).await;
        returned(&world, (kind, payment, told), at).await;
    }
    world.live_until("2026-02-05T00:07:00Z").await;
    for (date, disputed) in [("2026-02-02", ""), ("2026-02-03", "1000"), ("2026-02-04", "")] {
        take(&world, day(date), Method::Manual).await;
        assert_eq!(told(&world, day(date), "disputed", TOTAL).await, disputed, "{date}");
        // What came back was collected once.
        assert_eq!(told(&world, day(date), "collected", TOTAL).await, "", "{date}");
    }
}

/// One more fact of 1 February, of each kind that a figure is made of.
const LATE: &[(&str, &str)] = &[
    ("an edge", "insert into perennial.subscription_history
        (subscription_id, version, position, from_status, to_status, edge, period_index, at, by_job)
        select id, 90, 0, 'active', 'active', 'late', 0, '2026-02-01T10:00:00Z', 'late' from perennial.subscriptions"),
    ("a payment", "update perennial.payments set settled_at = '2026-02-01T10:00:00Z'"),
    ("a mail", "update perennial.emails set settled_at = '2026-02-01T10:00:00Z'
        where id = (select min(id::text)::uuid from perennial.emails)"),
    ("a period of usage", "insert into perennial.usage_closings
        (customer_id, metric_id, period_start, period_end, quota_id, limit_units, used, overage_units,
         rollover_units, closed_at)
        select customer_id, 1, '2026-01-01', '2026-02-01T10:00:00Z', null, 5, 3, 0, 0, '2026-02-01T10:00:00Z'
          from perennial.subscriptions"),
    ("tokens", "insert into perennial.wallet_entries (customer_id, unit, grant_id, kind, amount, at)
        select customer_id, 'tokens', id, 'grant', 5, '2026-02-01T10:00:00Z' from perennial.subscriptions"),
    ("a warning", "insert into perennial.usage_warnings
        (customer_id, metric_id, period_start, threshold, clock_id, used, limit_units, crossed_at, outcome)
        select customer_id, 1, '2026-01-31', 80, clock_id, 4, 5, '2026-02-01T10:00:00Z', 'told' from perennial.subscriptions"),
    ("dunning", "insert into perennial.dunning_cases (id, subscription_id, policy_id, failed_at, next_rung)
        select id, id, policy_id, '2026-02-01T10:00:00Z', 0 from perennial.subscriptions"),
    ("the end of dunning", "update perennial.dunning_cases set closed_at = '2026-02-01T11:00:00Z', outcome = 'recovered'"),
];

#[tokio::test]
async fn a_late_fact_of_any_kind_marks_its_day() {
    let mut world = paying_world().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-02-02")).await;
    world.kill_workers().await;
    let mut late = 0;
    for (what, sql) in LATE {
        let sql = format!("begin; set local session_replication_role = replica; {sql}; commit");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&world.pool).await.unwrap();
        let stood = take(&world, day("2026-02-01"), Method::Manual).await;
        late += 1;
        assert_eq!((stood.stood, stood.late), (true, late), "{what}");
    }
}

#[tokio::test]
async fn a_day_told_anew_takes_along_those_that_went_on_from_it() {
    let world = paying_world().await;
    live_and_tell(&world, day("2026-01-31"), day("2026-03-20")).await;
    execute(
        &world,
        "insert into perennial.ledger_entries
             (posting_id, position, account, amount_minor, currency, kind, customer_id, subscription_id, invoice_id, at, decision)
         select '00000000-0000-0000-0000-000000000001', p, a, m, 'USD', 'late', i.customer_id, i.subscription_id, i.id,
                '2026-02-01T10:00:00Z', 1
           from (select * from perennial.invoices order by number limit 1) i,
                (values (1, 'accounts_receivable', 700), (2, 'revenue', -700)) v (p, a, m)",
    )
    .await;
    let told_anew = restate(&world, day("2026-02-01"), day("2026-02-01")).await;
    let days = told_anew.iter().map(|(day, _)| *day);
    assert!(days.eq(day("2026-02-01").iter_days().take(48)), "{told_anew:?}");
    for date in ["2026-02-01", "2026-02-02", "2026-03-20"] {
        assert_eq!(told(&world, day(date), "outstanding", TOTAL).await, "700", "{date}");
    }
    let by_plan = ("USD", "plan", "professional");
    assert_eq!(told(&world, day("2026-03-20"), "outstanding", by_plan).await, "700");
    for date in day("2026-01-31").iter_days().take(49) {
        assert_eq!(differences(&world, date).await, [], "{date}");
    }
    assert_eq!(restate(&world, day("2026-02-01"), day("2026-02-01")).await[0].1.figures, 0);
}
