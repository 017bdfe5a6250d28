//! Refunds and disputes, as others tell us of them: the books follow, and no more goes back than
//! came in.

use chrono::{DateTime, TimeDelta, Utc};
use perennial_core::ids::OrderId;
use perennial_tests::{Faults, World};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::world;

pub(super) const REFUNDED: &str = "payment.refunded";
pub(super) const DISPUTED: &str = "payment.disputed";
pub(super) const CLOSED: &str = "payment.dispute_closed";

/// The payments that came in, in the order of time.
pub(super) async fn payments(world: &World) -> Vec<Uuid> {
    let sql = "select id from perennial.payments where status = 'succeeded' order by settled_at";
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

/// Tells of a refund in dollars, and lets it be processed.
pub(super) async fn refund(world: &World, payment: Uuid, amount_minor: i64, reference: &str) {
    let event = format!("{reference}/{}", perennial_jobs::ids::new());
    world.emit(REFUNDED, payment, refund_of(amount_minor, reference), &event).await.unwrap();
    world.rest().await;
}

pub(super) fn refund_of(amount_minor: i64, reference: &str) -> Value {
    json!({ "amount_minor": amount_minor, "currency": "USD", "reason": "requested_by_customer", "reference": reference })
}

pub(super) fn dispute_of(amount_minor: i64, reference: &str, status: &str) -> Value {
    json!({ "amount_minor": amount_minor, "currency": "USD", "reason": "fraudulent", "reference": reference,
            "status": status })
}

pub(super) fn closing(reference: &str, status: &str) -> Value {
    json!({ "reference": reference, "status": status })
}

/// Tells of something that happened at an instant. What it is refused with starts with the field.
pub(super) async fn tell_at(
    world: &World,
    (kind, payment, data): (&str, Uuid, Value),
    event_id: &str,
    at: Option<&str>,
) -> Result<i64, String> {
    let at: Option<DateTime<Utc>> = at.map(|at| at.parse().unwrap());
    let told = sqlx::query_scalar("select perennial.emit($1, $2, $3, $4, $5)")
        .bind(kind)
        .bind(payment)
        .bind(data)
        .bind(event_id)
        .bind(at)
        .fetch_one(&world.pool)
        .await;
    told.map_err(|error| error.as_database_error().expect("the door's words").message().to_owned())
}

pub(super) async fn tell(world: &World, event: (&str, Uuid, Value), event_id: &str) {
    tell_at(world, event, event_id, None).await.unwrap();
    world.rest().await;
}

pub(super) async fn lines(world: &World, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

/// `payment_refunded 2026-01-31: debit refunds 900, credit cash 900` and the like, as they were told.
pub(super) async fn postings(world: &World) -> Vec<String> {
    lines(
        world,
        "select l.kind || ' ' || to_char(l.at at time zone 'UTC', 'YYYY-MM-DD') || ': '
                || string_agg(case when amount_minor > 0 then 'debit ' else 'credit ' end || account || ' ' || abs(amount_minor),
                              ', ' order by position)
           from perennial.ledger_entries l
          where l.kind not in ('payment_received', 'invoice_issued', 'late_payment')
          group by l.posting_id, l.kind, l.at, l.decision order by l.decision",
    )
    .await
}

/// Somebody who paid 49.00 on 31 January, and the payment.
pub(super) async fn paid() -> (World, Uuid) {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    let [payment] = payments(&world).await[..] else { panic!("one payment") };
    (world, payment)
}

pub(super) async fn status_and_access(world: &World) -> Vec<String> {
    lines(
        world,
        "select s.status || ', invoice ' || i.status
           from perennial.subscriptions s join perennial.invoices i on i.subscription_id = s.id order by i.number",
    )
    .await
}

#[tokio::test]
async fn a_refund_is_in_the_books_and_the_audit_log_and_takes_no_access_away() {
    let (world, payment) = paid().await;
    world.advance(TimeDelta::days(3)).await;
    refund(&world, payment, 9_00, "re_1").await;
    assert_eq!(
        postings(&world).await,
        ["payment_refunded 2026-02-03: debit refunds 900, credit cash 900"]
    );
    let audited = "select act || ' ' || actor || ' ' || (facts ->> 'gone_back') || ' ' || (facts ->> 'payments')
                     from perennial.audit_log where act = 'payment_refunded'";
    let [audited] = &lines(&world, audited).await[..] else { panic!("one decision") };
    assert!(audited.starts_with("payment_refunded process_events [\"re_"), "{audited}");
    assert!(audited.ends_with(&format!("[\"pay_{}\"]", payment.simple())), "{audited}");
    assert_eq!(status_and_access(&world).await, ["active, invoice paid"]);
    refund(&world, payment, 40_00, "re_2").await;
    assert_eq!(
        world.count("select sum(refunded_minor)::bigint from perennial.payments").await,
        49_00
    );
    assert_eq!(status_and_access(&world).await, ["active, invoice paid"]);
    world.check().await;
    // Life goes on, and the next invoice is paid as ever.
    world.live_until("2026-03-05T00:00:00Z").await;
    assert_eq!(status_and_access(&world).await, ["active, invoice paid", "active, invoice paid"]);
    world.check().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_name_of_its_field_and_changes_nothing() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok1__stolen_card"], json!({})).await;
    world.rest().await;
    world.live_until("2026-03-10T00:00:00Z").await;
    let [payment] = payments(&world).await[..] else { panic!("one payment") };
    let declined = "select id from perennial.payments where status = 'declined'";
    let declined: Uuid = sqlx::query_scalar(declined).fetch_one(&world.pool).await.unwrap();
    tell(&world, (REFUNDED, payment, refund_of(20_00, "re_1")), "first").await;
    tell(&world, (DISPUTED, payment, dispute_of(9_00, "dp_1", "open")), "second").await;
    tell(&world, (DISPUTED, payment, dispute_of(49_00, "dp_2", "inquiry")), "third").await;
    tell(&world, (CLOSED, payment, closing("dp_1", "lost")), "fourth").await;
    let with = |data: Value, field: &str, value: Value| {
        let mut data = data;
        data[field] = value;
        data
    };
    let ok = refund_of(20_00, "re_9");
    let dispute = dispute_of(20_00, "dp_9", "open");
    let before = world.dump().await;
    let now = None;
    let cases = [
        (REFUNDED, Uuid::from_u128(99), ok.clone(), now, "subject"),
        (REFUNDED, declined, ok.clone(), now, "subject"),
        (DISPUTED, declined, dispute.clone(), now, "subject"),
        (REFUNDED, payment, with(ok.clone(), "amount_minor", json!(0)), now, "amount_minor"),
        (REFUNDED, payment, with(ok.clone(), "amount_minor", json!(-1)), now, "amount_minor"),
        (REFUNDED, payment, with(ok.clone(), "amount_minor", json!(1.5)), now, "amount_minor"),
        (REFUNDED, payment, with(ok.clone(), "amount_minor", json!(20_01)), now, "amount_minor"),
        (REFUNDED, payment, with(ok.clone(), "amount_minor", Value::Null), now, "amount_minor"),
        (
            DISPUTED,
            payment,
            with(dispute.clone(), "amount_minor", json!(40_01)),
            now,
            "amount_minor",
        ),
        (DISPUTED, payment, dispute_of(49_01, "dp_9", "inquiry"), now, "amount_minor"),
        (DISPUTED, payment, dispute_of(49_00, "dp_2", "open"), now, "amount_minor"),
        (REFUNDED, payment, with(ok.clone(), "currency", json!("EUR")), now, "currency"),
        (REFUNDED, payment, with(ok.clone(), "currency", json!("usd")), now, "currency"),
        (REFUNDED, payment, with(ok.clone(), "reason", json!("whim")), now, "reason"),
        (DISPUTED, payment, with(dispute.clone(), "reason", json!("A whim")), now, "reason"),
        (DISPUTED, payment, with(dispute.clone(), "status", json!("won")), now, "status"),
        (REFUNDED, payment, with(ok.clone(), "reference", json!("")), now, "reference"),
        (REFUNDED, payment, with(ok.clone(), "note", json!("x")), now, "note"),
        (REFUNDED, payment, ok.clone(), Some("2026-01-31T11:59:59Z"), "at"),
        (REFUNDED, payment, ok.clone(), Some("2026-03-10T00:00:01Z"), "at"),
        (DISPUTED, payment, dispute.clone(), Some("2026-01-31T11:59:59Z"), "at"),
        (DISPUTED, payment, dispute, Some("2026-04-01T00:00:00Z"), "at"),
        (CLOSED, payment, closing("dp_2", "warning_closed"), Some("2026-02-01T00:00:00Z"), "at"),
        (CLOSED, payment, closing("dp_1", "won"), now, "status"),
        (CLOSED, payment, closing("dp_1", "warning_closed"), now, "status"),
        (CLOSED, payment, closing("dp_2", "lost"), now, "status"),
        (CLOSED, payment, closing("dp_9", "lost"), now, "reference"),
        (CLOSED, declined, closing("dp_1", "lost"), now, "subject"),
    ];
    for (number, (kind, payment, data, at, field)) in cases.into_iter().enumerate() {
        let event = (kind, payment, data.clone());
        let told = tell_at(&world, event, &format!("bad {number}"), at).await;
        let message = told.expect_err(&format!("{kind} {data} {at:?} is refused"));
        assert!(message.starts_with(&format!("{field}: ")), "{kind} {data} {at:?}: {message}");
    }
    world.rest().await;
    assert_eq!(world.dump().await, before);
    world.check().await;
}

#[tokio::test]
async fn a_repeat_says_the_same_quietly_and_another_thing_by_the_same_name_is_refused() {
    let (world, payment) = paid().await;
    world.advance(TimeDelta::days(3)).await;
    let at = Some("2026-02-01T00:00:00Z");
    let told = async |event, id, at| tell_at(&world, event, id, at).await;
    let told_once = told((REFUNDED, payment, refund_of(9_00, "re_1")), "a", at).await.unwrap();
    // Processed or not, by its event and by its reference.
    for _ in 0..2 {
        for at in [at, None] {
            let again = told((REFUNDED, payment, refund_of(9_00, "re_1")), "a", at).await;
            assert_eq!(again.unwrap(), told_once);
            let other = format!("b {}", perennial_jobs::ids::new());
            let again = (REFUNDED, payment, refund_of(9_00, "re_1"));
            tell_at(&world, again, &other, at).await.unwrap();
        }
        for (id, event, at, field) in [
            ("a", (REFUNDED, payment, refund_of(8_00, "re_1")), at, "event_id"),
            (
                "a",
                (REFUNDED, payment, refund_of(9_00, "re_1")),
                Some("2026-02-02T00:00:00Z"),
                "event_id",
            ),
            ("a", (DISPUTED, payment, dispute_of(9_00, "dp_1", "open")), at, "event_id"),
            ("c", (REFUNDED, payment, refund_of(8_00, "re_1")), at, "reference"),
            (
                "c",
                (REFUNDED, payment, refund_of(9_00, "re_1")),
                Some("2026-02-02T00:00:00Z"),
                "reference",
            ),
        ] {
            let refused = told(event, id, at).await.unwrap_err();
            assert!(refused.starts_with(&format!("{field}: ")), "{refused}");
        }
        world.rest().await;
    }
    assert_eq!(world.count("select count(*) from perennial.refunds").await, 1);
    assert_eq!(
        world
            .count("select count(*) from perennial.lifecycle_events where outcome = 'refused'")
            .await,
        0
    );
    assert_eq!(
        postings(&world).await,
        ["payment_refunded 2026-02-01: debit refunds 900, credit cash 900"]
    );
    world.check().await;
}

#[tokio::test]
async fn of_two_refunds_at_once_that_are_too_much_together_one_is_refused() {
    let mut world = world().await;
    world.work(Faults::None);
    for number in 0..5 {
        world.subscribe(&format!("customer-{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    world.rest().await;
    for payment in payments(&world).await {
        let told = async |reference: String| {
            let data = refund_of(30_00, &reference);
            tell_at(&world, (REFUNDED, payment, data), &reference, None).await
        };
        let (one, other) =
            tokio::join!(told(format!("one {payment}")), told(format!("other {payment}")));
        assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
        let refused = one.err().or(other.err()).unwrap();
        assert!(refused.starts_with("amount_minor: 3000 is more than the 1900"), "{refused}");
    }
    world.rest().await;
    assert_eq!(
        world
            .count("select sum(refunded_minor + disputed_minor)::bigint from perennial.payments")
            .await,
        5 * 30_00
    );
    world.check().await;
}

/// Whoever writes past the door meets the same check, and at last the table's own.
#[tokio::test]
async fn what_comes_past_the_door_is_refused_when_it_is_processed_and_by_the_table() {
    let (world, payment) = paid().await;
    let events = "insert into perennial.lifecycle_events (event_id, type, subject, customer_id, clock_id, data, at)
         select 'past ' || n, 'payment.refunded', p.id, p.customer_id, p.clock_id,
                jsonb_build_object('amount_minor', 3000, 'currency', 'USD', 'reason', 'other', 'reference', 're_' || n), p.settled_at
           from perennial.payments p, generate_series(1, 2) n";
    sqlx::raw_sql(events).execute(&world.pool).await.unwrap();
    let profile = json!({ "email": "ada@customers.example", "name": "Ada" });
    let customer = "select customer_id from perennial.payments";
    let customer: Uuid = sqlx::query_scalar(customer).fetch_one(&world.pool).await.unwrap();
    world.emit("customer.upserted", customer, profile, "news").await.unwrap();
    world.rest().await;
    let outcomes = "select outcome || coalesce(': ' || reason, '') from perennial.lifecycle_events
                     where type = 'payment.refunded' order by seq";
    let refused = format!(
        "refused: amount_minor: 3000 is more than the 1900 that are left of payment {payment}"
    );
    assert_eq!(lines(&world, outcomes).await, ["done", &refused]);
    world.check().await;
    for change in [
        "update perennial.payments set refunded_minor = 4901",
        "update perennial.payments set disputed_minor = 1901",
        "update perennial.payments set refunded_minor = -1",
        "update perennial.disputes set amount_minor = 1",
        "delete from perennial.disputes",
        "update perennial.refunds set amount_minor = 1",
    ] {
        if change.contains("disputes") {
            let id = format!("dp {change}");
            tell(&world, (DISPUTED, payment, dispute_of(1_00, &id, "inquiry")), &id).await;
        }
        assert!(sqlx::raw_sql(change).execute(&world.pool).await.is_err(), "{change}");
    }
}

/// Ada was brought by an affiliate, for a tenth of what she pays.
pub(super) async fn brought() -> (World, Uuid) {
    let (world, payment) = paid().await;
    let terms = "insert into perennial.affiliates (code, name, email) values ('eve', 'Eve', 'eve@partners.example');
         insert into perennial.commission_rules (active_from, percent_numer, percent_denom, duration, months, hold_days)
         values ('2026-01-01Z', 10, 1, 'recurring', 12, 30)";
    sqlx::raw_sql(terms).execute(&world.pool).await.unwrap();
    let refer = format!(
        "select perennial.refer_customer(customer_id, 'eve', 'r', '2026-01-31Z') from perennial.payments where id = '{payment}'"
    );
    sqlx::raw_sql(AssertSqlSafe(refer)).execute(&world.pool).await.unwrap();
    (world, payment)
}

pub(super) async fn commissions(world: &World) -> Vec<String> {
    let sql =
        "select kind || ' ' || amount_minor || ' ' || to_char(at at time zone 'UTC', 'YYYY-MM-DD')
                 from perennial.commissions order by position";
    lines(world, sql).await
}

#[tokio::test]
async fn a_refund_made_known_after_the_month_is_of_the_day_it_was_made() {
    let (world, payment) = brought().await;
    world.live_until("2026-03-15T00:00:00Z").await;
    let at = Some("2026-02-03T10:00:00Z");
    tell_at(&world, (REFUNDED, payment, refund_of(49_00, "re_1")), "late", at).await.unwrap();
    world.rest().await;
    let dated = "select to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ', known '
                        || to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD') from perennial.refunds";
    assert_eq!(lines(&world, dated).await, ["2026-02-03 10:00, known 2026-03-15"]);
    let booked = ["payment_refunded 2026-02-03: debit refunds 4900, credit cash 4900"];
    assert_eq!(postings(&world).await, booked);
    assert!(commissions(&world).await.contains(&"reversed -490 2026-02-03".to_owned()));
    // Decided today, whatever day it is about.
    let decided = "select to_char(at at time zone 'UTC', 'YYYY-MM-DD') from perennial.audit_log
                    where act = 'payment_refunded'";
    assert_eq!(lines(&world, decided).await, ["2026-03-15"]);
    world.check().await;
}

#[tokio::test]
async fn an_orders_payment_is_refunded_like_any_other() {
    let (world, _) = paid().await;
    let customer = "select customer_id from perennial.subscriptions";
    let customer: Uuid = sqlx::query_scalar(customer).fetch_one(&world.pool).await.unwrap();
    let wish = json!({ "customer": customer, "package": "tokens_100" });
    world.emit("order.placed", OrderId::derived("one").0, wish, "one").await.unwrap();
    world.rest().await;
    let order = "select id from perennial.payments where order_id is not null";
    let payment: Uuid = sqlx::query_scalar(order).fetch_one(&world.pool).await.unwrap();
    refund(&world, payment, 10_00, "re_1").await;
    assert_eq!(
        postings(&world).await.last().unwrap(),
        "payment_refunded 2026-01-31: debit refunds 1000, credit cash 1000"
    );
    assert_eq!(lines(&world, "select status from perennial.orders").await, ["paid"]);
    world.check().await;
}

#[tokio::test]
async fn a_refund_of_a_subscription_that_has_ended_is_recorded_and_it_stays_ended() {
    let (world, payment) = paid().await;
    let subscription = "select id from perennial.subscriptions";
    let subscription: Uuid = sqlx::query_scalar(subscription).fetch_one(&world.pool).await.unwrap();
    let now = json!({ "when": "now" });
    world.emit("subscription.cancel_requested", subscription, now, "end").await.unwrap();
    world.rest().await;
    refund(&world, payment, 49_00, "re_1").await;
    assert_eq!(status_and_access(&world).await, ["canceled, invoice paid"]);
    world.check().await;
}

#[tokio::test]
async fn a_payment_is_found_by_the_providers_name_for_it() {
    let (world, payment) = paid().await;
    let find =
        async |sql: &'static str| sqlx::query_scalar::<_, Uuid>(sql).fetch_one(&world.pool).await;
    let known = "select perennial.payment_of(intent_reference) from perennial.invoices";
    assert_eq!(find(known).await.unwrap(), payment);
    for unknown in ["select perennial.payment_of('pi_none')", "select perennial.payment_of(null)"] {
        let refused = find(unknown).await.unwrap_err().to_string();
        assert!(refused.contains("payment_intent: nothing was paid"), "{refused}");
    }
}
