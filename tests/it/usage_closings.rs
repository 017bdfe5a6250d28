//! Closing usage periods among others who record, sell and compute at the same time.

use perennial_core::quota::Closing;
use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::usage::{record, subscribed};
use super::world;

const RECORD: &str = "select perennial.record_usage($1, 'ai_decisions', $2, $3)";

async fn billed(world: &World) -> Vec<(String, i64)> {
    sqlx::query_as(
        "select kind, amount_minor from perennial.pending_invoice_items order by created_at, kind",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

fn lines(all: &[(&str, i64)]) -> Vec<(String, i64)> {
    all.iter().map(|(kind, amount)| ((*kind).to_owned(), *amount)).collect()
}

#[tokio::test]
async fn usage_of_a_transaction_that_was_open_over_two_closings_is_billed() {
    let (world, ada) = subscribed("pro", json!({})).await;
    record(&world, ada, ("ai_decisions", 10_000), "e1", None).await.unwrap();
    let mut slow = world.pool.begin().await.unwrap();
    sqlx::query(RECORD).bind(ada.id.0).bind(75).bind("slow").execute(&mut *slow).await.unwrap();
    world.live_until("2026-03-01T00:00:00Z").await;
    world.live_until("2026-04-01T00:00:00Z").await;
    assert_eq!(billed(&world).await, []);
    slow.commit().await.unwrap();
    world.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(billed(&world).await, lines(&[("late_usage", 75)]));
    // Once.
    world.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(billed(&world).await.len(), 1);
    world.check().await;
}

#[tokio::test]
async fn usage_of_one_period_that_comes_late_time_and_again_is_billed_each_time() {
    let changes = json!({ "open_days": 100 });
    let mut world = world().await;
    sqlx::query("select perennial.revise_quota('pro', 'ai_decisions', $1)")
        .bind(changes)
        .execute(&world.pool)
        .await
        .unwrap();
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "pro" })).await;
    world.rest().await;
    record(&world, ada, ("ai_decisions", 9_990), "e1", None).await.unwrap();
    let january = Some("2026-02-20T10:00:00Z");
    for (until, units, event) in [
        ("2026-03-02T00:00:00Z", 60, "l1"),
        ("2026-04-02T00:00:00Z", 70, "l2"),
        ("2026-05-02T00:00:00Z", 80, "l3"),
    ] {
        world.live_until(until).await;
        let answer = record(&world, ada, ("ai_decisions", units), event, january).await.unwrap();
        assert!(answer.recorded);
    }
    world.live_until("2026-06-02T00:00:00Z").await;
    let expected = [("late_usage", 50), ("late_usage", 70), ("late_usage", 80)];
    assert_eq!(billed(&world).await, lines(&expected));
    world.check().await;
}

/// A batch that records something late for each of these.
fn late_batch(name: &str, of: &[Customer]) -> Value {
    let event = |customer: &Customer| {
        json!({ "customer": customer.id.0, "metric": "ai_decisions", "quantity": 1,
                "event_id": format!("{name} {}", customer.id), "at": "2026-02-20T10:00:00Z" })
    };
    of.iter().map(event).collect()
}

