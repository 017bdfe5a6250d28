//! Packages of tokens, bought once: what is paid for is there, and nothing else.

use chrono::TimeDelta;
use perennial_core::ids::{CustomerId, OrderId, SubscriptionId};
use perennial_jobs::store::wallets;
use perennial_sandbox::{Action, Fault};
use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{CONFIRM, world};

/// Somebody with these methods and without a subscription.
async fn buyer(world: &World, methods: &[&str]) -> Customer {
    let customer =
        Customer { id: CustomerId::derived("ada"), subscription: SubscriptionId::derived("none") };
    let profile =
        json!({ "email": "ada@customers.example", "name": "Ada", "time_zone": "Europe/London" });
    world.emit("customer.upserted", customer.id.0, profile, "ada/new").await.unwrap();
    for method in methods.iter().rev() {
        world.attach(customer, "ada", method).await;
    }
    customer
}

async fn order(world: &World, customer: Customer, name: &str, wish: Value) -> sqlx::Result<i64> {
    let mut data = json!({ "customer": customer.id.0, "package": "tokens_100" });
    if let (Some(data), Value::Object(wish)) = (data.as_object_mut(), wish) {
        data.extend(wish);
    }
    world.emit("order.placed", OrderId::derived(name).0, data, name).await
}

async fn tokens(world: &World, customer: Customer) -> i64 {
    let mut conn = world.pool.acquire().await.unwrap();
    wallets::balance(&mut conn, customer.id.0, "tokens").await.unwrap()
}

async fn consume(world: &World, customer: Customer, amount: i64, event: &str) {
    let mut conn = world.pool.acquire().await.unwrap();
    let answer = wallets::consume(&mut conn, customer.id.0, "tokens", amount, event).await;
    assert!(answer.unwrap().allowed, "{event}");
}

/// Orders by status, invoices by status, and mails by template.
async fn outcome(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "select text from (
             select 'order ' || status || coalesce(': ' || reason, '') as text, 1 as rank, placed_at as at from perennial.orders
             union all select 'INV-' || number || ' ' || status, 2, issued_at from perennial.invoices
             union all select 'mail ' || template, 3, queued_at from perennial.emails) t
          order by rank, at, text",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_package_is_bought_once_with_an_invoice_and_a_receipt() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
    let first = order(&world, ada, "order", json!({ "quantity": 2 })).await.unwrap();
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 200);
    assert_eq!(outcome(&world).await, ["order paid", "INV-1 paid", "mail receipt"]);
    let again = order(&world, ada, "order", json!({ "quantity": 2 })).await.unwrap();
    assert_eq!(first, again, "the same event is the same answer");
    let data = json!({ "customer": ada.id.0, "package": "tokens_100" });
    world.emit("order.placed", OrderId::derived("order").0, data, "another").await.unwrap();
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 200);
    let captured = world.sandbox.ledger().entries;
    assert_eq!(captured.iter().map(|entry| entry.amount).collect::<Vec<_>>(), [2_000]);
    let mail = world.inbox.mails();
    let text = mail.first().and_then(|mail| mail.text.clone()).unwrap_or_default();
    assert!(text.contains("- 2 × 100 tokens: $20.00"), "{text}");
    world.check().await;
}

#[tokio::test]
async fn a_declined_order_fails_and_nothing_is_owed() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__insufficient_funds"]).await;
    order(&world, ada, "order", json!({})).await.unwrap();
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 0);
    let told = ["order failed: insufficient_funds", "INV-1 void", "mail order_failed"];
    assert_eq!(outcome(&world).await, told);
    world.advance(TimeDelta::days(30)).await;
    assert_eq!(outcome(&world).await, told, "there is no ladder");
    world.check().await;
}

#[tokio::test]
async fn a_backup_card_pays_where_the_first_is_declined() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__stolen_card", "pm_sbx_mastercard__ok"]).await;
    order(&world, ada, "order", json!({})).await.unwrap();
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 100);
    assert_eq!(outcome(&world).await, ["order paid", "INV-1 paid", "mail receipt"]);
    world.check().await;
}

#[tokio::test]
async fn an_order_of_who_has_no_card_fails_at_once_without_an_invoice() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &[]).await;
    order(&world, ada, "order", json!({})).await.unwrap();
    world.rest().await;
    let failed = ["order failed: no payment method can be charged", "mail order_failed"];
    assert_eq!(outcome(&world).await, failed);
    world.check().await;
}

