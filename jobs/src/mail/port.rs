//! The mail port: one message in, one of five answers out.

use futures::future::BoxFuture;
use perennial_core::email::{Reply, Verdict, classify};

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
    /// Where replies go, if not to the sender.
    pub reply_to: Option<Mailbox>,
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
    /// The server did not take it, and said so. What that means is
    /// [`classify`](perennial_core::email::classify)'s to say.
    Answered(Reply),
    /// The server was not reached, or the connection broke before the message was on its way.
    NotReached {
        /// What happened.
        reason: String,
    },
    /// It cannot be sent as it is, and no server said anything about it: an address is none, or
    /// needs SMTPUTF8 and the server does not offer that.
    Unsendable {
        /// What is wrong.
        reason: String,
    },
    /// The message was on its way and no answer came: it may have been delivered.
    Uncertain {
        /// What happened.
        reason: String,
    },
}

impl Delivery {
    /// What it means that the message was not taken, with the reason in words; `None` where it
    /// was, or may have been.
    #[must_use]
    pub fn refusal(&self) -> Option<(Verdict, String)> {
        match self {
            Self::Answered(reply) => {
                Some((classify(reply), format!("{} {}", reply.code, reply.text)))
            }
            Self::NotReached { reason } => Some((Verdict::ServerUnavailable, reason.clone())),
            Self::Unsendable { reason } => Some((Verdict::MessageRefused, reason.clone())),
            Self::Sent { .. } | Self::Uncertain { .. } => None,
        }
    }
}

/// What carries messages. A call has a deadline of its own, never sleeps and sends at most once:
/// trying again is the caller's decision.
pub trait Mailer: Send + Sync + 'static {
    /// Sends one message. A reply or a reason never quotes the message's text.
    fn send<'a>(&'a self, message: &'a OutgoingMail) -> BoxFuture<'a, Delivery>;
}
