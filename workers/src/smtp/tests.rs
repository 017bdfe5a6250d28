//! Each way in which a server can answer, or not.

mod scripted;

use std::time::Duration;

use perennial_core::email::{Reply, Step};
use perennial_jobs::mail::{Delivery, Mailbox, Mailer, OutgoingMail, Thread};

use self::scripted::{Act, Server};
use super::{SmtpLimits, SmtpMailer, SmtpServer};

fn mail() -> OutgoingMail {
    let mailbox =
        |name: &str, address: &str| Mailbox { name: name.to_owned(), address: address.to_owned() };
    OutgoingMail {
        message_id: "<00ff@perennial.example>".to_owned(),
        thread: Some(Thread {
            in_reply_to: "<00aa@perennial.example>".to_owned(),
            references: vec!["<00aa@perennial.example>".to_owned()],
        }),
        from: mailbox("Perennial", "billing@perennial.example"),
        to: mailbox("Jürgen, \"J\" Groß", "juergen@customer.example"),
        subject: "Receipt: 49,00\u{a0}€".to_owned(),
        text: "Grüße\n.\n.. dots\n".to_owned(),
        html: "<p>Grüße</p>\n".to_owned(),
        reply_to: None,
        headers: vec![
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("Content-Language", "en".to_owned()),
        ],
    }
}

/// Impatient, so that a server that hangs is given up at once.
fn mailer(url: &str) -> SmtpMailer {
    let limits = SmtpLimits {
        connections_max: 4,
        opening: Duration::from_secs(5),
        handing_over: Duration::from_millis(200),
        ..SmtpLimits::default()
    };
    SmtpMailer::with_limits(SmtpServer::parse(url).unwrap(), limits)
}

