//! Letters on their way through the real adapter into the real inbox.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use perennial::smtp::{SmtpLimits, SmtpMailer, SmtpServer};
use perennial_core::currency::Currency;
use perennial_core::money::Money;
use perennial_jobs::mail::{
    AccessEnd, Delivery, GraceStarted, Letter, Mailer, Method, NextStep, Occasion, OutgoingMail,
    PaymentFailed, Reason, Recipient, Restriction, Sender, compose, message_id,
};
use perennial_sandbox::{Inbox, InboxOptions, MailAction, MailFault, Stage};

const ANN: &str = "ann@customer.example";

async fn inbox() -> Inbox {
    Inbox::start(InboxOptions::default()).await.unwrap()
}

fn mailer(inbox: &Inbox) -> SmtpMailer {
    let server = SmtpServer::parse(&format!("smtp://{}", inbox.smtp_addr())).unwrap();
    let limits = SmtpLimits {
        opening: Duration::from_millis(500),
        handing_over: Duration::from_millis(500),
        ..SmtpLimits::default()
    };
    SmtpMailer::with_limits(server, limits)
}

fn sender() -> Sender {
    Sender {
        address: "billing@perennial.example".to_owned(),
        product_name: "Perennial".to_owned(),
        billing_url: "https://perennial.example/billing".to_owned(),
        support_address: "help@perennial.example".to_owned(),
        public_url: None,
    }
}

fn failed() -> Letter {
    PaymentFailed {
        plan: "Professional".to_owned(),
        invoice_numbers: vec!["INV-000043".to_owned()],
        amount_due: Money::new(4_900, Currency::EUR),
        method: Some(Method::card("visa", "0341")),
        reason: Reason::from_decline_code("stolen_card"),
        attempt: 1,
        attempts_max: 5,
        next: NextStep::NewMethod,
        access_until: None,
        restriction: Restriction::None,
        awaited_until: None,
        canceled_for: None,
    }
    .into()
}

fn grace() -> Letter {
    GraceStarted {
        plan: "Professional".to_owned(),
        invoice_numbers: vec!["INV-000043".to_owned()],
        amount_due: Money::new(4_900, Currency::EUR),
        method: None,
        grace_ends_at: "2026-03-22T04:00:00Z".parse().unwrap(),
        then: AccessEnd::Suspended,
        restriction: Restriction::None,
        canceled_for: None,
    }
    .into()
}

fn mail_for(name: &str, letter: &Letter, key: &str, first_of_case: Option<&str>) -> OutgoingMail {
    let recipient = Recipient {
        address: ANN.to_owned(),
        name: name.to_owned(),
        locale: "de-DE".to_owned(),
        zone: Tz::Europe__Berlin,
        unsubscribe_url: None,
    };
    compose(letter, Occasion { key, first_of_case }, &recipient, &sender()).unwrap()
}

fn mail() -> OutgoingMail {
    mail_for("Ann", &failed(), "case-1/payment_failed/1", None)
}

