//! Each way in which a server can answer, or not.

mod scripted;

use std::time::Duration;

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
async fn what_the_server_says_tells_a_later_try_from_a_lost_cause() {
    let deferred = [
        ("greeting", "421 not now", None),
        ("greeting", "554 no service here", Some(554)),
        ("MAIL", "451 try again", Some(451)),
        // About us, not about the recipient: nobody's address is suppressed for it.
        ("MAIL", "550 who are you", Some(550)),
        ("RCPT", "450 greylisted", Some(450)),
        ("RCPT", "452 too many", Some(452)),
        ("DATA", "451 try again", Some(451)),
        ("message", "452 disk full", Some(452)),
        ("message", "421 going down", Some(421)),
    ];
    for (step, said, expected) in deferred {
        match delivery(&[(step, Act::Say(said))]).await {
            Delivery::Deferred { code, .. } => assert_eq!(code, expected, "{step} {said}"),
            other => panic!("{step} {said}: {other:?}"),
        }
    }
    let refused = [
        ("RCPT", "550 5.1.1 <juergen@customer.example>: unknown", 550),
        ("RCPT", "553 no such name", 553),
        ("DATA", "554 no", 554),
        ("message", "552 too big", 552),
        ("message", "554 5.7.1 refused", 554),
    ];
    for (step, said, expected) in refused {
        match delivery(&[(step, Act::Say(said))]).await {
            Delivery::Refused { code, reason } => {
                assert_eq!(code, Some(expected), "{step} {said}");
                assert!(!reason.contains("juergen"), "{reason}");
            }
            other => panic!("{step} {said}: {other:?}"),
        }
    }
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
            assert!(matches!(delivery, Delivery::Deferred { code: None, .. }), "{delivery:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_before_the_message_is_given_up_and_nothing_was_sent() {
    let server = Server::start(&[("DATA", Act::Hang)]).await;
    let limits = SmtpLimits { opening: Duration::from_millis(200), ..SmtpLimits::default() };
    let mailer = SmtpMailer::with_limits(SmtpServer::parse(&server.url).unwrap(), limits);
    assert!(matches!(mailer.send(&mail()).await, Delivery::Deferred { code: None, .. }));
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn nobody_listening_is_a_reason_to_try_later() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("smtp://{}", listener.local_addr().unwrap())
    };
    match mailer(&url).send(&mail()).await {
        Delivery::Deferred { code: None, reason } => {
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
        Delivery::Deferred { code: Some(535), reason } => assert!(!reason.contains("secret")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_is_used_again_even_after_a_refusal() {
    let server = Server::start(&[("RCPT", Act::Say("550 no"))]).await;
    let mailer = mailer(&server.url);
    assert!(matches!(mailer.send(&mail()).await, Delivery::Refused { .. }));
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
