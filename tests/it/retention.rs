//! Usage events are kept for as long as the plans say: months made ahead, months dropped, and what
//! single customers do not keep.

use perennial_tests::{Customer, Faults, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::world;

/// The world's clock stands at 2026-01-31T12:00:00Z.
async fn subscribed(world: &mut World, plan: &str) -> Customer {
    world.work(Faults::None);
    let customer = world.subscribe(plan, &["pm_sbx_visa__ok"], json!({ "plan": plan })).await;
    world.rest().await;
    world.kill_workers().await;
    customer
}

async fn execute(world: &World, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&world.pool).await.unwrap();
}

/// Events of a customer, so many days old, of periods that are closed; with partitions for them.
async fn plant(world: &World, customer: Customer, days: &[i32]) {
    for month in ["2023-05-01", "2024-12-01", "2025-01-01", "2025-12-01", "2026-01-01"] {
        execute(
            world,
            &format!("select perennial.make_month_partition('usage_events', '{month}')"),
        )
        .await;
    }
    let sql =
        "insert into perennial.usage_events (event_id, customer_id, metric_id, quantity, at, period_start)
         select $1 || ' ' || d, $1, (select min(id) from perennial.metrics), 1, e.at, e.at - interval '40 days'
           from unnest($2::integer[]) d
          cross join lateral (select perennial.business_now() - make_interval(hours => 24 * d) as at) e";
    sqlx::query(sql).bind(customer.id.0).bind(days).execute(&world.pool).await.unwrap();
}

/// How many days old a customer's events are.
async fn kept(world: &World, customer: Customer) -> Vec<i32> {
    let sql =
        "select (extract(epoch from perennial.business_now() - at) / 86400)::integer from perennial.usage_events
          where customer_id = $1 order by at desc";
    sqlx::query_scalar(sql).bind(customer.id.0).fetch_all(&world.pool).await.unwrap()
}

async fn months(world: &World) -> Vec<String> {
    let sql =
        "select to_char(starts_at at time zone 'UTC', 'YYYY-MM') from perennial.usage_partitions
          where starts_at < '2026-06-01' order by 1";
    sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
}

/// Lets a worker do the job once.
async fn retain(world: &mut World) {
    world.work(Faults::None);
    world
        .wait_until("the catalogue is published", async |conn| {
            let known =
                "select exists (select from perennial.job_catalogue where name = 'retain_usage')";
            sqlx::query_scalar(known).fetch_one(conn).await.unwrap()
        })
        .await;
    execute(world, "select perennial.enqueue('retain_usage', '{}', 'now')").await;
    world.rest().await;
    world.kill_workers().await;
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
}

#[tokio::test]
async fn months_are_made_ahead_and_take_what_came_before_them() {
    let mut world = world().await;
    let ada = subscribed(&mut world, "professional").await;
    assert_eq!(months(&world).await, [""; 0]);
    execute(
        &world,
        &format!("select perennial.record_usage('{}', 'ai_operations', 3, 'e1')", ada.id.0),
    )
    .await;
    let by_default = "select count(*) from perennial.usage_events_default";
    assert_eq!(world.count(by_default).await, 1);
    retain(&mut world).await;
    assert_eq!(months(&world).await, ["2026-01", "2026-02", "2026-03", "2026-04"]);
    assert_eq!(world.count(by_default).await, 0);
    assert_eq!(world.count("select count(*) from perennial.usage_events_2026_01").await, 1);
    world.check().await;
}

