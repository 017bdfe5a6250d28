//! Hands one email of the outbox to the mail server.
//!
//! **Runs** as soon as an email is queued, and again when one that was put off is due.
//! **Safe to repeat:** its Message-ID is derived from its key. SMTP cannot deliver exactly once: an
//! email that may or may not have been accepted is sent again, once, only where its template says
//! that twice is better than never.

use chrono::TimeDelta;
use perennial_core::email::{GIVE_UP_AFTER, Verdict};
use perennial_core::ids::EmailId;
use perennial_core::quote::without_addresses;
use serde::{Deserialize, Serialize};

use crate::clock::machine_now;
use crate::context::Cx;
use crate::job::{Failure, Job};
use crate::mail::{Delivery, Letter, Occasion, OutgoingMail, Recipient, Resend, compose};
use crate::outbox::{Evidence, Outcome, Step, Stepped};
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
        // A probe of the server does not wait for its own next try.
        let waits = row.probe_at.is_none() && row.retry_at.is_some_and(|at| at > machine_now());
        if waits || !matches!(row.status.as_str(), "queued" | "sending") {
            return Ok(());
        }
        let letter: Letter =
            serde_json::from_value(row.letter.clone()).map_err(Failure::give_up)?;
        let preference = preference(cx, &row, &letter).await?;
        if let Some((status, reason)) = not_sent(&row, &letter, preference.as_ref()) {
            return over(cx, &row, status, reason).await;
        }
        let unsubscribe_url = preference.and_then(|it| cx.sender.unsubscribe_url(&it.token));
        let message = write(cx, &row, &letter, unsubscribe_url)?;
        // While the brake holds, what is due stays due: the sweep comes back to it.
        if let Some(probe_at) = row.probe_at
            && (probe_at > machine_now() || !matches!(step(cx, Step::Probe).await?, Stepped::Go))
        {
            return Ok(());
        }
        let Stepped::Go = step(cx, Step::Begin(self.email)).await? else { return Ok(()) };
        crate::crash_point!("E5.C3");
        let delivery = cx.mailer.send(&message).await;
        crate::crash_point!("E5.C5");
        conclude(cx, &row, letter.resend_after_uncertain(), delivery).await
    }
}

/// Why an email is not sent at all, if it is not: its status from now on, and the reason.
fn not_sent(
    row: &OutboxRow,
    letter: &Letter,
    preference: Option<&MailPreference>,
) -> Option<(&'static str, &'static str)> {
    let resend = letter.resend_after_uncertain() == Resend::Yes && row.resends < RESENDS_MAX;
    if row.status == "sending" && !resend {
        return Some(("uncertain", "interrupted while it was handed over"));
    }
    if row.suppressed {
        return Some(("suppressed", "the address is on the suppression list"));
    }
    if preference.is_some_and(|preference| preference.muted) {
        return Some(("suppressed", "the customer muted such emails"));
    }
    // What a mail server put off for hours may be over by now.
    (row.deferred_for.is_some() && letter.is_overtaken(row.now))
        .then_some(("withdrawn", "put off until what it says was no longer so"))
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
    if let Some((verdict, reason)) = delivery.refusal() {
        return refused(cx, row, verdict, reason).await;
    }
    match delivery {
        Delivery::Sent { reply } => settle(cx, row, Outcome::Sent { reply }).await,
        Delivery::Uncertain { reason } if resend == Resend::Yes && row.resends < RESENDS_MAX => {
            Err(Failure::retry(without_addresses(&reason)))
        }
        Delivery::Uncertain { reason } => over(cx, row, "uncertain", &reason).await,
        // Those are refusals.
        Delivery::Answered(_) | Delivery::NotReached { .. } | Delivery::Unsendable { .. } => Ok(()),
    }
}

async fn refused(cx: &Cx, row: &OutboxRow, verdict: Verdict, reply: String) -> Result<(), Failure> {
    if verdict == Verdict::NoSuchAddress {
        let mut conn = cx.pool.acquire().await?;
        emails::suppress(&mut conn, &row.address, &reply).await?;
    }
    if !verdict.is_tried_again() {
        return over(cx, row, "failed", &reply).await;
    }
    // What waits for a server that refuses everybody is not the email's fault.
    let held = verdict.concerns_all_mail() && row.probe_at.is_some();
    if !held && tried_for(row) >= GIVE_UP_AFTER {
        let days = GIVE_UP_AFTER.num_days();
        return over(cx, row, "failed", &format!("not taken for {days} days: {reply}")).await;
    }
    let (attempt, evidence) = (row.attempts + 1, evidence(row, verdict));
    settle(cx, row, Outcome::Deferred { verdict, reply, attempt, evidence }).await
}

/// One email that is refused again and again stops no other: only its first refusal counts, and
/// those of probes.
fn evidence(row: &OutboxRow, verdict: Verdict) -> Evidence {
    let again = row.deferred_for.as_deref() == Some(verdict.as_str());
    match verdict.concerns_all_mail() && (!again || row.probe_at.is_some()) {
        true => Evidence::OfAllMail,
        false => Evidence::None,
    }
}

fn tried_for(row: &OutboxRow) -> TimeDelta {
    row.first_sent_at.map_or_else(TimeDelta::zero, |first| machine_now() - first)
}

/// An email that may have been accepted is sent again at most this often.
const RESENDS_MAX: i32 = 1;

async fn over(cx: &Cx, row: &OutboxRow, status: &'static str, reply: &str) -> Result<(), Failure> {
    settle(cx, row, Outcome::Over { status, reply: reply.to_owned() }).await
}

async fn settle(cx: &Cx, row: &OutboxRow, outcome: Outcome) -> Result<(), Failure> {
    let email = EmailId(row.id);
    step(cx, Step::Settle { email, outcome: outcome.clone() }).await?;
    let template = row.template.as_str();
    let (status, reply) = match &outcome {
        Outcome::Sent { .. } => {
            tracing::info!(email.id = %email, template, "sent {template}: {email}");
            return Ok(());
        }
        Outcome::Deferred { verdict, reply, .. } => (verdict.as_str(), reply),
        Outcome::Over { status, reply } => (*status, reply),
    };
    let why = without_addresses(reply);
    tracing::warn!(
        email.id = %email, template, status, email.attempts = row.attempts,
        "{template} is not sent ({status}): {email}: {why}"
    );
    Ok(())
}

async fn step(cx: &Cx, step: Step) -> Result<Stepped, Failure> {
    cx.outbox.ask(step).await?.map_err(|error| Failure::from(&*error))
}