#[tokio::test]
async fn a_letter_is_read_as_it_was_written_and_its_case_is_one_thread() {
    let inbox = inbox().await;
    let mailer = mailer(&inbox);
    let first = mail_for("Ann Größe", &failed(), "case-1/1", Some("case-1/1"));
    let second = mail_for("Ann Größe", &grace(), "case-1/2", Some("case-1/1"));
    assert!(matches!(mailer.send(&first).await, Delivery::Sent { .. }));
    assert!(matches!(mailer.send(&second).await, Delivery::Sent { .. }));
    let mails = inbox.mails_to(ANN);
    let [one, two] = mails.as_slice() else { panic!("{mails:?}") };

    assert_eq!(
        one.subject.as_deref(),
        Some("Action needed: please use another card for Professional")
    );
    assert_eq!(two.subject.as_deref(), Some(second.subject.as_str()));
    assert!(two.subject.as_ref().unwrap().contains("€49.00"));
    assert_eq!(two.text.as_ref().unwrap().replace("\r\n", "\n"), second.text);
    assert_eq!(two.html.as_ref().unwrap().replace("\r\n", "\n"), second.html);
    assert_eq!(one.header_to, [format!("Ann Größe <{ANN}>")]);
    assert_eq!(one.header("From"), Some("Perennial <billing@perennial.example>"));
    assert_eq!(one.header("Reply-To"), Some("Perennial <help@perennial.example>"));
    assert_eq!(one.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(one.header("X-Auto-Response-Suppress"), Some("All"));
    assert_eq!(one.header("Content-Language"), Some("en"));
    assert_eq!(one.header("List-Unsubscribe"), None);
    let root = message_id("case-1/1", &sender());
    assert_eq!(one.header("Message-ID"), Some(root.as_str()));
    assert_eq!((one.header("In-Reply-To"), one.header("References")), (None, None));
    assert_eq!(two.header("In-Reply-To"), Some(root.as_str()));
    assert_eq!(two.header("References"), Some(root.as_str()));
    let raw = String::from_utf8_lossy(&two.raw).into_owned();
    assert!(raw.is_ascii() && !raw.contains("base64"));
    assert!(raw.lines().all(|line| line.len() <= 998), "a line longer than SMTP allows");
}

#[tokio::test]
async fn a_hostile_name_neither_stops_the_mail_nor_adds_a_header() {
    let inbox = inbox().await;
    let mailer = mailer(&inbox);
    for name in
        ["Eve\nX", "Eve\r\nBcc: all@customer.example", "a\0b", "\u{202E}evE", "<script>", ""]
    {
        let mut mail = mail_for(name, &failed(), name, None);
        // Even if somebody forgot to clean it.
        mail.to.name = name.to_owned();
        assert!(matches!(mailer.send(&mail).await, Delivery::Sent { .. }), "{name:?}");
    }
    for mail in inbox.mails() {
        assert_eq!(mail.to, [ANN]);
        assert_eq!(mail.header("Bcc"), None);
        assert!(!mail.html.as_ref().unwrap().contains("<script>"));
    }
}

#[tokio::test]
async fn each_fault_is_told_apart_at_each_stage() {
    use MailAction::{Close, KeepAndClose, KeepAndStall, Reply, Stall};
    let inbox = inbox().await;
    let cases = [
        (Stage::Connect, Reply(421), "answered 421 at Greeting"),
        (Stage::Connect, Close, "not reached"),
        (Stage::Connect, Stall, "not reached"),
        (Stage::Mail, Reply(451), "answered 451 at Sender"),
        (Stage::Rcpt, Reply(450), "answered 450 at Recipient"),
        (Stage::Rcpt, Reply(550), "answered 550 at Recipient"),
        (Stage::Data, Reply(451), "answered 451 at Message"),
        (Stage::Data, Stall, "not reached"),
        (Stage::AfterDot, Reply(452), "answered 452 at Message"),
        (Stage::AfterDot, Reply(554), "answered 554 at Message"),
        (Stage::AfterDot, Close, "uncertain"),
        (Stage::AfterDot, Stall, "uncertain"),
        (Stage::AfterDot, KeepAndClose, "uncertain, kept"),
        (Stage::AfterDot, KeepAndStall, "uncertain, kept"),
    ];
    for (stage, action, expected) in cases {
        inbox.clear();
        inbox.clear_faults();
        inbox.add_fault(MailFault::new(stage, action));
        let mut told = match mailer(&inbox).send(&mail()).await {
            Delivery::Sent { .. } => "sent".to_owned(),
            Delivery::Answered(reply) => format!("answered {} at {:?}", reply.code, reply.step),
            Delivery::NotReached { .. } => "not reached".to_owned(),
            Delivery::Unsendable { .. } => "unsendable".to_owned(),
            Delivery::Uncertain { .. } => "uncertain".to_owned(),
        };
        if inbox.mails().len() == 1 {
            told += ", kept";
        }
        assert_eq!(told, expected, "{stage:?} {action:?}");
    }
}

#[tokio::test]
async fn a_mail_sent_again_after_uncertainty_bears_the_same_message_id() {
    let inbox = inbox().await;
    let mailer = mailer(&inbox);
    inbox.add_fault(MailFault::new(Stage::AfterDot, MailAction::KeepAndClose).times(1));
    assert!(matches!(mailer.send(&mail()).await, Delivery::Uncertain { .. }));
    assert!(matches!(mailer.send(&mail()).await, Delivery::Sent { .. }));
    let mails = inbox.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id, mails[1].message_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_mails_go_out_together() {
    let inbox = inbox().await;
    // (with the limits of a worker: a busy machine is no fault of the server)
    let server = SmtpServer::parse(&format!("smtp://{}", inbox.smtp_addr())).unwrap();
    let mailer = Arc::new(SmtpMailer::with_limits(server, SmtpLimits::default()));
    let sending: Vec<_> = (0..200)
        .map(|number| {
            let mailer = Arc::clone(&mailer);
            tokio::spawn(async move {
                let mail = mail_for("Ann", &failed(), &format!("key-{number}"), None);
                mailer.send(&mail).await
            })
        })
        .collect();
    for delivery in sending {
        assert!(matches!(delivery.await.unwrap(), Delivery::Sent { .. }));
    }
    let mut ids: Vec<_> = inbox.mails().iter().map(|mail| mail.message_id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 200);
}
