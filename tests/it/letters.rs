//! What becomes of the outbox's rows when the mail server defers, refuses, or falls silent.

use perennial_sandbox::{MailAction, MailFault, Stage};
use perennial_tests::{Faults, World};
use serde_json::json;

use super::world;

/// A world whose first letter, a receipt, meets this fault.
async fn receipt_meets(fault: MailFault) -> World {
    let mut world = world().await;
    world.inbox.add_fault(fault);
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world
}

async fn world_after_the_first_receipt(method: &str) -> World {
    let mut world = world().await;
    world.work(Faults::None);
    world.subscribe("ada", &[method], json!({})).await;
    world.rest().await;
    world
}

async fn execute(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(&world.pool).await.unwrap();
}

/// The outbox: template, status, how often handed over.
async fn outbox(world: &World) -> Vec<(String, String, i32)> {
    let rows = sqlx::query_as(
        "select template, status, attempts from perennial.emails order by queued_at, template",
    );
    rows.fetch_all(&world.pool).await.unwrap()
}

fn row(template: &str, status: &str, attempts: i32) -> (String, String, i32) {
    (template.to_owned(), status.to_owned(), attempts)
}

#[tokio::test]
async fn a_letter_that_is_deferred_is_sent_later() {
    let world = receipt_meets(MailFault::new(Stage::Rcpt, MailAction::Reply(450)).times(1)).await;
    assert_eq!(outbox(&world).await, [row("receipt", "sent", 2)]);
    assert_eq!(world.inbox.mails().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn an_address_that_does_not_exist_gets_no_more_mail_and_its_subscription_lives_on() {
    let fault = MailFault::new(Stage::Rcpt, MailAction::Reply(550)).saying("5.1.1 no such user");
    let world = receipt_meets(fault.times(1)).await;
    assert_eq!(outbox(&world).await, [row("receipt", "failed", 1)]);
    assert_eq!(world.count("select count(*) from perennial.email_suppressions").await, 1);
    world.live_until("2026-03-01T00:00:00Z").await;
    assert_eq!(
        outbox(&world).await,
        [row("receipt", "failed", 1), row("receipt", "suppressed", 0)]
    );
    assert_eq!(world.inbox.mails().len(), 0);
    assert_eq!(
        world.count("select count(*) from perennial.invoices where status = 'paid'").await,
        2
    );
    // The customer has the mailbox back: it is told of what comes from now on.
    let lifted = world.count(
        "select perennial.lift_suppression(' ADA@customers.example')::integer::bigint
              + perennial.lift_suppression('ada@customers.example')::integer",
    );
    assert_eq!(lifted.await, 1);
    world.live_until("2026-04-01T00:00:00Z").await;
    assert_eq!(world.inbox.mails().len(), 1);
    world.check().await;
}

/// What the command line prints.
async fn said(world: &World, arguments: &[&str]) -> String {
    let ended = world.command().args(arguments).output().await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

#[tokio::test]
async fn an_operator_reads_why_an_email_did_not_arrive_and_sends_it_again() {
    let fault = MailFault::new(Stage::Rcpt, MailAction::Reply(550)).saying("5.1.1 no such user");
    let world = receipt_meets(fault.times(1)).await;
    let listed = said(&world, &["email", "list", "--outcome", "failed", "--json"]).await;
    let row: serde_json::Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!((&row["template"], &row["outcome"]), (&json!("receipt"), &json!("failed")));
    assert_eq!(row["reason"], json!("550 5.1.1 no such user"));
    assert!(said(&world, &["email", "suppressions"]).await.contains("ada@customers.example"));
    let subscription =
        sqlx::query_scalar::<_, uuid::Uuid>("select id from perennial.subscriptions")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    let subscription = perennial_core::ids::SubscriptionId(subscription).to_string();
    let told = said(&world, &["explain", &subscription]).await;
    assert!(told.contains("receipt: failed: 550 5.1.1 no such user"), "{told}");
    said(&world, &["email", "lift", "ada@customers.example"]).await;
    said(&world, &["email", "resend", row["email"].as_str().unwrap()]).await;
    world.rest().await;
    assert_eq!(world.inbox.mails().len(), 1);
    let told = said(&world, &["explain", &subscription]).await;
    assert!(told.contains("receipt: sent"), "{told}");
}

#[tokio::test]
async fn a_full_mailbox_is_tried_again_and_never_suppressed() {
    let fault = MailFault::new(Stage::Rcpt, MailAction::Reply(552)).saying("5.2.2 mailbox full");
    let world = receipt_meets(fault.times(3)).await;
    assert_eq!(outbox(&world).await, [row("receipt", "sent", 4)]);
    assert_eq!(world.count("select count(*) from perennial.email_suppressions").await, 0);
    assert_eq!(world.count("select count(*) from perennial.mail_brake").await, 0);
}

#[tokio::test]
async fn an_email_that_no_server_takes_for_five_days_has_failed_and_its_address_stays_good() {
    let mut world = world().await;
    world.set("PERENNIAL_MAIL_RETRY_MS", "3600000");
    world.inbox.add_fault(
        MailFault::new(Stage::Rcpt, MailAction::Reply(552)).saying("5.2.2 mailbox full"),
    );
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    let deferred =
        "select count(*) from perennial.emails where deferred_for = 'mailbox_unavailable'";
    world.wait_until("the email is put off", async |_| world.count(deferred).await == 1).await;
    execute(&world, "update perennial.emails set retry_at = now(), first_sent_at = first_sent_at - interval '5 days'").await;
    let failed = "select count(*) from perennial.emails where status = 'failed' and reply like 'not taken for 5 days%'";
    world.wait_until("it is given up", async |_| world.count(failed).await == 1).await;
    assert_eq!(world.count("select count(*) from perennial.email_suppressions").await, 0);
    world.check().await;
}

#[tokio::test]
async fn a_server_that_refuses_us_stops_all_mail_but_for_probes_and_nobody_is_suppressed() {
    let mut world = world().await;
    // Long enough for the probes to be ours to count.
    world.set("PERENNIAL_MAIL_RETRY_MS", "3600000");
    world.inbox.add_fault(
        MailFault::new(Stage::AfterDot, MailAction::Reply(554)).saying("5.7.1 blocked: SPF"),
    );
    world.work(Faults::None);
    for number in 0..12 {
        world.subscribe(&format!("c{number}"), &["pm_sbx_visa__ok"], json!({})).await;
    }
    let held = "select count(*) from perennial.mail_brake where refusals >= 3";
    world.wait_until("the brake holds", async |_| world.count(held).await == 1).await;
    let at_rest = "select count(*) from perennial.emails where status = 'sending'
                   or exists (select from perennial.jobs)";
    world.wait_until("nothing is under way", async |_| world.count(at_rest).await == 0).await;
    let tried = "select sum(attempts)::bigint from perennial.emails";
    let before = world.count(tried).await;
    assert!((3..=12).contains(&before), "{before}");
    // A probe is due: one email is tried, and all others wait.
    execute(&world, "update perennial.mail_brake set probe_at = now()").await;
    world.wait_until("a probe", async |_| world.count(tried).await == before + 1).await;
    world.wait_until("its end", async |_| world.count(at_rest).await == 0).await;
    assert_eq!(world.count(held).await, 1);
    assert_eq!(world.count("select count(*) from perennial.email_suppressions").await, 0);
    // The server takes mail again: the next probe lets everything go.
    world.inbox.clear_faults();
    execute(&world, "update perennial.mail_brake set probe_at = now()").await;
    let sent = "select count(*) from perennial.emails where status = 'sent'";
    world.wait_until("all is sent", async |_| world.count(sent).await == 12).await;
    assert_eq!(world.count("select count(*) from perennial.mail_brake").await, 0);
    assert_eq!(world.inbox.mails().len(), 12);
    world.check().await;
}

#[tokio::test]
async fn what_one_recipients_server_has_against_us_stops_nobody_elses_mail() {
    let mut world = world().await;
    let fault = MailFault::new(Stage::Rcpt, MailAction::Reply(550)).saying("5.7.1 not from you");
    world.inbox.add_fault(fault.to("ada@customers.example").times(4));
    world.work(Faults::None);
    world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.subscribe("bob", &["pm_sbx_visa__ok"], json!({})).await;
    let bobs = "select count(*) from perennial.emails where status = 'sent'";
    world.wait_until("bob has his", async |_| world.count(bobs).await >= 1).await;
    // Four refusals of the one, however often it is tried, are no brake for the others.
    let held = "select count(*) from perennial.mail_brake where refusals >= 3";
    world.wait_until("ada has hers", async |_| world.count(bobs).await == 2).await;
    assert_eq!(world.count(held).await, 0);
    world.rest().await;
    assert_eq!(world.inbox.mails().len(), 2);
    assert_eq!(world.count("select count(*) from perennial.email_suppressions").await, 0);
    world.check().await;
}

#[tokio::test]
async fn an_email_put_off_until_it_is_no_longer_so_is_withdrawn() {
    let mut world = world().await;
    world.set("PERENNIAL_MAIL_RETRY_MS", "3600000");
    world.work(Faults::None);
    let trial = json!({ "trial_end": "2026-02-15T00:00:00Z" });
    world.subscribe("ada", &["pm_sbx_visa__ok"], trial).await;
    world.inbox.add_fault(MailFault::new(Stage::Rcpt, MailAction::Reply(451)).times(1));
    world.rest().await;
    world.set_clock_to_next_due().await;
    let waiting = "select count(*) from perennial.emails
                   where template = 'trial_ending' and deferred_for = 'not_now'";
    world.wait_until("the email is put off", async |_| world.count(waiting).await == 1).await;
    // The trial ends before the server takes mail again.
    world.set_clock_to_next_due().await;
    execute(&world, "update perennial.emails set retry_at = now() where retry_at is not null")
        .await;
    world.rest().await;
    let rows = outbox(&world).await;
    assert!(rows.contains(&row("trial_ending", "withdrawn", 1)), "{rows:?}");
}

#[tokio::test]
async fn a_receipt_of_which_nobody_knows_whether_it_arrived_is_sent_again_under_the_same_message_id()
 {
    let world =
        receipt_meets(MailFault::new(Stage::AfterDot, MailAction::KeepAndClose).times(1)).await;
    assert_eq!(outbox(&world).await, [row("receipt", "sent", 2)]);
    let mails = world.inbox.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, mails[1].message_id);
    world.check().await;
}

#[tokio::test]
async fn a_receipt_is_not_sent_for_ever_to_a_server_that_never_answers() {
    let world = receipt_meets(MailFault::new(Stage::AfterDot, MailAction::KeepAndClose)).await;
    assert_eq!(outbox(&world).await, [row("receipt", "uncertain", 2)]);
    assert_eq!(world.inbox.mails().len(), 2);
    world.check().await;
}

#[tokio::test]
async fn a_warning_of_which_nobody_knows_whether_it_arrived_is_not_repeated() {
    let world = world_after_the_first_receipt("pm_sbx_visa__ok1__insufficient_funds1__ok").await;
    world.inbox.add_fault(MailFault::new(Stage::AfterDot, MailAction::KeepAndClose).times(1));
    world.set_clock_to_next_due().await;
    world.rest().await;
    assert_eq!(
        outbox(&world).await,
        [row("receipt", "sent", 1), row("payment_failed", "uncertain", 1)]
    );
    assert_eq!(world.inbox.mails().len(), 2);
    world.check().await;
}

/// The server has the mail, its reply is on the way, and the worker dies (C4 of E5).
async fn worker_dies_before_the_reply(world: &mut World) {
    let had = world.inbox.mails().len();
    world.inbox.add_fault(MailFault::new(Stage::AfterDot, MailAction::KeepAndStall).times(1));
    world.set_clock_to_next_due().await;
    world.wait_until("the server has the mail", async |_| world.inbox.mails().len() > had).await;
    world.kill_workers().await;
    world.work(Faults::None);
    world.rest().await;
    world.check().await;
}

#[tokio::test]
async fn a_receipt_whose_worker_died_before_the_reply_is_sent_again() {
    let mut world = world_after_the_first_receipt("pm_sbx_visa__ok").await;
    worker_dies_before_the_reply(&mut world).await;
    assert_eq!(outbox(&world).await, [row("receipt", "sent", 1), row("receipt", "sent", 2)]);
    assert_eq!(world.inbox.mails().len(), 3);
}

#[tokio::test]
async fn a_warning_whose_worker_died_before_the_reply_is_left_uncertain() {
    let mut world =
        world_after_the_first_receipt("pm_sbx_visa__ok1__insufficient_funds1__ok").await;
    worker_dies_before_the_reply(&mut world).await;
    assert_eq!(
        outbox(&world).await,
        [row("receipt", "sent", 1), row("payment_failed", "uncertain", 1)]
    );
    assert_eq!(world.inbox.mails().len(), 2);
}
