//! What a mail server's refusal means.
//!
//! The enhanced status code decides (RFC 3463); without one the basic code and the words do, in
//! doubt against the mildest reading: an address is given up only where the server said that there
//! is none. What is wrong with us (reputation, configuration, the server's own trouble) is never
//! held against a recipient.

/// How far a delivery had got when the server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its greeting, its answer to ours, or TLS.
    Greeting,
    /// Our login.
    Login,
    /// Our own address (`MAIL FROM`).
    Sender,
    /// The recipient's address (`RCPT TO`).
    Recipient,
    /// The message: before it, or after its final dot.
    Message,
}

/// A refusal: a code from 400 to 599, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// At which step.
    pub step: Step,
    /// The basic code.
    pub code: u16,
    /// The words after it, the enhanced code included; addresses are left out.
    pub text: String,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is no such mailbox: nothing is sent to this address any more.
    NoSuchAddress,
    /// The mailbox takes nothing at present (it is full, or off): tried again for days.
    MailboxUnavailable,
    /// The server does not take mail from us: configuration, login, reputation, policy. Tried again
    /// for days; if it goes on, all mail waits, for the next one would meet the same.
    SenderRefused,
    /// The server has trouble of its own, or is not there. As [`Self::SenderRefused`].
    ServerUnavailable,
    /// Not now: greylisting, a lookup that failed, too much at once. Tried again.
    NotNow,
    /// This message cannot be delivered as it is (too large, not in ASCII); the address is good.
    MessageRefused,
}

impl Verdict {
    /// The word that is stored and printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSuchAddress => "no_such_address",
            Self::MailboxUnavailable => "mailbox_unavailable",
            Self::SenderRefused => "sender_refused",
            Self::ServerUnavailable => "server_unavailable",
            Self::NotNow => "not_now",
            Self::MessageRefused => "message_refused",
        }
    }

    /// Whether the email is tried again.
    #[must_use]
    pub fn is_tried_again(self) -> bool {
        !matches!(self, Self::NoSuchAddress | Self::MessageRefused)
    }

    /// Whether the next email would probably meet the same.
    #[must_use]
    pub fn concerns_all_mail(self) -> bool {
        matches!(self, Self::SenderRefused | Self::ServerUnavailable)
    }
}

/// What a refusal means for the email, its address and all other mail.
#[must_use]
pub fn classify(reply: &Reply) -> Verdict {
    let enhanced = enhanced(reply);
    match reply.code {
        500.. => for_good(reply, enhanced),
        _ => for_now(reply, enhanced),
    }
}

fn for_now(reply: &Reply, enhanced: Option<Enhanced>) -> Verdict {
    match (reply.step, reply.code, enhanced) {
        (Step::Greeting | Step::Login | Step::Sender, ..) | (_, 421, _) => {
            Verdict::ServerUnavailable
        }
        (_, _, Some((2, 2))) => Verdict::MailboxUnavailable,
        (_, _, Some((3, _))) => Verdict::ServerUnavailable,
        _ => Verdict::NotNow,
    }
}

fn for_good(reply: &Reply, enhanced: Option<Enhanced>) -> Verdict {
    match (reply.step, enhanced) {
        // Too large, or not in ASCII: that is said of the message at MAIL already.
        (Step::Sender | Step::Recipient | Step::Message, Some((3, 4) | (6, _) | (2, 3))) => {
            Verdict::MessageRefused
        }
        (Step::Greeting | Step::Login | Step::Sender, _) => Verdict::SenderRefused,
        // The sender's address, and a class that some servers use for the sender's, too.
        (_, Some((1, 7 | 8))) => Verdict::SenderRefused,
        (_, Some((1, 0))) if says(reply, OF_US) => Verdict::SenderRefused,
        (_, Some((1, _))) => Verdict::NoSuchAddress,
        (_, Some((2, 4))) => Verdict::MessageRefused,
        (_, Some((2, _))) => Verdict::MailboxUnavailable,
        (_, Some((4, _))) => Verdict::NotNow,
        (_, Some((3 | 7, _))) => Verdict::SenderRefused,
        (_, Some(_) | None) => by_words(reply),
    }
}

/// No enhanced code, or one that says nothing (5.0.0, 5.5.0).
fn by_words(reply: &Reply) -> Verdict {
    let of_address = matches!(reply.code, 550 | 551 | 553 | 554 | 521);
    if says(reply, OF_US) {
        Verdict::SenderRefused
    } else if says(reply, OF_FULL_MAILBOX) {
        Verdict::MailboxUnavailable
    } else if says(reply, OF_SIZE) {
        Verdict::MessageRefused
    } else if of_address && says(reply, OF_NO_MAILBOX) {
        Verdict::NoSuchAddress
    } else if reply.code == 552 {
        Verdict::MailboxUnavailable
    } else {
        Verdict::SenderRefused
    }
}

/// Words that are about the sender, wherever they stand.
const OF_US: &[&str] = &[
    "spam",
    "block",
    "blacklist",
    "blocklist",
    "black list",
    "listed",
    "rbl",
    "spf",
    "dkim",
    "dmarc",
    "relay",
    "authenticat",
    "authoriz",
    "authoris",
    "credential",
    "reputation",
    "policy",
    "denied",
    "not permitted",
    "prohibited",
    "sender",
    "not verified",
    "unverified",
    "rate limit",
    "too many",
    "reverse dns",
    "ptr record",
    "helo",
    "ehlo",
    "banned",
    "suspicious",
    "abuse",
    "tls",
    "encrypt",
    "quota exceeded for sender",
    "your ip",
    "your domain",
    "credits",
];
const OF_FULL_MAILBOX: &[&str] = &[
    "quota",
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "storage allocation",
    "insufficient system storage",
    "out of space",
    "over the limit",
    "disk full",
];
const OF_SIZE: &[&str] = &[
    "too large",
    "too big",
    "too long",
    "exceeds size",
    "size limit",
    "message size",
    "maximum size",
];
const OF_NO_MAILBOX: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no such address",
    "no such person",
    "no such account",
    "no mailbox",
    "unknown recipient",
    "recipient unknown",
    "unknown address",
    "address unknown",
    "unknown local",
    "unknown mailbox",
    "mailbox unknown",
    "invalid recipient",
    "invalid mailbox",
    "invalid address",
    "recipient not found",
    "user not found",
    "mailbox not found",
    "address not found",
    "account not found",
    "does not exist",
    "doesn't exist",
    "not a valid",
    "no account",
    "mailbox unavailable",
    "doesn't have a",
    "account is disabled",
    "not our customer",
    "no user",
    "address rejected: undeliverable",
    "undeliverable address",
];

fn says(reply: &Reply, words: &[&str]) -> bool {
    let text = reply.text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// Subject and detail of an enhanced code whose class agrees with the basic code's.
type Enhanced = (u16, u16);

/// The enhanced code: the first word, or what qmail and its kin put into brackets: `(#5.1.1)`.
fn enhanced(reply: &Reply) -> Option<Enhanced> {
    let first = reply.text.split_whitespace().next().unwrap_or_default();
    let bracketed = reply.text.split_once("(#").map(|(_, rest)| rest);
    let bracketed = bracketed.and_then(|rest| rest.split_once(')')).map(|(code, _)| code);
    let candidates = [Some(first.trim_end_matches([':', ',', ';'])), bracketed];
    let (class, subject, detail) = candidates.into_iter().flatten().find_map(parts)?;
    (class == reply.code / 100).then_some((subject, detail))
}

fn parts(text: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = text.split('.').map(|number| match number.len() {
        1..=3 if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    });
    let parts = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests;