async fn delivery(script: &[(&'static str, Act)]) -> Delivery {
    let server = Server::start(script).await;
    mailer(&server.url).send(&mail()).await
}

#[tokio::test]
async fn a_message_arrives_with_its_headers_and_both_parts() {
    let server = Server::start(&[]).await;
    let sent = mailer(&server.url).send(&mail()).await;
    assert_eq!(sent, Delivery::Sent { reply: "250 queued as 7".to_owned() });
    let message = &server.messages()[0];
    for needed in [
        "Message-ID: <00ff@perennial.example>\r\n",
        "In-Reply-To: <00aa@perennial.example>\r\n",
        "References: <00aa@perennial.example>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Language: en\r\n",
        "MIME-Version: 1.0\r\n",
        "Date: ",
        "<juergen@customer.example>\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Gr=C3=BC=C3=9Fe\r\n..\r\n... dots\r\n",
    ] {
        assert!(message.contains(needed), "no {needed:?} in\n{message}");
    }
    assert!(message.is_ascii() && !message.contains("base64"));
    assert!(!message.contains("List-Unsubscribe"));
}

#[tokio::test]
async fn what_the_server_says_is_passed_on_with_the_step_and_without_the_address() {
    let cases = [
        ("greeting", "421 not now", Step::Greeting, 421, "not now"),
        ("greeting", "554 no service here", Step::Greeting, 554, "no service here"),
        ("MAIL", "451 try again", Step::Sender, 451, "try again"),
        ("MAIL", "550 who are you", Step::Sender, 550, "who are you"),
        ("RCPT", "450 greylisted", Step::Recipient, 450, "greylisted"),
        (
            "RCPT",
            "550-5.1.1 <juergen@customer.example>:\r\n550 5.1.1 unknown",
            Step::Recipient,
            550,
            "5.1.1 <address> unknown",
        ),
        ("DATA", "554 5.7.1 no", Step::Message, 554, "5.7.1 no"),
        ("message", "552 5.2.2 mailbox full", Step::Message, 552, "5.2.2 mailbox full"),
        ("message", "421 going down", Step::Message, 421, "going down"),
    ];
    for (at, said, step, code, text) in cases {
        let expected = Delivery::Answered(Reply { step, code, text: text.to_owned() });
        assert_eq!(delivery(&[(at, Act::Say(said))]).await, expected, "{at} {said}");
    }
}

#[tokio::test]
async fn a_local_part_beyond_ascii_needs_a_server_that_offers_smtputf8_and_a_domain_does_not() {
    let to = |address: &str| {
        let to = Mailbox { address: address.to_owned(), ..mail().to };
        OutgoingMail { to, ..mail() }
    };
    let plain = Server::start(&[]).await;
    let sent = mailer(&plain.url).send(&to("kunde@bücher.example")).await;
    assert!(matches!(sent, Delivery::Sent { .. }), "{sent:?}");
    assert!(plain.messages()[0].contains("<kunde@xn--bcher-kva.example>"));
    match mailer(&plain.url).send(&to("müller@bücher.example")).await {
        Delivery::Unsendable { reason } => assert!(reason.contains("SMTPUTF8"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(plain.messages().len(), 1);
    let able =
        Server::start(&[("EHLO", Act::Say("250-here\r\n250-8BITMIME\r\n250 SMTPUTF8"))]).await;
    let sent = mailer(&able.url).send(&to("müller@bücher.example")).await;
    assert!(matches!(sent, Delivery::Sent { .. }), "{sent:?}");
    assert!(able.messages()[0].contains("müller@xn--bcher-kva.example"));
}

#[tokio::test]
async fn replies_go_to_where_help_is() {
    let server = Server::start(&[]).await;
    let help = Mailbox { name: "Perennial".to_owned(), address: "help@acme.example".to_owned() };
    let mail = OutgoingMail { reply_to: Some(help), ..mail() };
    mailer(&server.url).send(&mail).await;
    assert!(server.messages()[0].contains("Reply-To: Perennial <help@acme.example>\r\n"));
}

#[tokio::test]
async fn silence_is_uncertain_only_once_the_message_is_on_its_way() {
    for act in [Act::Hang, Act::Close, Act::Say("nonsense"), Act::Say("354 what")] {
        let delivery = delivery(&[("message", act)]).await;
        assert!(matches!(delivery, Delivery::Uncertain { .. }), "{delivery:?}");
    }
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA"] {
        for act in [Act::Close, Act::Say("nonsense")] {
            let delivery = delivery(&[(step, act)]).await;
            assert!(matches!(delivery, Delivery::NotReached { .. }), "{delivery:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_before_the_message_is_given_up_and_nothing_was_sent() {
    let server = Server::start(&[("DATA", Act::Hang)]).await;
    let limits = SmtpLimits { opening: Duration::from_millis(200), ..SmtpLimits::default() };
    let mailer = SmtpMailer::with_limits(SmtpServer::parse(&server.url).unwrap(), limits);
    assert!(matches!(mailer.send(&mail()).await, Delivery::NotReached { .. }));
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn nobody_listening_is_a_reason_to_try_later() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("smtp://{}", listener.local_addr().unwrap())
    };
    match mailer(&url).send(&mail()).await {
        Delivery::NotReached { reason } => {
            assert!(reason.contains("refused"), "{reason}")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_password_defers_and_blames_no_recipient() {
    let server = Server::start(&[("AUTH", Act::Say("535 wrong"))]).await;
    let url = server.url.replace("smtp://", "smtp://us:secret@");
    match mailer(&url).send(&mail()).await {
        Delivery::Answered(Reply { step: Step::Login, code: 535, text }) => {
            assert!(!text.contains("secret"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_is_used_again_even_after_a_refusal() {
    let server = Server::start(&[("RCPT", Act::Say("550 no"))]).await;
    let mailer = mailer(&server.url);
    assert!(matches!(mailer.send(&mail()).await, Delivery::Answered(_)));
    assert!(matches!(mailer.send(&mail()).await, Delivery::Sent { .. }));
    assert!(matches!(mailer.send(&mail()).await, Delivery::Sent { .. }));
    assert_eq!((server.connections(), server.messages().len()), (1, 2));
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_replaced_and_the_mail_is_sent_once() {
    for gone in [Act::Close, Act::Say("421 you were idle")] {
        let server = Server::start(&[("MAIL", Act::Say("250 ok")), ("MAIL", gone)]).await;
        let mailer = mailer(&server.url);
        assert!(matches!(mailer.send(&mail()).await, Delivery::Sent { .. }));
        assert!(matches!(mailer.send(&mail()).await, Delivery::Sent { .. }));
        assert_eq!((server.connections(), server.messages().len()), (2, 2));
    }
}

#[tokio::test]
async fn no_more_connections_are_opened_than_allowed() {
    let server = Server::start(&[]).await;
    let (mailer, mail) = (mailer(&server.url), mail());
    let deliveries = futures::future::join_all((0..40).map(|_| mailer.send(&mail))).await;
    assert!(deliveries.iter().all(|delivery| matches!(delivery, Delivery::Sent { .. })));
    assert_eq!(server.messages().len(), 40);
    assert!(server.connections() <= 4, "{}", server.connections());
    mailer.close().await;
}