#[tokio::test]
async fn a_lost_reply_to_an_order_is_asked_for_and_grants_once() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
    world.rest().await;
    world.fault(Fault::new(Action::DropAfter).on("POST", CONFIRM).times(1));
    order(&world, ada, "order", json!({})).await.unwrap();
    world.rest().await;
    assert_eq!(world.sandbox.ledger().entries.len(), 1, "the provider has captured");
    assert_eq!(tokens(&world, ada).await, 0);
    // Asked for after a minute of business time.
    world.advance(TimeDelta::seconds(61)).await;
    assert_eq!(tokens(&world, ada).await, 100);
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    assert_eq!(outcome(&world).await, ["order paid", "INV-1 paid", "mail receipt"]);
    world.check().await;
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_in_an_order_charges_and_grants_once() {
    for point in ["inbox.C2", "inbox.C7", "C3", "E1.C5", "E2.C3", "C5", "C6", "C7", "C8"] {
        let mut world = world().await;
        let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
        world.work(Faults::None);
        world.rest().await;
        world.kill_workers().await;
        world.work(Faults::KilledAt(point));
        order(&world, ada, "order", json!({})).await.unwrap();
        world.wait_for_death().await;
        world.work(Faults::None);
        world.rest().await;
        world.advance(TimeDelta::seconds(61)).await;
        assert_eq!(tokens(&world, ada).await, 100, "{point}");
        assert_eq!(world.sandbox.ledger().entries.len(), 1, "{point}");
        world.check().await;
    }
}

#[tokio::test]
async fn a_worker_that_dies_while_it_tops_up_buys_once() {
    let mut world = world().await;
    let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
    world.work(Faults::None);
    world.rest().await;
    world.kill_workers().await;
    top_up_below_50(&world, ada, 3).await;
    for point in ["top_up_wallet.C2", "E2.C3", "C6"] {
        world.work(Faults::KilledAt(point));
        world.wait_for_death().await;
    }
    world.work(Faults::None);
    world.rest().await;
    world.advance(TimeDelta::seconds(61)).await;
    assert_eq!(outcome(&world).await, ["order paid", "INV-1 paid", "mail receipt"]);
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    world.check().await;
}

async fn top_up_below_50(world: &World, customer: Customer, per_month_max: i32) {
    sqlx::query("select perennial.set_auto_top_up($1, 'tokens', 'tokens_100', 50, $2)")
        .bind(customer.id.0)
        .bind(per_month_max)
        .execute(&world.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wallet_that_runs_low_is_topped_up_so_often_in_a_month_at_most() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
    world.rest().await;
    top_up_below_50(&world, ada, 2).await;
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 100, "an empty wallet is filled at once");
    consume(&world, ada, 50, "not below").await;
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 50);
    consume(&world, ada, 1, "below").await;
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 149);
    consume(&world, ada, 149, "all").await;
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 0, "two a month");
    world.live_until("2026-02-01T00:00:00Z").await;
    assert_eq!(tokens(&world, ada).await, 100, "another month");
    assert_eq!(world.count("select count(*) from perennial.orders where kind = 'top_up'").await, 3);
    world.check().await;
}

#[tokio::test]
async fn a_top_up_declined_for_good_waits_for_another_card() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__stolen_card"]).await;
    world.rest().await;
    top_up_below_50(&world, ada, 5).await;
    world.rest().await;
    world.live_until("2026-03-15T00:00:00Z").await;
    let once = ["order failed: stolen_card", "INV-1 void", "mail order_failed"];
    assert_eq!(outcome(&world).await, once);
    world.attach(ada, "ada", "pm_sbx_mastercard__ok").await;
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 100);
    world.check().await;
}

