//! What a worker's log says of a story at info: one line for each thing that happened to money,
//! access or mail, with ids and amounts, and nothing personal.

use std::fs::{self, File};
use std::process::Stdio;

use perennial_sandbox::{MailAction, MailFault, Stage};
use perennial_tests::{Customer, World};
use serde_json::{Value, json};

use super::refunds::refund;
use super::world;

/// Part of every planted name and address.
const PLANTED: &str = "zebulon";

/// A world with a worker whose log is kept, and the log's file.
async fn logged(level: &str) -> (World, tokio::process::Child, std::path::PathBuf) {
    let world = world().await;
    let name = format!("perennial-log-{}-{level}.jsonl", perennial_jobs::ids::new().simple());
    let file = std::env::temp_dir().join(name);
    let mut command = world.command();
    command.args(["work", "--log", level, "--log-format", "json"]);
    let worker =
        command.stdout(Stdio::null()).stderr(File::create(&file).unwrap()).spawn().unwrap();
    (world, worker, file)
}

async fn pay_back_and_end(world: &World, customer: Customer) {
    let payment: uuid::Uuid = sqlx::query_scalar(
        "select id from perennial.payments where status = 'succeeded' order by settled_at limit 1",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    refund(world, payment, 9_00, "re_log").await;
    let cancel = json!({ "when": "now" });
    let subject = customer.subscription.0;
    world.emit("subscription.cancel_requested", subject, cancel, "log/cancel").await.unwrap();
    world.rest().await;
    // What has ended cannot go on.
    world.emit("subscription.cancel_undone", subject, json!({}), "log/undo").await.unwrap();
    world.rest().await;
}

/// The messages of a log, and all of its text.
fn read(file: &std::path::Path) -> (Vec<(String, String)>, String) {
    let text = fs::read_to_string(file).unwrap();
    fs::remove_file(file).unwrap();
    let messages = text.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        // What the command itself says to whoever started it.
        if line["target"] == "perennial" {
            return None;
        }
        let level = line["level"].as_str()?.to_owned();
        Some((level, line["fields"]["message"].as_str()?.to_owned()))
    });
    (messages.collect(), text)
}

#[tokio::test]
async fn a_log_tells_a_whole_story_without_a_name_or_an_address() {
    let (world, mut worker, file) = logged("info").await;
    world.inbox.add_fault(MailFault::new(Stage::Rcpt, MailAction::Reply(451)).times(1));
    let methods = ["pm_sbx_visa__ok__insufficient_funds__ok"];
    let customer = world.subscribe("zebulonquux", &methods, json!({})).await;
    world.rest().await;
    world.live_until("2026-03-02T00:00:00Z").await;
    pay_back_and_end(&world, customer).await;
    worker.kill().await.unwrap();
    let (messages, text) = read(&file);
    assert!(!text.to_lowercase().contains(PLANTED), "{text}");
    for (level, parts, times) in [
        ("INFO", &["charged 49.00 USD by pay_", "attempt 1 of inv_", "for sub_"][..], 1),
        ("INFO", &["declined (insufficient_funds) 49.00 USD by pay_"], 1),
        ("INFO", &["tries 49.00 USD again, attempt 2 of inv_"], 1),
        ("INFO", &["charged 49.00 USD by pay_", "attempt 2 of inv_"], 1),
        ("INFO", &["sub_", "is past_due now: payment_failed"], 1),
        ("INFO", &["sub_", "is active now: recovered"], 1),
        ("INFO", &["payment.refunded of 9.00 USD: pay_"], 1),
        ("INFO", &["sub_", "is canceled now: "], 1),
        ("INFO", &["sent receipt: mail_"], 2),
        ("INFO", &["sent payment_failed: mail_"], 1),
        ("INFO", &["sent recovered: mail_"], 1),
        ("WARN", &["event log/undo (subscription.cancel_undone) refused"], 1),
    ] {
        let found = messages
            .iter()
            .filter(|(of, message)| of == level && parts.iter().all(|part| message.contains(part)));
        assert_eq!(found.count(), times, "{parts:?}: {messages:#?}");
    }
    // Nothing at info is about the queue's own life.
    let queue = messages.iter().filter(|(level, message)| {
        level == "INFO" && !["pay_", "sub_", "mail_"].iter().any(|id| message.contains(id))
    });
    assert_eq!(queue.collect::<Vec<_>>(), Vec::<&(String, String)>::new());
}

#[tokio::test]
async fn the_queues_own_life_is_told_at_debug() {
    let (world, mut worker, file) = logged("perennial_queue=debug").await;
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    worker.kill().await.unwrap();
    let (messages, _) = read(&file);
    let signed_in =
        messages.iter().any(|(level, message)| level == "DEBUG" && message.contains("signed in"));
    assert!(signed_in, "{messages:#?}");
}
