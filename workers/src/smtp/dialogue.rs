//! The commands of one delivery, and how far each refusal lets it get.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use perennial_core::email::{Reply, Step};
use perennial_jobs::mail::{Delivery, clean_line};

use super::message::Message;

/// Why a delivery did not get further.
#[derive(Debug)]
pub(super) enum Halt {
    /// The server gave an answer; the connection is in order.
    Answered(Delivery),
    /// The connection is of no use any more.
    Broken(Delivery),
}

impl Halt {
    /// The connection broke without an answer.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self::Broken(Delivery::NotReached { reason: reason.into() })
    }

    /// What it means before the message is on its way.
    pub(super) fn into_delivery(self) -> Delivery {
        match self {
            Self::Answered(delivery) | Self::Broken(delivery) => delivery,
        }
    }
}

/// Up to the point where the server waits for the message. Nothing can have been delivered yet.
pub(super) async fn announce(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
) -> Result<(), Halt> {
    let options = options(connection, message)?;
    let mail = Mail::new(Some(message.from.clone()), options);
    connection.command(mail).await.map_err(|error| halted(Step::Sender, "MAIL", &error))?;
    let rcpt = Rcpt::new(message.to.clone(), vec![]);
    connection.command(rcpt).await.map_err(|error| halted(Step::Recipient, "RCPT", &error))?;
    let ready = connection.command(Data).await;
    let ready = ready.map_err(|error| halted(Step::Message, "DATA", &error))?;
    if ready.code().severity == Severity::PositiveIntermediate {
        Ok(())
    } else {
        Err(Halt::broken("DATA: the server did not ask for the message"))
    }
}

/// The message and its final dot. Without an answer the outcome is open.
pub(super) async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
) -> Result<Delivery, Halt> {
    match connection.command(&message.content).await {
        Ok(response) if response.code().severity == Severity::PositiveCompletion => {
            Ok(Delivery::Sent { reply: words(&response) })
        }
        Ok(_) => Err(uncertain("message: the reply is no reply to a message".to_owned())),
        Err(error) if error.status().is_none() => Err(uncertain(reason("message", &error))),
        Err(error) => Err(halted(Step::Message, "message", &error)),
    }
}

fn uncertain(reason: String) -> Halt {
    Halt::Broken(Delivery::Uncertain { reason })
}

/// Forgets a delivery that was refused half-way. False if the connection did not survive it.
pub(super) async fn reset(connection: &mut AsyncSmtpConnection) -> bool {
    connection.command(Rset).await.is_ok()
}

/// What an error at a step means. After 421 the server closes the connection.
pub(super) fn halted(step: Step, command: &str, error: &Error) -> Halt {
    let Some(code) = error.status().map(u16::from) else {
        return Halt::broken(reason(command, error));
    };
    let reply = Delivery::Answered(Reply { step, code, text: said(error) });
    if code == 421 { Halt::Broken(reply) } else { Halt::Answered(reply) }
}

fn options(
    connection: &AsyncSmtpConnection,
    message: &Message,
) -> Result<Vec<MailParameter>, Halt> {
    if message.is_ascii() {
        return Ok(vec![]);
    }
    let server = connection.server_info();
    if !server.supports_feature(Extension::SmtpUtfEight) {
        let reason = "the mail server does not offer SMTPUTF8, which an address with letters \
                      beyond ASCII before the @ needs"
            .to_owned();
        return Err(Halt::Answered(Delivery::Unsendable { reason }));
    }
    Ok(vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)])
}

fn reason(command: &str, error: &Error) -> String {
    without_addresses(&format!("{command}: {error}"))
}

/// What the server said after its code.
fn said(error: &Error) -> String {
    let text = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    without_addresses(&text)
}

fn words(response: &Response) -> String {
    let code = response.code();
    let text = response.message().collect::<Vec<_>>().join(" ");
    without_addresses(&format!("{code} {text}"))
}

/// Servers like to quote the recipient, and what they say is kept and logged.
fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace();
    let words = words.map(|word| if word.contains('@') { "<address>" } else { word });
    clean_line(&words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_kept_without_the_address() {
        assert_eq!(
            without_addresses("RCPT: 550 5.1.1 <bob@x.example>: no\r\nsuch user"),
            "RCPT: 550 5.1.1 <address> no such user"
        );
    }
}
