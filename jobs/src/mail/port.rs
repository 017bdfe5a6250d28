//! The mail port: one message in, one of four answers out.

use futures::future::BoxFuture;

/// An address with a display name. Never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name, already cleaned; may be empty.
    pub name: String,
    /// The address.
    pub address: String,
}

/// The messages before this one in its conversation, as Message-IDs with their angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// What this one answers.
    pub in_reply_to: String,
    /// All that came before, oldest first.
    pub references: Vec<String>,
}

/// One message, ready to be carried.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Derived from the email's key, with angle brackets: sending again repeats it.
    pub message_id: String,
    /// Its place in a conversation.
    pub thread: Option<Thread>,
    /// Who it is from.
    pub from: Mailbox,
    /// Who it goes to.
    pub to: Mailbox,
    /// One line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// Further headers, name and one-line value.
    pub headers: Vec<(&'static str, String)>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it.
    Sent {
        /// Its words, often with its own name for the message.
        reply: String,
    },
    /// The server did not take it, and may later: 4xx, no connection, anything that broke before
    /// the message was on its way, or a 5xx that is about us (greeting, login, our own address).
    Deferred {
        /// The SMTP reply code, if there was a reply.
        code: Option<u16>,
        /// What happened.
        reason: String,
    },
    /// The server refuses this recipient or message for good (5xx): the address is suppressed.
    Refused {
        /// The SMTP reply code; none if the address is no address.
        code: Option<u16>,
        /// What happened.
        reason: String,
    },
    /// The message was on its way and no answer came: it may have been delivered.
    Uncertain {
        /// What happened.
        reason: String,
    },
}

/// What carries messages. A call has a deadline of its own, never sleeps and sends at most once:
/// trying again is the caller's decision.
pub trait Mailer: Send + Sync + 'static {
    /// Sends one message. A reply or a reason never quotes the message's text.
    fn send<'a>(&'a self, message: &'a OutgoingMail) -> BoxFuture<'a, Delivery>;
}
