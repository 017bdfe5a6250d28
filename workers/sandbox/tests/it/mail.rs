//! The inbox, with the mail client the product uses.

use std::time::{Duration, Instant};

use lettre::message::MultiPart;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use perennial_sandbox::{Inbox, InboxOptions, MailAction, MailFault, Stage};

const PATIENCE: Duration = Duration::from_secs(5);

fn letter(to: &str, subject: &str) -> Message {
    Message::builder()
        .from("Perennial <billing@example.com>".parse().unwrap())
        .to(to.parse().unwrap())
        .subject(subject)
        .message_id(Some("<receipt-1@example.com>".into()))
        .multipart(MultiPart::alternative_plain_html(
            ".a line with a dot\r\nÜber 49 €".to_owned(),
            "<p>Über 49 €</p>".to_owned(),
        ))
        .unwrap()
}

fn client(inbox: &Inbox) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(inbox.smtp_addr().ip().to_string())
        .port(inbox.smtp_addr().port())
        .timeout(Some(Duration::from_millis(300)))
        .build()
}

async fn inbox() -> Inbox {
    Inbox::start(InboxOptions::default()).await.unwrap()
}

#[tokio::test]
async fn a_mail_is_read_as_it_was_written() {
    let inbox = inbox().await;
    client(&inbox).send(letter("Ann <ann@example.com>", "Ihre Quittung für März")).await.unwrap();
    let mail = inbox.wait_for(PATIENCE, |mail| mail.is_to("ANN@example.com")).await.unwrap();
    assert_eq!(mail.subject.as_deref(), Some("Ihre Quittung für März"));
    assert_eq!(mail.message_id.as_deref(), Some("receipt-1@example.com"));
    assert_eq!(mail.text.as_deref(), Some(".a line with a dot\r\nÜber 49 €"));
    assert_eq!(mail.html.as_deref(), Some("<p>Über 49 €</p>"));
    assert_eq!(mail.header("from"), Some("Perennial <billing@example.com>"));
    assert_eq!(mail.header_to, ["Ann <ann@example.com>"]);
    assert_eq!(inbox.mails_to("ann@example.com").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_takes_no_delayed_acknowledgement() {
    const MAILS: u32 = 100;
    let inbox = inbox().await;
    let addr = inbox.smtp_addr();
    let taken = tokio::task::spawn_blocking(move || {
        let hello = ClientId::Domain("test.localhost".into());
        let mut connection = SmtpConnection::connect(addr, None, &hello, None, None).unwrap();
        let letter = letter("ann@example.com", "Receipt");
        let (envelope, raw) = (letter.envelope(), letter.formatted());
        let began = Instant::now();
        for _ in 0..MAILS {
            connection.send(envelope, &raw).unwrap();
        }
        began.elapsed() / MAILS
    });
    let each = taken.await.unwrap();
    assert_eq!(inbox.mails().len(), 100);
    // Without TCP_QUICKACK it is 40 ms and more.
    assert!(each < Duration::from_millis(10), "{each:?} per mail");
}

#[tokio::test]
async fn refusals_come_at_their_stage_with_their_code() {
    for (stage, code) in [
        (Stage::Connect, 421),
        (Stage::Mail, 451),
        (Stage::Rcpt, 550),
        (Stage::Data, 452),
        (Stage::AfterDot, 554),
    ] {
        let inbox = inbox().await;
        inbox.add_fault(MailFault::new(stage, MailAction::Reply(code)).times(1));
        let refused = client(&inbox).send(letter("ann@example.com", "x")).await.unwrap_err();
        assert_eq!(refused.status().map(u16::from), Some(code), "{stage:?}");
        assert_eq!(inbox.mails().len(), 0);
        client(&inbox).send(letter("ann@example.com", "x")).await.unwrap();
        assert_eq!(inbox.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_fault_may_concern_one_recipient() {
    let inbox = inbox().await;
    inbox.add_fault(MailFault::new(Stage::Rcpt, MailAction::Reply(550)).to("bob@example.com"));
    let client = client(&inbox);
    assert!(client.send(letter("bob@example.com", "x")).await.is_err());
    assert!(client.send(letter("ann@example.com", "x")).await.is_ok());
}

#[tokio::test]
async fn a_mail_kept_without_a_reply_looks_lost_to_its_sender() {
    for (action, kept) in [
        (MailAction::KeepAndStall, 1),
        (MailAction::KeepAndClose, 1),
        (MailAction::Stall, 0),
        (MailAction::Close, 0),
    ] {
        let inbox = inbox().await;
        inbox.add_fault(MailFault::new(Stage::AfterDot, action));
        // lettre's asynchronous transport waits for a reply for ever: its timeout is for connecting.
        let client = client(&inbox);
        let sending = client.send(letter("ann@example.com", "x"));
        let heard = tokio::time::timeout(Duration::from_millis(300), sending).await;
        assert!(!matches!(heard, Ok(Ok(_))), "{action:?}");
        assert_eq!(inbox.mails().len(), kept, "{action:?}");
    }
}

#[tokio::test]
async fn mails_are_also_files_if_asked() {
    let folder = std::env::temp_dir().join(format!("perennial-inbox-{}", std::process::id()));
    let options = InboxOptions { folder: Some(folder.clone()), ..InboxOptions::default() };
    let inbox = Inbox::start(options).await.unwrap();
    client(&inbox).send(letter("ann@example.com", "x")).await.unwrap();
    let written = std::fs::read(folder.join("1.eml")).unwrap();
    assert_eq!(inbox.mails()[0].raw, written);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_inbox_is_readable_over_http() {
    let inbox = inbox().await;
    for (to, subject) in [("ann@example.com", "One <b>"), ("bob@example.com", "Two")] {
        client(&inbox).send(letter(to, subject)).await.unwrap();
    }
    let base = format!("http://{}", inbox.http_addr());
    let read = |path: &str| crate::client::fetch(format!("{base}{path}"));
    assert!(read("/").await.contains("One &lt;b&gt;"));
    let list: serde_json::Value = serde_json::from_str(&read("/inbox?limit=1").await).unwrap();
    assert_eq!(list[0]["subject"], "Two");
    let list: serde_json::Value =
        serde_json::from_str(&read("/inbox?to=ann@example.com").await).unwrap();
    assert_eq!(list[0]["number"], 1);
    let one: serde_json::Value = serde_json::from_str(&read("/inbox/1").await).unwrap();
    assert_eq!(one["html"], "<p>Über 49 €</p>");
    assert_eq!(read("/inbox/1.html").await, "<p>Über 49 €</p>");
    assert!(read("/inbox/1.eml").await.starts_with("From: "));
    assert_eq!(read("/inbox/9").await, "there is no such mail\n");
}