#[tokio::test]
async fn late_batches_in_opposite_orders_do_not_wait_for_each_other_in_a_circle() {
    let mut world = world().await;
    sqlx::query(
        "select perennial.revise_quota('pro', 'ai_decisions', '{\"late_usage\": \"drop\"}')",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.work(Faults::None);
    let mut all = Vec::new();
    for name in ["ada", "bob", "eve"] {
        all.push(world.subscribe(name, &["pm_sbx_visa__ok"], json!({ "plan": "pro" })).await);
    }
    world.rest().await;
    for (number, customer) in all.iter().enumerate() {
        let event = format!("e{number}");
        record(&world, *customer, ("ai_decisions", 1), &event, None).await.unwrap();
    }
    world.live_until("2026-03-01T00:00:00Z").await;
    all.sort_by_key(|customer| customer.id.0);
    let (first, middle, last) = (all[0], all[1], all[2]);
    // Each drops what came late with a note about its customer. Both get as far as `middle`, whom
    // somebody holds, and go on at the same time.
    let mut held = world.pool.begin().await.unwrap();
    sqlx::query("select from perennial.customers where id = $1 for update")
        .bind(middle.id.0)
        .execute(&mut *held)
        .await
        .unwrap();
    let batches = [[first, middle, last], [last, middle, first]];
    let running: Vec<_> = batches
        .iter()
        .enumerate()
        .map(|(number, of)| {
            let (events, url) = (late_batch(&format!("b{number}"), of), world.url.clone());
            tokio::spawn(async move {
                let mut conn = PgConnection::connect(&url).await.unwrap();
                sqlx::query_scalar::<_, Option<String>>(
                    "select error from perennial.record_usage_batch($1)",
                )
                .bind(events)
                .fetch_all(&mut conn)
                .await
            })
        })
        .collect();
    world
        .wait_until("both wait", async |conn| {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                  where datname = current_database() and wait_event_type = 'Lock'
                    and query like '%record_usage_batch%'",
            )
            .fetch_one(conn)
            .await
            .unwrap();
            waiting == 2
        })
        .await;
    held.commit().await.unwrap();
    for batch in running {
        assert_eq!(batch.await.unwrap().unwrap(), [None, None, None]);
    }
    let noted = "select count(*) from perennial.audit_log where act = 'late_usage_dropped'";
    assert_eq!(world.count(noted).await, 6);
    world.check().await;
}

#[tokio::test]
async fn overlapping_batches_that_cross_a_threshold_between_them_warn_once() {
    let (world, ada) = subscribed("free", json!({})).await;
    let event = |number: i64| json!({ "customer": ada.id.0, "metric": "ai_decisions", "quantity": 1, "event_id": format!("e{number}") });
    // 45 each of a limit of 100: neither sees that 80 are used.
    let mut open = Vec::new();
    for from in [0, 45] {
        let events: Value = (from..from + 45).map(event).collect();
        let mut transaction = world.pool.begin().await.unwrap();
        let used: Vec<i64> =
            sqlx::query_scalar("select used from perennial.record_usage_batch($1)")
                .bind(events)
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert_eq!(used[0], 45);
        open.push(transaction);
    }
    for transaction in open {
        transaction.commit().await.unwrap();
    }
    let noted = "select count(*) from perennial.usage_warnings where outcome = 'told'";
    world
        .wait_until("somebody notices", async |conn| {
            sqlx::query_scalar::<_, i64>(noted).fetch_one(conn).await.unwrap() > 0
        })
        .await;
    // Repeats of both, at once again, and others that cross nothing.
    for _ in 0..2 {
        let events: Value = (0..91).map(event).collect();
        sqlx::query("select perennial.record_usage_batch($1)")
            .bind(events)
            .execute(&world.pool)
            .await
            .unwrap();
    }
    world.rest().await;
    assert_eq!(world.count("select count(*) from perennial.usage_warnings").await, 1);
    let mails = world.inbox.mails();
    let about = |mail: &&std::sync::Arc<_>| {
        let mail: &perennial_sandbox::Mail = mail;
        mail.subject.as_deref().is_some_and(|subject| subject.contains("AI decisions"))
    };
    assert_eq!(mails.iter().filter(about).count(), 1);
    world.check().await;
}

#[tokio::test]
async fn overage_is_judged_by_the_plan_that_was_valid_then_and_not_by_the_next_one() {
    let (world, ada) = subscribed("pro", json!({})).await;
    record(&world, ada, ("ai_decisions", 10_250), "e1", None).await.unwrap();
    // The next version of the plan would have allowed it.
    let more = "select perennial.revise_quota('pro', 'ai_decisions', '{\"limit_units\": 50000}')";
    sqlx::query(more).execute(&world.pool).await.unwrap();
    world.live_until("2026-03-01T00:00:00Z").await;
    assert_eq!(billed(&world).await, lines(&[("overage", 250)]));
    record(&world, ada, ("ai_decisions", 50_400), "e2", None).await.unwrap();
    // The next plan knows no limit at all: the one before is left and entered in the same step.
    let now = json!({ "when": "now" });
    world.emit("subscription.cancel_requested", ada.subscription.0, now, "bye").await.unwrap();
    let wish = json!({ "customer": ada.id.0, "plan": "enterprise", "interval": "month" });
    world.emit("subscription.created", uuid::Uuid::from_u128(5), wish, "again").await.unwrap();
    world.rest().await;
    assert_eq!(billed(&world).await, lines(&[("overage", 250), ("overage", 400)]));
    world.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(billed(&world).await.len(), 2);
    let open = "select count(*) from perennial.pending_invoice_items where invoice_id is null";
    assert_eq!(world.count(open).await, 0);
    world.check().await;
}

