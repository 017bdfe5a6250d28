//! Callers who record the same usage in any order, beside closings, renewals and edits of limits: no
//! two ever wait for each other in a circle.

use std::sync::Arc;

use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_tests::{SmallWorld, Turns};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::random_worlds::Dice;

const CUSTOMERS: u64 = 12;
const CALLERS: u64 = 10;
const BATCHES: u64 = 40;
const EVENTS_PER_BATCH: u64 = 40;
const EVENTS: u64 = 600;
const METRICS: [&str; 3] = ["ai_decisions", "ai_operations", "data_processing"];
const PLANS: [&str; 3] = ["pro", "enterprise", "professional"];

fn customer(number: u64) -> Uuid {
    CustomerId::derived(&format!("customer {number}")).0
}

async fn crowd() -> SmallWorld {
    let world = SmallWorld::at("2026-02-01T00:00:00Z".parse().unwrap(), Turns::Together).await;
    for number in 0..CUSTOMERS {
        let id = customer(number);
        let tell = async |kind: &str, subject: Uuid, data: Value| {
            world.emit(kind, subject, &data, &format!("{kind} {subject}")).await.unwrap();
        };
        let name = format!("No {number}");
        let email = format!("{number}@customers.example");
        tell("customer.upserted", id, json!({ "email": email, "name": name })).await;
        let card = json!({ "provider_customer": format!("cus_{number}"), "reference": format!("pm_{number}_p") });
        tell("payment_method.attached", id, card).await;
        let plan = PLANS[usize::try_from(number).unwrap() % PLANS.len()];
        let wish = json!({ "customer": id, "plan": plan, "interval": "month" });
        tell("subscription.created", SubscriptionId::derived(&name).0, wish).await;
    }
    world.rest().await;
    world
}

/// Event `number` is always the same: whose, of what, how much.
fn event(number: u64) -> Value {
    let metric = METRICS[usize::try_from(number).unwrap() % METRICS.len()];
    json!({ "customer": customer(number % CUSTOMERS), "metric": metric, "quantity": 1 + number % 7,
            "event_id": format!("event {number}") })
}

/// One call of somebody: mostly a batch, shuffled, of events that others send too.
async fn call(pool: &PgPool, dice: &mut Dice) -> sqlx::Result<()> {
    let mut conn = pool.acquire().await?;
    match dice.throw(10) {
        0 => {
            let of = dice.throw(EVENTS);
            let one = event(of);
            let consume = sqlx::query("select perennial.consume($1, $2, $3, $4)")
                .bind(customer(of % CUSTOMERS))
                .bind(one["metric"].as_str())
                .bind(one["quantity"].as_i64())
                .bind(one["event_id"].as_str());
            consume.execute(&mut *conn).await?;
        }
        1 => {
            let edit = sqlx::query("select perennial.set_customer_quota($1, $2, $3)")
                .bind(customer(dice.throw(CUSTOMERS)))
                .bind(METRICS[usize::try_from(dice.throw(3)).unwrap()])
                .bind(i64::try_from(5_000 + dice.throw(5_000)).unwrap());
            edit.execute(&mut *conn).await?;
        }
        2 => {
            conn.execute(
                "select perennial.revise_quota('pro', 'ai_decisions', '{\"warn_at\": [90]}')",
            )
            .await?;
        }
        _ => {
            let events: Vec<_> = (0..EVENTS_PER_BATCH).map(|_| event(dice.throw(EVENTS))).collect();
            let recorded = sqlx::query("select * from perennial.record_usage_batch($1)");
            recorded.bind(json!(events)).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn callers_in_any_order_beside_closings_renewals_and_edits_never_deadlock() {
    let world = Arc::new(crowd().await);
    let options = world.pool.connect_options().as_ref().clone();
    let pool = PgPoolOptions::new().max_connections(10).connect_with(options).await.unwrap();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let pool = pool.clone();
        callers.spawn(async move {
            let mut dice = Dice::of(caller + 1);
            for _ in 0..BATCHES {
                call(&pool, &mut dice).await.unwrap();
            }
        });
    }
    // Meanwhile months begin: periods are closed and subscriptions renewed, at once and in groups.
    for month in 3..=12 {
        world.live_up_to(format!("2026-{month:02}-01T00:00:01Z").parse().unwrap()).await;
        world.rest().await;
    }
    while let Some(ended) = callers.join_next().await {
        ended.expect("no caller is refused");
    }
    let counted: i64 =
        sqlx::query_scalar("select sum(quantity)::bigint from perennial.usage_event_ids")
            .fetch_one(&pool)
            .await
            .unwrap();
    let stored: i64 =
        sqlx::query_scalar("select sum(quantity)::bigint from perennial.usage_events")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(counted, stored);
    world.check().await;
}

#[tokio::test]
async fn a_batch_that_loses_a_deadlock_is_recorded_nevertheless() {
    let world = crowd().await;
    // A batch takes events in the order of their ids. Somebody who holds the second asks for the
    // first while the batch, which has that, waits for the second.
    let mut other = world.pool.begin().await.unwrap();
    let (first, second) = (event(1), event(2));
    let batch = json!([first, second]);
    let record = "select * from perennial.record_usage_batch($1)";
    sqlx::query(record).bind(json!([second])).execute(&mut *other).await.unwrap();
    let waiting = {
        let (pool, batch) = (world.pool.clone(), batch.clone());
        tokio::spawn(async move { sqlx::query(record).bind(batch).fetch_all(&pool).await })
    };
    let blocked = "select exists (select from pg_stat_activity where datname = current_database()
                                    and wait_event_type = 'Lock' and query like '%record_usage_batch%')";
    let mut look = tokio::time::interval(std::time::Duration::from_millis(5));
    while !sqlx::query_scalar::<_, bool>(blocked).fetch_one(&world.pool).await.unwrap() {
        look.tick().await;
    }
    sqlx::query(record).bind(json!([first])).execute(&mut *other).await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().len(), 2);
    world.check().await;
}
