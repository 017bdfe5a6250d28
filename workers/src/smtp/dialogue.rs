//! The commands of one delivery, and what each answer means.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use perennial_jobs::mail::{Delivery, clean_line};

use super::message::Message;

/// Why a delivery did not get further.
#[derive(Debug)]
pub(super) enum Halt {
    /// The server gave an answer; the connection is in order.
    Answered(Delivery),
    /// The connection is of no use any more.
    Broken(String),
}

impl Halt {
    /// What it means before the message is on its way.
    pub(super) fn into_delivery(self) -> Delivery {
        match self {
            Self::Answered(delivery) => delivery,
            Self::Broken(reason) => Delivery::Deferred { code: None, reason },
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
    // What is wrong here is wrong with us: the recipient's address has not been named yet.
    connection.command(mail).await.map_err(|error| about_us("MAIL", error))?;
    let rcpt = Rcpt::new(message.to.clone(), vec![]);
    connection.command(rcpt).await.map_err(|error| about_recipient("RCPT", error))?;
    let ready = connection.command(Data).await.map_err(|error| about_recipient("DATA", error))?;
    if ready.code().severity == Severity::PositiveIntermediate {
        Ok(())
    } else {
        Err(Halt::Broken("DATA: the server did not ask for the message".to_owned()))
    }
}

/// The message and its final dot. A halt that is [`Halt::Broken`] leaves the outcome open.
pub(super) async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
) -> Result<Delivery, Halt> {
    let reply = connection.command(&message.content).await;
    let response = reply.map_err(|error| about_recipient("message", error))?;
    if response.code().severity == Severity::PositiveCompletion {
        Ok(Delivery::Sent { reply: words(&response) })
    } else {
        Err(Halt::Broken("message: the reply is no reply to a message".to_owned()))
    }
}

/// Forgets a delivery that was refused half-way. False if the connection did not survive it.
pub(super) async fn reset(connection: &mut AsyncSmtpConnection) -> bool {
    connection.command(Rset).await.is_ok()
}

/// A refusal that says nothing about the recipient: greeting, login, our own address.
pub(super) fn about_us(step: &str, error: Error) -> Halt {
    match error.status().map(u16::from) {
        None | Some(421) => Halt::Broken(reason(step, &error)),
        code => Halt::Answered(Delivery::Deferred { code, reason: reason(step, &error) }),
    }
}

/// A refusal of this recipient or message.
fn about_recipient(step: &str, error: Error) -> Halt {
    let reason = reason(step, &error);
    match error.status().map(u16::from) {
        None => Halt::Broken(reason),
        code if error.is_permanent() => Halt::Answered(Delivery::Refused { code, reason }),
        code => Halt::Answered(Delivery::Deferred { code, reason }),
    }
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
        let reason = "the server takes no address beyond ASCII".to_owned();
        return Err(Halt::Answered(Delivery::Refused { code: None, reason }));
    }
    Ok(vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)])
}

fn reason(step: &str, error: &Error) -> String {
    without_addresses(&format!("{step}: {error}"))
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
