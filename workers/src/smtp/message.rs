//! Turns a mail into what goes over the wire.

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as LettreMailbox, MessageBuilder, MultiPart, SinglePart};
use perennial_core::email;
use perennial_jobs::mail::{Mailbox, OutgoingMail, clean_display_name, clean_line};

/// A message and its envelope.
pub(super) struct Message {
    pub(super) from: Address,
    pub(super) to: Address,
    /// Headers and body with doubled dots, up to and including the final dot.
    pub(super) content: String,
}

impl Message {
    /// Formats `mail`. The error says what about it cannot be sent, now or ever.
    pub(super) fn format(mail: &OutgoingMail) -> Result<Self, String> {
        let (from, to) = (mailbox(&mail.from, "sender")?, mailbox(&mail.to, "recipient")?);
        let envelope = (from.email.clone(), to.email.clone());
        let mut builder = lettre::Message::builder()
            .from(from)
            .to(to)
            .subject(clean_line(&mail.subject))
            .message_id(Some(mail.message_id.clone()));
        if let Some(reply_to) = &mail.reply_to {
            builder = builder.reply_to(mailbox(reply_to, "Reply-To")?);
        }
        let message = with_headers(threaded(builder, mail), mail)?
            .multipart(parts(mail))
            .map_err(|error| format!("the message cannot be built: {error}"))?;
        let bytes = String::from_utf8(message.formatted());
        let content = bytes.map_err(|_| "the message is not UTF-8".to_owned())?;
        Ok(Self { from: envelope.0, to: envelope.1, content: dotted(&content) })
    }

    /// Whether every server can take it. Everything but the addresses is encoded, and of these only
    /// what stands before the `@` can be beyond ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.content.is_ascii()
    }
}

fn mailbox(of: &Mailbox, whose: &str) -> Result<LettreMailbox, String> {
    let wrong = |problem: &dyn std::fmt::Display| format!("the {whose}'s address {problem}");
    let parsed = email::Address::parse(&of.address).map_err(|error| wrong(&error))?;
    let address = Address::new(parsed.local(), parsed.domain()).map_err(|error| wrong(&error))?;
    // lettre panics on a line break in a name.
    let name = Some(clean_display_name(&of.name)).filter(|name| !name.is_empty());
    Ok(LettreMailbox::new(name, address))
}

fn threaded(builder: MessageBuilder, mail: &OutgoingMail) -> MessageBuilder {
    match &mail.thread {
        Some(thread) => {
            builder.in_reply_to(thread.in_reply_to.clone()).references(thread.references.join(" "))
        }
        None => builder,
    }
}

fn with_headers(builder: MessageBuilder, mail: &OutgoingMail) -> Result<MessageBuilder, String> {
    mail.headers.iter().try_fold(builder, |builder, (name, value)| {
        let name = HeaderName::new_from_ascii((*name).to_owned())
            .map_err(|_| format!("`{name}` is not a header's name"))?;
        Ok(builder.raw_header(HeaderValue::new(name, clean_line(value))))
    })
}

/// Quoted-printable on both: left to itself, lettre takes base64 for texts with many accents.
fn parts(mail: &OutgoingMail) -> MultiPart {
    let part = |kind: ContentType, body: &str| {
        SinglePart::builder()
            .header(kind)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
        .singlepart(part(ContentType::TEXT_HTML, &mail.html))
}

/// A dot at the start of a line is doubled, so that the single one means the end.
fn dotted(content: &str) -> String {
    let mut dotted = String::with_capacity(content.len() + 64);
    for line in content.split_inclusive("\r\n") {
        if line.starts_with('.') {
            dotted.push('.');
        }
        dotted.push_str(line);
    }
    if !dotted.ends_with("\r\n") {
        dotted.push_str("\r\n");
    }
    dotted + ".\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_dot_stands_alone_on_a_line() {
        assert_eq!(dotted("a\r\n.\r\n..b\r\nc.d"), "a\r\n..\r\n...b\r\nc.d\r\n.\r\n");
    }

    fn mail(name: &str, address: &str) -> OutgoingMail {
        let from = Mailbox { name: "Perennial".to_owned(), address: "b@x.example".to_owned() };
        OutgoingMail {
            message_id: "<1@x.example>".to_owned(),
            thread: None,
            from,
            reply_to: None,
            to: Mailbox { name: name.to_owned(), address: address.to_owned() },
            subject: "Hello\r\nBcc: all@x.example".to_owned(),
            text: "für 49,00\u{a0}€\n".repeat(20),
            html: "<p>x</p>".to_owned(),
            headers: vec![("Auto-Submitted", "auto-generated\r\nX-Evil: 1".to_owned())],
        }
    }

    #[test]
    fn hostile_names_subjects_and_headers_add_no_header_and_do_not_panic() {
        for name in ["Eve\r\nBcc: all@x.example", "Eve\nX", "a\0b", "", "\u{202E}evE", "Zoë, \"Z\""]
        {
            let message = Message::format(&mail(name, "eve@y.example")).unwrap();
            let headers = message.content.split("\r\n\r\n").next().unwrap();
            for line in headers.split("\r\n") {
                assert!(!line.starts_with("Bcc") && !line.starts_with("X-Evil"), "{headers}");
            }
            assert!(message.is_ascii());
            assert_eq!(message.content.matches("quoted-printable").count(), 2);
            assert!(!message.content.contains("base64"));
        }
    }

    #[test]
    fn an_address_that_is_none_is_told_without_quoting_it() {
        for address in ["", "nobody", "a@b@c\r\n", "x y@z"] {
            let told = Message::format(&mail("Eve", address)).err().unwrap();
            assert!(told.starts_with("the recipient's address is no mail address"), "{told}");
            assert!(address.is_empty() || !told.contains(address), "{told}");
        }
    }

    #[test]
    fn a_domain_beyond_ascii_goes_out_as_punycode_wherever_an_address_stands() {
        let abroad = |address: &str| Mailbox { name: "Ü".to_owned(), address: address.to_owned() };
        let mail = OutgoingMail {
            from: abroad("rechnung@bücher.example"),
            reply_to: Some(abroad("hilfe@bücher.example")),
            ..mail("Kunde", "kunde@bücher.example")
        };
        let message = Message::format(&mail).unwrap();
        assert!(message.is_ascii());
        assert_eq!(message.to.to_string(), "kunde@xn--bcher-kva.example");
        assert_eq!(message.from.to_string(), "rechnung@xn--bcher-kva.example");
        assert_eq!(message.content.matches("@xn--bcher-kva.example>").count(), 3);
        let local = Mailbox { address: "müller@bücher.example".to_owned(), ..mail.to.clone() };
        assert!(!Message::format(&OutgoingMail { to: local, ..mail }).unwrap().is_ascii());
    }
}
