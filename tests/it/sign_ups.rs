//! A bulk of sign-ups: taken in groups, each on its own terms, beside renewals.

use perennial_tests::{Faults, World};

use super::world;

const MANY: i64 = 120;

/// Customers who have signed up for the free plan, of whom nobody has taken notice yet.
async fn signed_up(world: &World, many: i64) {
    sqlx::query(
        "select perennial.emit('customer.upserted', id, jsonb_build_object('email', n || '@bulk.example', 'name', 'B'), 'c' || n)
           from (select n, md5('c' || n)::uuid as id from generate_series(1, $1) n) c",
    )
    .bind(many)
    .execute(&world.pool)
    .await
    .unwrap();
}

async fn subscribed(world: &World, many: i64) {
    sqlx::query(
        "select perennial.emit('subscription.created', md5('s' || n)::uuid, jsonb_build_object(
                    'customer', md5('c' || n)::uuid, 'plan', case when n % 4 = 0 then 'professional' else 'free' end,
                    'interval', 'month'), 's' || n)
           from generate_series(1, $1) n",
    )
    .bind(many)
    .execute(&world.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_bulk_of_sign_ups_is_taken_in_groups_and_each_on_its_own_terms() {
    let mut world = world().await;
    world.work(Faults::None);
    signed_up(&world, MANY).await;
    world.rest().await;
    world.kill_workers().await;
    subscribed(&world, MANY).await;
    // One that is there already, one of a plan that is sold no more: they are refused, and nobody else.
    sqlx::raw_sql(
        "insert into perennial.lifecycle_events (event_id, type, subject, customer_id, clock_id, data, at)
         select 'again', type, subject, customer_id, clock_id, data, at from perennial.lifecycle_events where event_id = 's1';
         update perennial.lifecycle_events set data = data || '{\"plan\": \"gone\"}' where event_id = 's2'",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.work(Faults::None);
    world.rest().await;
    let begun = "select count(*) from perennial.subscriptions where version = 1";
    assert_eq!(world.count(begun).await, MANY - 1);
    let refused = "select count(*) from perennial.lifecycle_events where outcome = 'refused'";
    assert_eq!(world.count(refused).await, 2);
    let transactions = "select count(distinct xmin::text) from perennial.subscriptions";
    assert!(world.count(transactions).await < MANY / 4, "{}", world.count(transactions).await);
    let numbers = "select max(number) - count(*) from perennial.invoices";
    assert_eq!(world.count(numbers).await, 0, "numbers have no gaps");
    world.check().await;
}
