//! What the SMTP server says (RFC 5321, with 8BITMIME, SIZE, PIPELINING and SMTPUTF8).

use std::fmt::Write;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::faults::{MailAction, Stage, Struck};
use super::mail::Envelope;
use super::smtp::until_dot;
use super::store::Store;

const MAIL_BYTES_MAX: usize = 25 << 20;
const RECIPIENTS_MAX: usize = 1000;

/// What to do after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    More,
    Close,
    Stall,
}

/// A command, or a whole mail.
pub(crate) enum Unit {
    Command(String),
    Mail(Bytes),
}

/// One client's conversation.
pub(crate) struct Conversation {
    store: Arc<Store>,
    envelope: Option<Envelope>,
    /// Where to look for the dot, while a mail is coming in.
    reading: Option<usize>,
}

impl Conversation {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, envelope: None, reading: None }
    }

    pub(crate) fn greet(&mut self, out: &mut String) -> Next {
        self.unless_struck(Stage::Connect, out, "220 inbox.localhost ESMTP Perennial\r\n")
    }

    /// The next whole thing in the input, if there is one.
    pub(crate) fn unit(&mut self, input: &mut BytesMut) -> Option<Unit> {
        if let Some(from) = &mut self.reading {
            return until_dot(input, from).map(Unit::Mail);
        }
        let end = input.iter().position(|byte| *byte == b'\n')?;
        let line = input.split_to(end + 1);
        Some(Unit::Command(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    pub(crate) async fn hear(&mut self, unit: Unit, out: &mut String) -> Next {
        match unit {
            Unit::Mail(raw) => self.keep(raw, out).await,
            Unit::Command(line) => self.obey(&line, out),
        }
    }

    fn obey(&mut self, line: &str, out: &mut String) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.envelope = None;
                let _ = write!(out, "250-inbox.localhost\r\n250-SIZE {MAIL_BYTES_MAX}\r\n");
                "250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"
            }
            "HELO" => {
                self.envelope = None;
                "250 inbox.localhost\r\n"
            }
            "MAIL" => return self.from(rest, out),
            "RCPT" => return self.to(rest, out),
            "DATA" => return self.data(out),
            "RSET" => {
                self.envelope = None;
                "250 2.0.0 Forgotten\r\n"
            }
            "NOOP" => "250 2.0.0 Fine\r\n",
            "VRFY" => "252 2.1.5 Everybody is welcome\r\n",
            "QUIT" => {
                out.push_str("221 2.0.0 Goodbye\r\n");
                return Next::Close;
            }
            _ => "500 5.5.2 Unknown command\r\n",
        };
        out.push_str(reply);
        Next::More
    }

    fn from(&mut self, rest: &str, out: &mut String) -> Next {
        let Some((from, options)) = path(rest, "FROM:") else {
            out.push_str("501 5.5.4 MAIL FROM:<address>\r\n");
            return Next::More;
        };
        let size = options.split(' ').find_map(|option| option.strip_prefix("SIZE="));
        if size.and_then(|size| size.parse().ok()).is_some_and(|size: usize| size > MAIL_BYTES_MAX)
        {
            out.push_str("552 5.3.4 Too large\r\n");
            return Next::More;
        }
        let next = self.unless_struck(Stage::Mail, out, "250 2.1.0 Sender taken\r\n");
        if out.ends_with("250 2.1.0 Sender taken\r\n") {
            self.envelope = Some(Envelope { from: from.to_owned(), to: Vec::new() });
        }
        next
    }

    fn to(&mut self, rest: &str, out: &mut String) -> Next {
        let refusal = match (&self.envelope, path(rest, "TO:")) {
            (None, _) => "503 5.5.1 MAIL first\r\n",
            (Some(_), None | Some(("", _))) => "501 5.5.4 RCPT TO:<address>\r\n",
            (Some(envelope), _) if envelope.to.len() >= RECIPIENTS_MAX => {
                "452 4.5.3 Too many recipients\r\n"
            }
            (Some(_), Some((address, _))) => return self.recipient(address, out),
        };
        out.push_str(refusal);
        Next::More
    }

    fn recipient(&mut self, address: &str, out: &mut String) -> Next {
        let struck = self.store.faults().strike(Stage::Rcpt, &[address.to_owned()]);
        match (struck, &mut self.envelope) {
            (Some(struck), _) => act(&struck, out),
            (None, Some(envelope)) => {
                envelope.to.push(address.to_owned());
                out.push_str("250 2.1.5 Recipient taken\r\n");
                Next::More
            }
            (None, None) => Next::More,
        }
    }

    fn data(&mut self, out: &mut String) -> Next {
        if self.recipients().is_empty() {
            out.push_str("503 5.5.1 RCPT first\r\n");
            return Next::More;
        }
        const GO_ON: &str = "354 End with a dot on a line of its own\r\n";
        let next = self.unless_struck(Stage::Data, out, GO_ON);
        self.reading = out.ends_with(GO_ON).then_some(0);
        next
    }

    async fn keep(&mut self, raw: Bytes, out: &mut String) -> Next {
        self.reading = None;
        let struck = self.store.faults().strike(Stage::AfterDot, self.recipients());
        let Some(envelope) = self.envelope.take() else { return Next::More };
        if raw.len() > MAIL_BYTES_MAX {
            out.push_str("552 5.3.4 Too large\r\n");
            return Next::More;
        }
        let kept = matches!(
            struck.as_ref().map(|struck| struck.action),
            None | Some(MailAction::KeepAndClose | MailAction::KeepAndStall)
        );
        let number = if kept { self.store.keep(envelope, raw).await } else { Ok(0) };
        match (struck, number) {
            (Some(struck), _) => act(&struck, out),
            (None, Ok(number)) => {
                let _ = write!(out, "250 2.0.0 Kept as {number}\r\n");
                Next::More
            }
            (None, Err(_)) => {
                out.push_str("452 4.3.1 The folder for mails cannot be written\r\n");
                Next::More
            }
        }
    }

    fn recipients(&self) -> &[String] {
        self.envelope.as_ref().map_or(&[], |envelope| &envelope.to)
    }

    /// Says `usual`, unless a fault strikes at this stage.
    fn unless_struck(&mut self, stage: Stage, out: &mut String, usual: &str) -> Next {
        match self.store.faults().strike(stage, self.recipients()) {
            Some(struck) => act(&struck, out),
            None => {
                out.push_str(usual);
                Next::More
            }
        }
    }
}

fn act(struck: &Struck, out: &mut String) -> Next {
    match struck.action {
        MailAction::Reply(code) => {
            let usual = format!("{}.0.0 As the inbox was told", code / 100);
            let _ = write!(out, "{code} {}\r\n", struck.says.as_ref().unwrap_or(&usual));
            // 421 means: closing.
            if code == 421 { Next::Close } else { Next::More }
        }
        MailAction::Close | MailAction::KeepAndClose => Next::Close,
        MailAction::Stall | MailAction::KeepAndStall => Next::Stall,
    }
}

/// The address in `FROM:<a@b> OPTIONS`, and the options.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (head, tail) = rest.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    tail.trim_start().strip_prefix('<')?.split_once('>')
}