#[tokio::test]
async fn a_quantity_that_overflows_is_refused_by_name_and_stops_nobody_elses_reset() {
    let mut world = world().await;
    // A million times a million millions: no invoice can bear that.
    let dear = json!({ "limit_units": 20_000 });
    sqlx::query("select perennial.revise_quota('pro', 'ai_decisions', $1)")
        .bind(dear)
        .execute(&world.pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into perennial.plan_quota_tiers (quota_id, currency, position, up_to, amount_minor)
         select q.id, 'EUR', 1, null, 9000000000000000000 from perennial.plan_quotas q
           join perennial.metric_codes k on k.metric_id = q.metric_id and k.code = 'ai_decisions'
           join perennial.plans p on p.id = q.plan_id and p.code = 'pro' where q.version = 2",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({ "plan": "pro" })).await;
    let bob = world.subscribe("bob", &["pm_sbx_visa__ok"], json!({ "plan": "pro" })).await;
    world.rest().await;
    sqlx::query("update perennial.subscriptions set currency = 'EUR' where id = $1")
        .bind(bob.subscription.0)
        .execute(&world.pool)
        .await
        .unwrap();
    for quantity in [1_000_000_000_001, i64::MAX] {
        let error =
            record(&world, bob, ("ai_decisions", quantity), "huge", None).await.unwrap_err();
        let said = error.as_database_error().unwrap().message().to_owned();
        assert!(said.starts_with("quantity: must be at most"), "{said}");
    }
    record(&world, bob, ("ai_decisions", 1_000_000_000_000), "most", None).await.unwrap();
    record(&world, ada, ("ai_decisions", 20_100), "e1", None).await.unwrap();
    // As if it had been recorded nine million times: sums do not end with bigint.
    sqlx::query(
        "update perennial.usage_counters set used = 9223372036854775000 where customer_id = $1",
    )
    .bind(bob.id.0)
    .execute(&world.pool)
    .await
    .unwrap();
    let beside = "insert into perennial.usage_counters
                  select customer_id, metric_id, period_start, shard + 1, used from perennial.usage_counters where customer_id = $1";
    sqlx::query(beside).bind(bob.id.0).execute(&world.pool).await.unwrap();
    let mut conn = world.pool.acquire().await.unwrap();
    world.kill_workers().await;
    world.set_clock("2026-02-28T12:00:00Z".parse().unwrap()).await;
    sqlx::query("update perennial.subscriptions set next_action_at = null, next_action = null")
        .execute(&mut *conn)
        .await
        .unwrap();
    drop(conn);
    world.work(Faults::None);
    world.rest().await;
    let closed: i64 = sqlx::query_scalar(
        "select count(*) from perennial.usage_closings c join perennial.metric_codes k using (metric_id)
          where k.code = 'ai_decisions'",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(closed, 2);
    assert_eq!(billed(&world).await, lines(&[("overage", 100)]));
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((mixed ^ (mixed >> 31)) % bound).unwrap()
    }

    fn pick(&mut self, of: &[i64]) -> i64 {
        let index = self.below(of.len().try_into().unwrap());
        of[usize::try_from(index).unwrap()]
    }
}

/// A meter whose period is over.
#[derive(Debug, Clone, Copy)]
struct Planted {
    limit: i64,
    rolled_in: i64,
    /// By two callers at once.
    used: [i64; 2],
    rollover_max: i64,
    ends: bool,
}

impl Planted {
    fn random(numbers: &mut Numbers) -> Self {
        let limit = numbers.pick(&[-1, 0, 1, 5, 100, 10_000, 1_000_000_000_000]);
        let near = numbers.below(40) - 20;
        let used = match numbers.below(4) {
            0 => 0,
            1 => limit.max(0).saturating_add(near).max(0),
            2 => numbers.below(30),
            _ => numbers.below(3_000_000_000_000),
        };
        let shard = numbers.below(u64::try_from(used).unwrap() + 1);
        Self {
            limit,
            rolled_in: numbers.pick(&[0, 0, 1, 3, 50, 7_000]),
            used: [shard, used - shard],
            rollover_max: numbers.pick(&[0, 1, 3, 60, 1_000_000]),
            ends: numbers.below(5) == 0,
        }
    }

    fn closing(&self) -> Closing {
        let limit = (self.limit >= 0).then_some(self.limit);
        Closing { limit, rolled_in: self.rolled_in, used: self.used.iter().sum() }
    }
}

/// A quota of its own plan for each rollover; a customer, a meter and two counters for each meter.
async fn plant(world: &World, meters: &[Planted]) {
    let planted: Vec<Value> = meters
        .iter()
        .enumerate()
        .map(|(number, meter)| {
            json!({ "n": number, "l": meter.limit, "r": meter.rolled_in, "a": meter.used[0],
                    "b": meter.used[1], "m": meter.rollover_max, "e": meter.ends })
        })
        .collect();
    for sql in [
        "insert into perennial.users (id, email, name) values (gen_random_uuid(), 'all@customers.example', 'All')",
        "insert into perennial.plans (id, code, name, tier)
         select gen_random_uuid(), 'plan_' || m, 'Plan', 1 from (select distinct m from planted) p",
        "insert into perennial.plan_quotas (id, plan_id, metric_id, version, limit_units, enforcement, rollover_max)
         select gen_random_uuid(), l.id, k.metric_id, 1, 0, 'soft', m from (select distinct m from planted) p
           join perennial.plans l on l.code = 'plan_' || m
           join perennial.metric_codes k on k.code = 'ai_decisions'",
        "insert into perennial.customers (id, user_id, email, name)
         select customer, u.id, 'all@customers.example', 'All' from planted, perennial.users u",
        "insert into perennial.usage_meters (customer_id, metric_id, clock_id, quota_id, limit_units, rollover_units, enforcement,
                                             anchor_local, anchor_zone, period_index, period_start, period_end, ends)
         select customer, q.metric_id, '00000000-0000-0000-0000-000000000000', q.id, l, r, 'soft', '2026-01-01', 'UTC', -1,
                '2025-12-01Z', '2026-01-01Z', e
           from planted join perennial.plans p on p.code = 'plan_' || m
           join perennial.plan_quotas q on q.plan_id = p.id",
        "insert into perennial.usage_counters
         select customer, u.metric_id, u.period_start, s.shard, s.used
           from planted join perennial.usage_meters u on u.customer_id = customer
          cross join lateral (values (0, a), (7, b)) s (shard, used)",
    ] {
        let with = format!(
            "with planted as materialized (
                 select p.*, ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid as customer
                   from jsonb_to_recordset($1) p (n integer, l bigint, r bigint, a bigint, b bigint, m bigint, e boolean))
             {sql}"
        );
        sqlx::query(sqlx::AssertSqlSafe(with)).bind(json!(planted)).execute(&world.pool).await.unwrap();
    }
}

#[tokio::test]
async fn the_database_and_the_core_agree_on_what_every_closing_leaves() {
    let world = world().await;
    let mut numbers = Numbers(20_260_131);
    let meters: Vec<Planted> = (0..600).map(|_| Planted::random(&mut numbers)).collect();
    plant(&world, &meters).await;
    let closed = "select closed from perennial.close_periods('00000000-0000-0000-0000-000000000000', null, 1000)";
    assert_eq!(world.count(closed).await, 600);
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "select c.used, c.overage_units, c.rollover_units, m.rollover_units
           from perennial.usage_closings c join perennial.usage_meters m using (customer_id, metric_id)
          order by customer_id",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let (mut over, mut rolled) = (0, 0);
    for (meter, row) in meters.iter().zip(rows) {
        let closing = meter.closing();
        let goes_over = if meter.ends { 0 } else { closing.rolls_over(meter.rollover_max) };
        assert_eq!(row, (closing.used, closing.over(), goes_over, goes_over), "{meter:?}");
        over += u32::from(closing.over() > 0);
        rolled += u32::from(goes_over > 0);
    }
    assert!(over > 100 && rolled > 100, "{over} were over their limit, {rolled} left something");
}
