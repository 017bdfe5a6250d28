//! Hands one mail of the outbox to the mail server.
//!
//! **Runs** as soon as a mail is queued.
//! **Safe to repeat:** its Message-ID is derived from its key. A mail that may or may not have
//! been accepted is sent again only where its letter says that twice is better than never.

use perennial_core::ids::EmailId;
use perennial_core::quote::without_addresses;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Failure, Job};
use crate::mail::{Delivery, Letter, Occasion, OutgoingMail, Recipient, Resend, compose};
use crate::outbox::{Step, Stepped};
use crate::store::emails::{self, OutboxRow};
use crate::store::mail_preferences::{self, MailPreference};

/// A mail waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendEmail {
    /// The mail.
    pub email: EmailId,
}

impl Job for SendEmail {
    const NAME: &'static str = "send_email";

    fn key(&self) -> String {
        self.email.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let Stepped::Opened(Some(row)) = step(cx, Step::Open(self.email)).await? else {
            return Ok(());
        };
        if !matches!(row.status.as_str(), "queued" | "sending") {
            return Ok(());
        }
        if row.suppressed {
            return settle(cx, &row, "suppressed", "the address refuses mail").await;
        }
        let letter: Letter =
            serde_json::from_value(row.letter.clone()).map_err(Failure::give_up)?;
        if row.status == "sending" && letter.resend_after_uncertain() == Resend::No {
            return settle(cx, &row, "uncertain", "interrupted while it was handed over").await;
        }
        let preference = preference(cx, &row, &letter).await?;
        if preference.as_ref().is_some_and(|preference| preference.muted) {
            return settle(cx, &row, "suppressed", "the customer muted such letters").await;
        }
        let unsubscribe_url = preference.and_then(|it| cx.sender.unsubscribe_url(&it.token));
        let message = write(cx, &row, &letter, unsubscribe_url)?;
        let Stepped::Go = step(cx, Step::Begin(self.email)).await? else { return Ok(()) };
        crate::crash_point!("E5.C3");
        let delivery = cx.mailer.send(&message).await;
        crate::crash_point!("E5.C5");
        conclude(cx, &row, letter.resend_after_uncertain(), delivery).await
    }
}

/// What the customer wants of the letter's stream, if it is in one. Asked when it is sent, so that
/// a letter that waits is muted too and the secret of its link is in no queue.
async fn preference(
    cx: &Cx,
    row: &OutboxRow,
    letter: &Letter,
) -> Result<Option<MailPreference>, Failure> {
    let Some(stream) = letter.stream() else { return Ok(None) };
    let mut conn = cx.pool.acquire().await?;
    Ok(Some(mail_preferences::of(&mut conn, row.customer_id, stream).await?))
}

fn write(
    cx: &Cx,
    row: &OutboxRow,
    letter: &Letter,
    unsubscribe_url: Option<String>,
) -> Result<OutgoingMail, Failure> {
    let recipient = Recipient {
        address: row.address.clone(),
        name: row.name.clone(),
        locale: row.locale.clone(),
        zone: row.time_zone.parse().unwrap_or(chrono_tz::UTC),
        unsubscribe_url,
    };
    let occasion = Occasion { key: &row.key, first_of_case: row.first_of_case.as_deref() };
    compose(letter, occasion, &recipient, &cx.sender).map_err(Failure::give_up)
}

/// What became of it (rule X5).
async fn conclude(
    cx: &Cx,
    row: &OutboxRow,
    resend: Resend,
    delivery: Delivery,
) -> Result<(), Failure> {
    match delivery {
        Delivery::Sent { reply } => settle(cx, row, "sent", &reply).await,
        Delivery::Deferred { reason, .. } => {
            settle(cx, row, "queued", &reason).await?;
            Err(Failure::retry(without_addresses(&reason)))
        }
        Delivery::Refused { code, reason } => {
            let mut conn = cx.pool.acquire().await?;
            let why = format!(
                "refused with {}",
                code.map_or_else(|| "5xx".to_owned(), |code| code.to_string())
            );
            emails::suppress(&mut conn, &row.address, &why).await?;
            settle(cx, row, "failed", &reason).await
        }
        Delivery::Uncertain { reason }
            if resend == Resend::Yes && row.attempts < UNCERTAIN_RESENDS_MAX =>
        {
            Err(Failure::retry(without_addresses(&reason)))
        }
        Delivery::Uncertain { reason } => settle(cx, row, "uncertain", &reason).await,
    }
}

/// A mail that may have been accepted is handed over at most this often.
const UNCERTAIN_RESENDS_MAX: i32 = 1;

async fn settle(
    cx: &Cx,
    row: &OutboxRow,
    status: &'static str,
    reply: &str,
) -> Result<(), Failure> {
    let email = EmailId(row.id);
    step(cx, Step::Settle { email, status, reply: reply.to_owned() }).await?;
    let (template, why) = (row.template.as_str(), without_addresses(reply));
    match status {
        "sent" => tracing::info!(email.id = %email, template, "sent {template}: {email}"),
        _ => tracing::warn!(
            email.id = %email, template, status, "{template} is {status}: {email}: {why}"
        ),
    }
    Ok(())
}

async fn step(cx: &Cx, step: Step) -> Result<Stepped, Failure> {
    cx.outbox.ask(step).await?.map_err(|error| Failure::from(&*error))
}
