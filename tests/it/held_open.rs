//! A caller's transaction that stays open holds up nobody but its own customer (rule X9).

use perennial_tests::{Customer, Faults, World};
use serde_json::json;
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use super::world;

/// Customers beside those who are held.
const OTHERS: usize = 24;
/// Two who are held, the first with two subscriptions.
const HELD: i64 = 3;

struct Crowd {
    world: World,
    ada: Customer,
    bob: Customer,
}

impl Crowd {
    /// A month is paid, and a worker is there. Others than these are on `plan`.
    async fn on(plan: &str) -> Self {
        let mut world = world().await;
        world.work(Faults::None);
        let card = ["pm_sbx_visa__ok"];
        let ada = world.subscribe("ada", &card, json!({ "plan": plan })).await;
        let bob = world.subscribe("bob", &card, json!({ "plan": plan })).await;
        super::mrr::again(&world, ada, "more of ada", json!({ "plan": plan })).await;
        for number in 0..OTHERS {
            world.subscribe(&format!("other-{number}"), &card, json!({ "plan": plan })).await;
        }
        world.rest().await;
        Self { world, ada, bob }
    }

    /// The statements of a caller, in a transaction that stays open.
    async fn hold(&self, statements: &[&str]) -> Transaction<'static, Postgres> {
        let mut held = self.world.pool.begin().await.unwrap();
        for statement in statements {
            let sql = statement
                .replace("{ada}", &self.ada.id.0.to_string())
                .replace("{bob}", &self.bob.id.0.to_string());
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *held).await.unwrap();
        }
        held
    }

    /// A new month begins: the others renew and pay, are told of, and somebody new comes.
    async fn others_go_on(&self) {
        self.world.set_clock("2026-03-01T00:00:00Z".parse().unwrap()).await;
        let renewed = i64::try_from(OTHERS).unwrap();
        self.world
            .wait_until("the others are renewed", async |conn| {
                let paid: i64 = sqlx::query_scalar(
                    "select count(*) from perennial.invoices i
                       join perennial.customers c on c.id = i.customer_id
                      where c.name like 'other-%' and i.period_index = 1 and i.status = 'paid'",
                )
                .fetch_one(conn)
                .await
                .unwrap();
                paid == renewed
            })
            .await;
        self.world
            .wait_until("the others have new limits and tokens", async |conn| {
                sqlx::query_scalar(
                    "with others as (select id from perennial.customers where name like 'other-%')
                     select not exists (select from perennial.usage_meters m join others o on o.id = m.customer_id
                                         where m.period_end <= perennial.business_now())
                        and not exists (select from perennial.token_allocations a join others o on o.id = a.customer_id
                                         where a.due_at <= perennial.business_now())",
                )
                .fetch_one(conn)
                .await
                .unwrap()
            })
            .await;
        self.world.subscribe("newcomer", &["pm_sbx_visa__ok"], json!({})).await;
        self.world
            .wait_until("somebody new is served", async |conn| {
                sqlx::query_scalar(
                    "select exists (select from perennial.subscriptions s
                                      join perennial.customers c on c.id = s.customer_id
                                     where c.name = 'newcomer' and s.status = 'active')",
                )
                .fetch_one(conn)
                .await
                .unwrap()
            })
            .await;
    }

    /// The transaction ends, and what was set aside is done.
    async fn release(self, held: Transaction<'static, Postgres>) {
        held.commit().await.unwrap();
        self.world.rest().await;
        let renewals = "select count(*) from perennial.subscription_history where edge = 'renewed'";
        assert_eq!(self.world.count(renewals).await, i64::try_from(OTHERS).unwrap() + HELD);
        assert_eq!(self.world.count("select count(*) from perennial.dead_jobs").await, 0);
        self.world.check().await;
    }
}

macro_rules! while_it_is_held_open_others_go_on {
    ($($name:ident, $plan:literal: [$($statement:literal),* $(,)?];)*) => {
        $(#[tokio::test]
        async fn $name() {
            let crowd = Crowd::on($plan).await;
            let held = crowd.hold(&[$($statement),*]).await;
            crowd.others_go_on().await;
            crowd.release(held).await;
        })*
    };
}

while_it_is_held_open_others_go_on! {
    an_event_that_is_emitted_holds_up_no_sweep, "professional": [
        "select perennial.emit('customer.upserted', '{ada}', '{\"email\": \"ada@customers.example\", \"name\": \"Ada\"}', 'held')",
    ];
    usage_that_is_consumed_holds_up_no_group, "professional": [
        "select perennial.consume('{ada}', 'ai_operations', 1, 'held')",
    ];
    usage_of_two_customers_holds_up_no_settlement, "professional": [
        "select perennial.consume('{ada}', 'ai_operations', 1, 'held')",
        "select perennial.consume('{bob}', 'ai_operations', 1, 'held too')",
    ];
    a_threshold_that_is_crossed_holds_up_no_sweep, "professional": [
        "select perennial.record_usage('{ada}', 'ai_operations', 90, 'held')",
        "select perennial.record_usage('{bob}', 'ai_operations', 100, 'held too')",
    ];
    tokens_that_are_consumed_hold_up_no_allocation, "free": [
        "select perennial.consume_tokens('{ada}', 'tokens', 1, 'held')",
    ];
    jobs_that_are_enqueued_with_the_keys_of_a_sweep_hold_up_none, "free": [
        "select perennial.enqueue('allocate_tokens', '{}', 'now@' || (extract(epoch from due_at) * 1000000)::bigint)
           from perennial.token_allocations",
    ];
    a_wallet_that_is_opened_holds_up_nobody, "professional": [
        "select perennial.grant_tokens('{ada}', 'tokens', 5, key => 'held')",
        "select perennial.set_low_balance('{bob}', 'tokens', 9)",
    ];
    a_refund_that_is_told_of_holds_up_nobody, "professional": [
        "select perennial.emit('payment.refunded', (select id from perennial.payments where customer_id = '{ada}' limit 1),
             '{\"amount_minor\": 100, \"currency\": \"USD\", \"reason\": \"other\", \"reference\": \"re_1\"}', 'held')",
    ];
    locks_on_the_names_of_customers_and_queues_hold_up_nobody, "professional": [
        "insert into perennial.job_queues (name, running_max) values ('renew', 3), ('collect_payment', 5)",
        "commit; begin",
        "select pg_advisory_xact_lock(hashtextextended(id::text, 0)) from perennial.customers",
        "select pg_advisory_xact_lock(hashtextextended('perennial.jobs.' || name, 0)) from perennial.job_catalogue",
        "select pg_advisory_xact_lock(hashtextextended(customer_id || ' ' || metric_id, 0)) from perennial.usage_meters",
        "select pg_advisory_xact_lock(hashtextextended('perennial.analytics_snapshots', 0))",
    ];
}

#[tokio::test]
async fn a_worker_ends_at_once_while_a_caller_holds_a_customer() {
    let mut crowd = Crowd::on("professional").await;
    let held = crowd.hold(&["select perennial.consume('{ada}', 'ai_operations', 1, 'held')"]).await;
    crowd.world.kill_workers().await;
    let mut worker = crowd.world.command().arg("work").spawn().unwrap();
    crowd.others_go_on().await;
    let id = worker.id().expect("the worker runs").to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), worker.wait()).await;
    assert!(ended.expect("it ends").unwrap().success());
    crowd.world.work(Faults::None);
    crowd.release(held).await;
}
