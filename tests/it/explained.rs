//! `perennial explain`: by which names things are found, and what is said to be in the way.

use perennial_tests::{Customer, Faults, World};
use serde_json::{Value, json};

use super::world;

async fn explain(world: &World, name: &str) -> Value {
    let output = world.command().args(["explain", name, "--json"]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Ada, who has paid once.
async fn ada() -> (World, Customer) {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    (world, ada)
}

#[tokio::test]
async fn a_subscription_is_found_by_every_name_of_what_belongs_to_it() {
    let (world, ada) = ada().await;
    let names: Vec<(String, String)> = sqlx::query_as(
        "select 'customer', 'cus_' || replace(id::text, '-', '') from perennial.customers
         union all select 'customer', id::text from perennial.customers
         union all select 'customer', upper(email) from perennial.customers
         union all select 'customer', reference from perennial.provider_customers
         union all select 'subscription', 'sub_' || id from perennial.subscriptions
         union all select 'subscription', id::text from perennial.subscriptions
         union all select 'invoice', 'inv_' || replace(id::text, '-', '') from perennial.invoices
         union all select 'invoice', intent_reference from perennial.invoices
         union all select 'invoice', series || '-' || lpad(number::text, 6, '0') from perennial.invoices
         union all select 'payment', 'pay_' || replace(id::text, '-', '') from perennial.payments
         union all select 'payment', charge_reference from perennial.payments
         union all select 'payment_method', reference from perennial.payment_methods
         union all select 'email', 'mail_' || replace(id::text, '-', '') from perennial.emails
         union all select 'event', event_id from perennial.lifecycle_events where type = 'subscription.created'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(names.len(), 14);
    for (kind, name) in names {
        let said = explain(&world, &name).await;
        assert_eq!(said["subject"]["kind"], kind, "{name}: {said}");
        if kind != "payment_method" {
            assert_eq!(
                said["standing"]["subscription"],
                ada.subscription.to_string(),
                "{name}: {said}"
            );
        }
    }
    let unknown = world.command().args(["explain", "pi_nobody"]).output().await.unwrap();
    assert_eq!(unknown.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("is not known here"));
}

#[tokio::test]
async fn the_next_charge_is_what_is_then_charged() {
    let (world, ada) = ada().await;
    let said = explain(&world, &ada.subscription.to_string()).await;
    assert_eq!(
        said["next_charge"],
        json!({ "at": "2026-02-28T12:00:00Z", "amount_minor": 4900, "chargeable": true })
    );
    assert_eq!(said["hindrances"], json!([]));
    world.live_until("2026-02-28T12:00:00Z").await;
    let charged = "select amount_minor from perennial.payments order by planned_at desc limit 1";
    assert_eq!(world.count(charged).await, 4900);
}

#[tokio::test]
async fn what_is_in_the_way_is_said_with_what_helps() {
    let (mut world, ada) = ada().await;
    world.kill_workers().await;
    sqlx::raw_sql(
        "update perennial.job_workers set seen_at = now() - interval '1 hour';
         select perennial.pause_queue('collect_payment')",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let cancel = json!({ "when": "period_end" });
    let subject = ada.subscription.0;
    world.emit("subscription.cancel_requested", subject, cancel, "ada/cancel").await.unwrap();
    let said = explain(&world, "ada@customers.example").await["hindrances"].to_string();
    for expected in [
        "`collect_payment` is paused: no charge is made until `select perennial.resume_queue('collect_payment')`",
        "No worker runs",
        "`perennial work`",
        "The event ada/cancel (subscription.cancel_requested) waits",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