#[tokio::test]
async fn a_top_up_declined_for_now_is_tried_again_days_later() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__insufficient_funds1__ok"]).await;
    world.rest().await;
    top_up_below_50(&world, ada, 1).await;
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 0);
    world.live_until("2026-02-05T00:00:00Z").await;
    assert_eq!(tokens(&world, ada).await, 100);
    assert_eq!(world.sandbox.ledger().entries.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn a_bad_wish_is_refused_with_the_name_of_its_field() {
    let world = world().await;
    let ada = buyer(&world, &[]).await;
    let nobody = CustomerId::derived("nobody").0;
    let wishes = [
        (json!({ "package": "tokens_7" }), "package"),
        (json!({ "currency": "EUR" }), "currency"),
        (json!({ "quantity": 0 }), "quantity"),
        (json!({ "quantity": 1001 }), "quantity"),
        (json!({ "customer": nobody }), "customer"),
        (json!({ "colour": "red" }), "colour"),
    ];
    for (number, (wish, field)) in wishes.into_iter().enumerate() {
        let refused = order(&world, ada, &format!("bad {number}"), wish).await.unwrap_err();
        let message = refused.as_database_error().unwrap().message().to_owned();
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
    for (unit, package, below, per_month, field) in [
        ("gold", "tokens_100", 50, 1, "unit"),
        ("minutes", "tokens_100", 50, 1, "package"),
        ("tokens", "tokens_7", 50, 1, "package"),
        ("tokens", "tokens_100", 0, 1, "below"),
        ("tokens", "tokens_100", 50, 0, "per_month_max"),
    ] {
        let mut transaction = world.pool.begin().await.unwrap();
        sqlx::raw_sql(
            "insert into perennial.token_units (code, name) values ('minutes', 'minutes');
             insert into perennial.users (id, email, name) values (gen_random_uuid(), 'a@b.example', 'A');
             insert into perennial.customers (id, user_id, email, name) select id, id, email, name from perennial.users",
        )
        .execute(&mut *transaction)
        .await
        .unwrap();
        let refused = sqlx::query(
            "select perennial.set_auto_top_up((select id from perennial.customers), $1, $2, $3, $4)",
        )
        .bind(unit)
        .bind(package)
        .bind(i64::from(below))
        .bind(per_month)
        .execute(&mut *transaction)
        .await
        .unwrap_err();
        let message = refused.as_database_error().unwrap().message().to_owned();
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
}

#[tokio::test]
async fn buying_on_the_command_line_twice_under_one_key_buys_once() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
    world.rest().await;
    let (customer, mut told) = (ada.id.to_string(), vec![]);
    for _ in 0..2 {
        let arguments = ["buy", &customer, "tokens_100", "--key", "gift"];
        let output = world.command().args(arguments).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        told.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(told[0].starts_with("ord_") && told[0] == told[1], "{told:?}");
    world.rest().await;
    assert_eq!(tokens(&world, ada).await, 100);
    let refused = world.command().args(["buy", &customer, "tokens_7"]).output().await.unwrap();
    let problem = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && problem.contains("package: "), "{problem}");
}

const DAMAGE: &[(&str, &str, &str)] = &[
    ("I2", "an order's payment is not in the books", "delete from perennial.ledger_entries where account = 'cash'"),
    ("I4", "a paid order without its tokens", "delete from perennial.wallet_grants"),
    ("I4", "tokens for an order that was not paid", "update perennial.orders set status = 'failed'"),
    ("I5", "a receipt that was queued twice",
     "insert into perennial.emails (id, key, customer_id, order_id, clock_id, template, letter, status, queued_at, decision)
      select gen_random_uuid(), key || '/again', customer_id, order_id, clock_id, template, letter, 'sent', queued_at, decision
        from perennial.emails"),
    ("I7", "a decision that nobody wrote down",
     "delete from perennial.audit_log where subject_kind = 'order' and version = 2"),
    ("I7", "a mail of a decision that never was", "update perennial.emails set decision = 99"),
    ("I13", "a paid order whose invoice is open", "update perennial.invoices set status = 'open', closed_at = null"),
    ("I13", "an order of another amount", "update perennial.orders set total_minor = 1"),
];

#[tokio::test]
async fn damage_to_an_order_is_found() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = buyer(&world, &["pm_sbx_visa__ok"]).await;
    order(&world, ada, "order", json!({})).await.unwrap();
    world.rest().await;
    world.kill_workers().await;
    for (invariant, what, damage) in DAMAGE {
        let mut transaction = world.pool.begin().await.unwrap();
        let sql = AssertSqlSafe(format!("set local session_replication_role = replica; {damage}"));
        sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap();
        let found: Vec<String> =
            sqlx::query_scalar("select invariant from perennial.check_invariants()")
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert!(found.iter().any(|found| found == invariant), "{what}: {found:?}");
    }
    world.check().await;
}
