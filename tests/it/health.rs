//! `perennial check`: what it names beside broken invariants, and how its exit codes differ.

use perennial_tests::{Faults, World};
use serde_json::{Value, json};

use super::world;

/// What `check --json` says, and its exit code.
async fn check(world: &World) -> (Vec<Value>, Option<i32>) {
    let output = world.command().args(["check", "--json"]).output().await.unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, output.status.code())
}

/// A world in which ada has paid once, and no worker runs any more.
async fn quiet_world() -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    world
}

async fn plant(world: &World, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&world.pool).await.unwrap();
}

#[tokio::test]
async fn check_names_each_quiet_failure_with_its_own_exit_code() {
    let world = quiet_world().await;
    assert_eq!(check(&world).await, (vec![], Some(0)));
    for (finding, subject, planted) in [
        (
            "dead_job",
            "send_email",
            "insert into perennial.dead_jobs (id, queue, kind, reason, attempt, deaths, payload, payload_hash, created_at, key_held_until)
             values (1, 'send_email', 'exhausted', 'no luck', 20, 0, '{}', '', now(), now())",
        ),
        ("paused_queue", "collect_payment", "select perennial.pause_queue('collect_payment')"),
        (
            "expired_lease",
            "renew",
            "insert into perennial.jobs (queue, state, holder, lease_until, payload)
             values ('renew', 'running', gen_random_uuid(), now() - interval '1 hour', '{}')",
        ),
        (
            "no_worker",
            "workers",
            "update perennial.job_workers set seen_at = now() - interval '1 hour';
             insert into perennial.jobs (queue, state, payload) values ('renew', 'ready', '{}')",
        ),
        (
            "parked_subscription",
            "sub_",
            "update perennial.subscriptions
                set parked_reason = 'no such customer', parked_kind = 'request_rejected', parked_at = now(),
                    next_action = null, next_action_at = null",
        ),
        ("email_failed", "receipt", "update perennial.emails set status = 'failed'"),
        ("email_suppressed", "receipt", "update perennial.emails set status = 'suppressed'"),
        ("email_uncertain", "receipt", "update perennial.emails set status = 'uncertain'"),
        (
            "email_deferred",
            "receipt",
            "update perennial.emails
                set status = 'queued', due_at = queued_at, attempts = 1, reply = '450 later',
                    deferred_for = 'not_now', first_sent_at = now() - interval '2 hours'",
        ),
        (
            "mail_stopped",
            "mail server",
            "insert into perennial.mail_brake (refusals, since, reason, probe_at)
             values (3, now(), '550 5.7.1 blocked: SPF', now() + interval '1 hour')",
        ),
        (
            "unknown_outcome",
            "pay_",
            "update perennial.payments set status = 'unknown', inquiries = 3, settled_at = null, due_at = now() + interval '1 day'",
        ),
    ] {
        plant(&world, planted).await;
        let (lines, code) = check(&world).await;
        let found = lines.iter().find(|line| line["finding"] == finding);
        let found = found.unwrap_or_else(|| panic!("{finding}: {lines:#?}"));
        assert_eq!(found["severity"], "attention", "{found}");
        assert!(found["subject"].as_str().unwrap().starts_with(subject), "{found}");
        assert!(!found["remedy"].as_str().unwrap().is_empty(), "{found}");
        // A damaged row breaks an invariant, too; that is the louder code.
        let broken = lines.iter().any(|line| !line["invariant"].is_null());
        assert_eq!(code, Some(if broken { 1 } else { 2 }), "{finding}: {lines:#?}");
    }
}
