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
async fn an_address_that_refuses_mail_gets_no_more_of_it_and_its_subscription_lives_on() {
    let world = receipt_meets(MailFault::new(Stage::Rcpt, MailAction::Reply(550)).times(1)).await;
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
    world.check().await;
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