#[tokio::test]
async fn a_month_begins_in_utc_whatever_zone_the_session_is_in() {
    let world = world().await;
    let mut conn = PgConnection::connect(&world.url).await.unwrap();
    for (zone, month) in [("America/New_York", "2026-03-01"), ("Pacific/Auckland", "2026-04-15")] {
        let sql = AssertSqlSafe(format!(
            "set timezone = '{zone}'; select perennial.make_month_partition('usage_events', '{month}')"
        ));
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    }
    let bounds: Vec<String> = sqlx::query_scalar(
        "select pg_get_expr(relpartbound, oid) from pg_class where relname in ('usage_events_2026_03', 'usage_events_2026_04')
          order by relname",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(bounds.len(), 2);
    assert!(
        bounds[0].contains("('2026-03-01 00:00:00+00') TO ('2026-04-01 00:00:00+00')"),
        "{bounds:?}"
    );
    assert!(
        bounds[1].contains("('2026-04-01 00:00:00+00') TO ('2026-05-01 00:00:00+00')"),
        "{bounds:?}"
    );
    let known = "select count(*) from perennial.usage_partitions where starts_at in ('2026-03-01Z', '2026-04-01Z')";
    assert_eq!(world.count(known).await, 2);
}

#[tokio::test]
async fn each_customer_keeps_what_its_plan_keeps() {
    let mut world = world().await;
    let free = subscribed(&mut world, "free").await;
    let professional = subscribed(&mut world, "professional").await;
    let enterprise = subscribed(&mut world, "enterprise").await;
    let days = [0, 29, 30, 31, 100, 364, 365, 366, 1000, 4000];
    for customer in [free, professional, enterprise] {
        plant(&world, customer, &days).await;
    }
    for _ in 0..2 {
        retain(&mut world).await;
        assert_eq!(kept(&world, free).await, days[..3]);
        assert_eq!(kept(&world, professional).await, days[..7]);
        assert_eq!(kept(&world, enterprise).await, days);
        assert!(months(&world).await.contains(&"2023-05".to_owned()), "enterprise keeps it");
    }
    world.check().await;
}

#[tokio::test]
async fn months_that_no_plan_keeps_are_dropped_whole() {
    let mut world = world().await;
    let free = subscribed(&mut world, "free").await;
    let professional = subscribed(&mut world, "professional").await;
    for customer in [free, professional] {
        plant(&world, customer, &[0, 20, 40, 380, 400, 1000]).await;
    }
    // 380 days before is in January 2025, of which the professional plan keeps the last day.
    retain(&mut world).await;
    assert_eq!(
        months(&world).await,
        ["2025-01", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    );
    assert_eq!(
        (kept(&world, free).await, kept(&world, professional).await),
        (vec![0, 20], vec![0, 20, 40])
    );
    world.check().await;
}

#[tokio::test]
async fn a_month_that_was_emptied_row_by_row_is_dropped_though_somebody_keeps_all() {
    let mut world = world().await;
    let free = subscribed(&mut world, "free").await;
    subscribed(&mut world, "enterprise").await;
    plant(&world, free, &[0, 1000]).await;
    retain(&mut world).await;
    assert_eq!(kept(&world, free).await, [0]);
    retain(&mut world).await;
    // December 2024 is empty, too, but ended less than 400 days ago: late events may still come.
    assert_eq!(
        months(&world).await,
        ["2024-12", "2025-01", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    );
}

#[tokio::test]
async fn what_a_period_that_is_open_has_counted_stays() {
    let mut world = world().await;
    let free = subscribed(&mut world, "free").await;
    plant(&world, free, &[400, 401, 402]).await;
    execute(
        &world,
        "update perennial.usage_events e set period_start = m.period_start from perennial.usage_meters m
          where m.customer_id = e.customer_id and m.period_end is not null and m.metric_id = e.metric_id
            and e.event_id like '% 401'",
    )
    .await;
    // A first period takes in what came before it, as far back as it was open.
    execute(
        &world,
        "set session_replication_role = replica; update perennial.plan_quotas set open_days = 400",
    )
    .await;
    retain(&mut world).await;
    assert_eq!(kept(&world, free).await, [401]);
    assert!(months(&world).await.contains(&"2024-12".to_owned()));
}

#[tokio::test]
async fn a_step_is_bounded_and_goes_on_where_it_stopped() {
    let mut world = world().await;
    let free = subscribed(&mut world, "free").await;
    plant(&world, free, &(100..125).collect::<Vec<_>>()).await;
    let mut conn = world.pool.acquire().await.unwrap();
    let mut after = uuid::Uuid::nil();
    for expected in [10, 10, 5] {
        let sql = "select deleted, reached from perennial.prune_usage('perennial.usage_events_default', $1, 10)";
        let (deleted, reached): (i64, uuid::Uuid) =
            sqlx::query_as(sql).bind(after).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(deleted, expected);
        after = reached;
    }
    assert_eq!(after, free.id.0);
    for gone in ["perennial.usage_events_1999_01", "perennial.customers", "nonsense"] {
        let sql = "select deleted from perennial.prune_usage($1, $2, 10)";
        let deleted: i64 = sqlx::query_scalar(sql)
            .bind(gone)
            .bind(uuid::Uuid::nil())
            .fetch_one(&mut *conn)
            .await
            .unwrap();
        assert_eq!(deleted, 0, "{gone} is no partition of usage events");
    }
}

#[tokio::test]
async fn dropping_a_month_does_not_wait_for_those_who_record() {
    let mut world = world().await;
    let free = subscribed(&mut world, "free").await;
    plant(&world, free, &[1000]).await;
    let mut recording = world.pool.begin().await.unwrap();
    sqlx::query("select perennial.record_usage($1, 'ai_operations', 1, 'e1')")
        .bind(free.id.0)
        .execute(&mut *recording)
        .await
        .unwrap();
    let dropping =
        sqlx::query("select perennial.drop_usage_partitions()").execute(&world.pool).await;
    let code = dropping.unwrap_err().as_database_error().unwrap().code().unwrap().into_owned();
    assert_eq!(code, "55P03", "it gives up the lock");
    recording.commit().await.unwrap();
    assert_eq!(kept(&world, free).await, [0, 1000]);
    retain(&mut world).await;
    assert_eq!(kept(&world, free).await, [0]);
}

#[tokio::test]
async fn an_event_is_recognized_for_as_long_as_any_meter_could_take_it() {
    let mut world = world().await;
    let slow = "insert into perennial.clocks (id, name, frozen_at) values (gen_random_uuid(), 'slow', '2026-01-01Z')";
    execute(&world, slow).await;
    execute(
        &world,
        "insert into perennial.usage_event_ids
         select 'e ' || d, '2026-01-01Z'::timestamptz - make_interval(hours => 24 * d), gen_random_uuid(), 1, 1 from unnest('{0,399,400,401,2000}'::integer[]) d",
    )
    .await;
    retain(&mut world).await;
    let left: Vec<String> =
        sqlx::query_scalar("select event_id from perennial.usage_event_ids order by at desc")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(left, ["e 0", "e 399", "e 400"]);
}
