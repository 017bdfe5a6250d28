//! Puts a message together: what is written, and what goes in front of it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::letters::Letter;
use super::names::{Recipient, Sender, clean_display_name, clean_line};
use super::port::{Mailbox, OutgoingMail, Thread};
use super::render::{RenderError, render};

/// What the outbox knows of a message beside its letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// The email's deterministic key.
    pub key: &'a str,
    /// The key of the first email of the same dunning case, if it belongs to one.
    pub first_of_case: Option<&'a str>,
}

/// The Message-ID of the email with this key: sending it again repeats it, so that a mail
/// program that got it twice can tell.
#[must_use]
pub fn message_id(key: &str, sender: &Sender) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let mut id = String::from("<");
    for byte in digest.iter().take(16) {
        write!(id, "{byte:02x}").expect("a string takes what is written to it");
    }
    id + "@" + &sender.domain() + ">"
}

/// The whole message.
pub fn compose(
    letter: &Letter,
    occasion: Occasion<'_>,
    recipient: &Recipient,
    sender: &Sender,
) -> Result<OutgoingMail, RenderError> {
    let written = render(letter, recipient, sender)?;
    Ok(OutgoingMail {
        message_id: message_id(occasion.key, sender),
        thread: thread(occasion, sender),
        from: Mailbox {
            name: clean_display_name(&sender.product_name),
            address: sender.address.clone(),
        },
        reply_to: sender.reply_to(),
        to: Mailbox {
            name: clean_display_name(&recipient.name),
            address: recipient.address.clone(),
        },
        subject: written.subject,
        text: written.text,
        html: written.html,
        headers: headers(letter, recipient),
    })
}

/// All letters of a dunning case answer its first one.
fn thread(occasion: Occasion<'_>, sender: &Sender) -> Option<Thread> {
    let first = occasion.first_of_case.filter(|first| *first != occasion.key)?;
    let first = message_id(first, sender);
    Some(Thread { in_reply_to: first.clone(), references: vec![first] })
}

/// List-Unsubscribe only in a stream that can be muted: the other letters belong to a contract,
/// nobody subscribed to them.
fn headers(letter: &Letter, recipient: &Recipient) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("Content-Language", "en".to_owned()),
        ("X-Perennial-Letter", clean_line(letter.template())),
    ];
    if let (Some(_), Some(url)) = (letter.stream(), &recipient.unsubscribe_url) {
        headers.push(("List-Unsubscribe", format!("<{}>", clean_line(url))));
        // One click, without a page in between (RFC 8058).
        headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    headers
}
