//! Plans are kept as long as a connection, and the first ones are made while tables are empty: none
//! of them may read a whole table for each row of another.

use std::collections::BTreeMap;
use std::ops::Range;

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::SmallWorld;
use serde_json::{Value, json};
use uuid::Uuid;

/// Enough for every plan to be kept.
const FEW: Range<u32> = 0..12;
const MANY: Range<u32> = 12..132;
/// Sweeps, snapshots and checks read a table whole now and then: so often at most, however many
/// rows there are.
const FULL_READS_MAX: i64 = 40;
/// Smaller tables are the catalogue's.
const GROWN_ROWS: i64 = 80;

async fn tell(world: &SmallWorld, kind: &str, subject: Uuid, data: Value) {
    world.emit(kind, subject, &data, &format!("{kind} {subject}")).await.unwrap();
}

fn customer(number: u32) -> Uuid {
    CustomerId::derived(&format!("customer {number}")).0
}

async fn subscribe(world: &SmallWorld, number: u32) {
    let id = customer(number);
    let (name, email) = (format!("No {number}"), format!("{number}@customers.example"));
    tell(world, "customer.upserted", id, json!({ "email": email, "name": name })).await;
    let (payer, card) = (format!("cus_{number}"), format!("pm_{number}_p"));
    let card = json!({ "provider_customer": payer, "reference": card, "network": "visa" });
    tell(world, "payment_method.attached", id, card).await;
    let plan = if number.is_multiple_of(3) { "free" } else { "pro" };
    let wish = json!({ "customer": id, "plan": plan, "interval": "month" });
    tell(world, "subscription.created", SubscriptionId::derived(&name).0, wish).await;
}

/// Each uses something: by calls of their own, and in one batch.
async fn using(world: &SmallWorld, of: Range<u32>, month: &str) {
    let mut batch = Vec::new();
    for number in of {
        let event = |call: &str| format!("{month} {call} {number}");
        for call in ["record_usage", "consume"] {
            let sql =
                sqlx::AssertSqlSafe(format!("select perennial.{call}($1, 'ai_decisions', 30, $2)"));
            let called = sqlx::query(sql).bind(customer(number)).bind(event(call));
            called.execute(&world.pool).await.unwrap();
        }
        let burnt = sqlx::query("select perennial.consume_tokens($1, 'tokens', 1, $2)");
        burnt.bind(customer(number)).bind(event("tokens")).execute(&world.pool).await.unwrap();
        batch.push(json!({ "customer": customer(number), "metric": "ai_decisions", "quantity": 20,
                           "event_id": event("batch") }));
    }
    let recorded = sqlx::query("select * from perennial.record_usage_batch($1)");
    recorded.bind(json!(batch)).execute(&world.pool).await.unwrap();
}

/// They come, use, and renew twice.
async fn stage(world: &SmallWorld, of: Range<u32>, months: [&str; 2]) {
    for number in of.clone() {
        subscribe(world, number).await;
    }
    world.rest().await;
    for month in months {
        using(world, of.clone(), month).await;
        world.live_up_to(format!("{month}-01T00:00:01Z").parse().unwrap()).await;
        world.rest().await;
    }
}

/// Rows of each table that were read in no index's order, and how many rows it has.
async fn read_whole(world: &SmallWorld) -> BTreeMap<String, (i64, i64)> {
    sqlx::query("select pg_stat_force_next_flush()").execute(&world.pool).await.unwrap();
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select relname, seq_tup_read, n_live_tup from pg_stat_user_tables where schemaname = 'perennial'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    rows.into_iter().map(|(name, read, rows)| (name, (read, rows))).collect()
}

#[tokio::test]
async fn no_plan_that_was_made_over_empty_tables_reads_one_for_each_row_of_another() {
    let world = SmallWorld::on_one_connection("2026-02-01T00:00:00Z".parse().unwrap()).await;
    stage(&world, FEW, ["2026-03", "2026-04"]).await;
    let before = read_whole(&world).await;
    stage(&world, MANY, ["2026-05", "2026-06"]).await;
    let mut quadratic = Vec::new();
    for (table, (read, rows)) in read_whole(&world).await {
        let read = read - before.get(&table).map_or(0, |(read, _)| *read);
        if rows >= GROWN_ROWS && read > FULL_READS_MAX * rows {
            quadratic.push(format!("{table}: {rows} rows, read whole {} times", read / rows));
        }
    }
    assert_eq!(quadratic, [""; 0]);
    world.check().await;
}
