//! The doors for other services: what they take, what they refuse, and that a refusal changes nothing.

use chrono::TimeDelta;
use perennial_core::dunning::DunningPolicy;
use perennial_jobs::clock;
use perennial_jobs::store::policies;
use perennial_tests::{Faults, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world;

async fn customer(world: &World) -> Uuid {
    let id = Uuid::from_u128(7);
    let profile = json!({ "email": "ada@customers.example", "name": "Ada" });
    world.emit("customer.upserted", id, profile, "ada").await.unwrap();
    id
}

#[tokio::test]
async fn a_repeat_of_an_event_answers_the_same_and_does_nothing() {
    let world = world().await;
    let id = customer(&world).await;
    let profile = json!({ "email": "other@customers.example", "name": "Other" });
    let first = world.emit("customer.upserted", id, profile.clone(), "once").await.unwrap();
    let second = world.emit("customer.upserted", id, profile, "once").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(world.count("select count(*) from perennial.lifecycle_events").await, 2);
}

#[tokio::test]
async fn bad_input_is_refused_with_the_name_of_its_field_and_changes_nothing() {
    let world = world().await;
    let id = customer(&world).await;
    let wish = |field: &str, value: Value| {
        let mut data = json!({ "customer": id, "plan": "professional", "interval": "month" });
        data[field] = value;
        data
    };
    let (subscription, subject) = ("subscription.created", Uuid::from_u128(8));
    let cases = [
        (subscription, subject, wish("plan", json!("gold")), "plan"),
        (subscription, subject, wish("currency", json!("EUR")), "currency"),
        (subscription, subject, wish("currency", json!("usd")), "currency"),
        (subscription, subject, wish("interval", json!("fortnight")), "interval"),
        (subscription, subject, wish("interval_count", json!(7)), "interval"),
        (subscription, subject, wish("seats", json!(-3)), "seats"),
        (subscription, subject, wish("seats", json!(2)), "seats"),
        (subscription, subject, wish("seats", json!(1.5)), "seats"),
        (subscription, subject, wish("time_zone", json!("Mars/Olympus")), "time_zone"),
        (subscription, subject, wish("trial_end", json!("soon")), "trial_end"),
        (subscription, subject, wish("anchor", json!("31.1.2026")), "anchor"),
        (subscription, subject, wish("anchor", json!("2026-02-30")), "anchor"),
        (subscription, subject, wish("anchor", json!("2027-03-14T02:30:00")), "anchor"),
        (subscription, subject, wish("trial_end", json!("infinity")), "trial_end"),
        (subscription, subject, wish("trial_end", json!("2020-01-01T00:00:00Z")), "trial_end"),
        (subscription, subject, wish("policy", json!("nope")), "policy"),
        (subscription, subject, wish("time_zone", json!("europe/Paris")), "time_zone"),
        (subscription, subject, wish("colour", json!("red")), "colour"),
        (subscription, subject, wish("customer", json!(Uuid::from_u128(99))), "customer"),
        (subscription, subject, wish("customer", json!("ada")), "customer"),
        (
            subscription,
            subject,
            wish("negotiated_amount_minor", json!(5)),
            "negotiated_amount_minor",
        ),
        ("subscription.cancel_requested", Uuid::from_u128(99), json!({}), "subject"),
        ("invoice.pay_requested", Uuid::from_u128(99), json!({}), "subject"),
        ("subscription.exploded", subject, json!({}), "type"),
        ("customer.upserted", id, json!({ "email": "nobody", "name": "x" }), "email"),
        ("customer.upserted", id, json!({ "email": "a@b.example" }), "name"),
        ("customer.upserted", id, json!([]), "data"),
        (
            "customer.upserted",
            id,
            json!({ "email": "a@b.example", "name": "x", "clock": "nope" }),
            "clock",
        ),
        ("payment_method.attached", id, json!({ "reference": "pm_1" }), "provider_customer"),
    ];
    for (number, (kind, subject, data, field)) in cases.into_iter().enumerate() {
        let error = world.emit(kind, subject, data.clone(), &format!("bad {number}")).await;
        let error = error.expect_err(&format!("{kind} {data} is refused"));
        let message = error.as_database_error().expect("the door's own words").message().to_owned();
        assert!(message.starts_with(&format!("{field}: ")), "{kind} {data}: {message}");
    }
    assert_eq!(world.count("select count(*) from perennial.lifecycle_events").await, 1);
    assert_eq!(world.count("select count(*) from perennial.jobs").await, 0);
}

#[tokio::test]
async fn an_error_repeats_little_of_what_it_refuses() {
    let world = world().await;
    let id = customer(&world).await;
    let long = "x".repeat(100_000);
    let wishes = [
        json!({ "customer": id, "plan": long, "interval": "month" }),
        json!({ "customer": id, "plan": "professional", "interval": long }),
        json!({ "customer": id, "plan": "professional", "interval": "month", "time_zone": long }),
        json!({ "customer": id, "plan": "professional", "interval": "month", long.as_str(): 1 }),
    ];
    for data in wishes {
        let refused = world.emit("subscription.created", Uuid::from_u128(8), data, "long").await;
        let refused = refused.unwrap_err();
        let message = refused.as_database_error().unwrap().message();
        assert!(message.chars().count() <= 520, "{} characters", message.chars().count());
    }
}

#[tokio::test]
async fn an_event_that_never_comes_cannot_hold_back_those_after_it() {
    let world = world().await;
    let id = customer(&world).await;
    for at in ["infinity", "-infinity", "3000-01-01"] {
        let emitted: sqlx::Result<i64> = sqlx::query_scalar(
            "select perennial.emit('customer.upserted', $1, $2, 'late', $3::timestamptz)",
        )
        .bind(id)
        .bind(json!({ "email": "ada@customers.example", "name": "Ada" }))
        .bind(at)
        .fetch_one(&world.pool)
        .await;
        let error = emitted.expect_err("it is refused");
        let message = error.as_database_error().expect("the door's own words").message();
        assert!(message.starts_with("at: "), "{at}: {message}");
    }
}

#[tokio::test]
async fn a_customer_stays_on_the_clock_they_came_with() {
    let mut world = world().await;
    world.work(Faults::None);
    let id = customer(&world).await;
    world.rest().await;
    let mut conn = world.pool.acquire().await.unwrap();
    clock::set(&mut conn, "acme", "2030-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    let moved = json!({ "email": "ada@customers.example", "name": "Ada", "clock": "acme" });
    let error = world.emit("customer.upserted", id, moved, "moved").await.unwrap_err();
    assert!(error.to_string().contains("clock: the customer is on \"global\""), "{error}");
}

#[tokio::test]
async fn access_is_what_the_policy_says_whether_or_not_a_worker_came_by() {
    let mut world = world().await;
    let restrict_after = Some("3d".parse().unwrap());
    let strict =
        DunningPolicy { name: "strict".to_owned(), restrict_after, ..DunningPolicy::default() };
    let mut conn = world.pool.acquire().await.unwrap();
    policies::publish(&mut conn, &strict).await.unwrap();
    drop(conn);
    world.work(Faults::None);
    let card = "pm_sbx_visa__ok1__insufficient_funds99";
    let ada = world.subscribe("ada", &[card], json!({ "policy": "strict" })).await;
    world.rest().await;
    assert_eq!(access(&world, ada.subscription.0).await.as_deref(), Some("full"));
    world.set_clock_to_next_due().await;
    world.rest().await;
    assert_eq!(world.status(ada).await, "past_due");
    assert_eq!(access(&world, ada.subscription.0).await.as_deref(), Some("full"));
    world.kill_workers().await;
    let mut conn = world.pool.acquire().await.unwrap();
    let now = clock::business_now(&mut conn, clock::GLOBAL).await.unwrap();
    drop(conn);
    world.set_clock(now + TimeDelta::days(3)).await;
    assert_eq!(access(&world, ada.subscription.0).await.as_deref(), Some("restricted"));
    world.work(Faults::None);
    world.rest().await;
    world.live_until("2026-04-15T00:00:00Z").await;
    assert_eq!(world.status(ada).await, "expired");
    assert_eq!(access(&world, ada.subscription.0).await.as_deref(), Some("none"));
    let unknown = sqlx::query("select perennial.subscription_access($1)").bind(Uuid::from_u128(99));
    let unknown = unknown.execute(&world.pool).await.unwrap_err();
    assert_eq!(unknown.as_database_error().unwrap().code().unwrap(), "P0002");
}

async fn access(world: &World, subscription: Uuid) -> Option<String> {
    sqlx::query_scalar("select perennial.subscription_access($1)")
        .bind(subscription)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_name_with_line_breaks_is_cleaned_and_its_mail_arrives() {
    let mut world = world().await;
    world.work(Faults::None);
    let eve = world.subscribe("eve", &[], json!({})).await;
    let hostile =
        json!({ "email": "eve@customers.example", "name": "Eve\r\nBcc: all@customers.example" });
    world.emit("customer.upserted", eve.id.0, hostile, "hostile").await.unwrap();
    world.rest().await;
    world.attach(eve, "eve", "pm_sbx_visa__ok").await;
    world.rest().await;
    let mail = world.inbox.wait_for(std::time::Duration::from_secs(5), |mail| {
        mail.header("X-Perennial-Letter") == Some("receipt")
    });
    let mail = mail.await.expect("the receipt arrives");
    assert_eq!(mail.to, ["eve@customers.example"]);
    assert_eq!(mail.header("Bcc"), None);
    assert_eq!(
        world.count("select count(*) from perennial.customers where name ~ '[[:cntrl:]]'").await,
        0
    );
    world.check().await;
}

#[tokio::test]
async fn only_schedulable_jobs_can_be_enqueued_from_outside() {
    let mut world = world().await;
    world.work(Faults::None);
    world
        .wait_until("the catalogue is published", async |conn| {
            let known: i64 = sqlx::query_scalar("select count(*) from perennial.job_catalogue")
                .fetch_one(conn)
                .await
                .unwrap();
            known > 0
        })
        .await;
    let enqueue = async |job: &str| {
        sqlx::query_scalar::<_, bool>("select perennial.enqueue($1, '{}', 'now')")
            .bind(job.to_owned())
            .fetch_one(&world.pool)
            .await
    };
    assert!(enqueue("check_invariants").await.unwrap());
    for refused in ["renew", "nonsense"] {
        let error = enqueue(refused).await.unwrap_err();
        assert!(error.as_database_error().unwrap().message().starts_with("job: "), "{error}");
    }
    world.rest().await;
}

#[tokio::test]
async fn the_role_for_other_services_can_use_the_doors_and_see_nothing() {
    let world = world().await;
    let mut conn = world.pool.acquire().await.unwrap();
    sqlx::query("set role perennial_ingest").execute(&mut *conn).await.unwrap();
    let emitted = sqlx::query("select perennial.emit('customer.upserted', $1, $2, 'x')")
        .bind(Uuid::from_u128(7))
        .bind(json!({ "email": "ada@customers.example", "name": "Ada" }))
        .execute(&mut *conn)
        .await;
    assert!(emitted.is_ok(), "{emitted:?}");
    for table in ["customers", "lifecycle_events", "ledger_entries", "jobs"] {
        let sql = sqlx::AssertSqlSafe(format!("select * from perennial.{table}"));
        assert!(sqlx::raw_sql(sql).execute(&mut *conn).await.is_err(), "{table} is hidden");
    }
}

#[tokio::test]
async fn books_history_and_audit_only_grow() {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    for table in [
        "ledger_entries",
        "subscription_history",
        "audit_log",
        "customer_balance_entries",
        "dunning_policies",
    ] {
        for role in ["perennial", "perennial_worker"] {
            for change in [
                "update perennial.{} set {} = {}",
                "delete from perennial.{}",
                "truncate perennial.{} cascade",
            ] {
                let column = match table {
                    "dunning_policies" => "name",
                    "ledger_entries" | "customer_balance_entries" => "kind",
                    "audit_log" => "act",
                    _ => "edge",
                };
                let change = change.replacen("{}", table, 1).replace("{}", column);
                let mut transaction = world.pool.begin().await.unwrap();
                let sql = sqlx::AssertSqlSafe(format!("set local role {role}; {change}"));
                let refused = sqlx::raw_sql(sql).execute(&mut *transaction).await;
                assert!(refused.is_err(), "{role}: {change}");
            }
        }
    }
}
