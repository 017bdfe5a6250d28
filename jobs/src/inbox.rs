//! What other services tell us: one event after the other for each customer, each in one
//! transaction with what it causes.
//!
//! To add a type: a row of `perennial.event_types` in a migration (with a check of its own, if the
//! rules of its fields are not all), and a line in [`handle`].

mod customer;
mod method;
mod order;
mod payment;
mod sign_ups;
mod subscription;

use std::fmt::Display;

use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, PaymentId, SubscriptionId};
use perennial_core::lifecycle::{CancelWhen, Event, UnusedTime};
use perennial_core::money::Money;
use perennial_core::quote::without_addresses;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::PgConnection;

use crate::collect::LookAt;
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{ApplyError, BeginError, Cause, Journal, Request, decide_all};
use crate::store::events::{self, EventRow};
use crate::store::subscriptions;
use crate::waiting;

/// Which job says so, in history and audit.
const BY: &str = "process_events";

/// Whether there was something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// An event was processed; there may be more.
    Processed,
    /// No event is due.
    Idle,
    /// The provider has to be asked before this event, outside of any transaction.
    LookFirst {
        /// The event.
        seq: i64,
        /// What to look at.
        at: LookAt,
    },
}

/// Why an event came to nothing.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// It is wrong, or too late: noted on the event, and over.
    #[error("{0}")]
    Refused(String),
    /// A caller's transaction holds what it is about: the event stays.
    #[error("rows of the customer are held by another service")]
    Held,
    /// A machine fault: the event stays.
    #[error("{}", crate::store::Said(.0))]
    Database(#[from] sqlx::Error),
}

impl Trouble {
    fn refused(why: impl Display) -> Self {
        Self::Refused(why.to_string())
    }
}

impl From<ApplyError> for Trouble {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Held(_) => Self::Held,
            refused => Self::refused(refused),
        }
    }
}

impl From<BeginError> for Trouble {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Refused(refused) => Self::refused(refused),
            BeginError::Held => Self::Held,
            BeginError::Database(error) => Self::Database(error),
        }
    }
}

pub(crate) use sign_ups::SignUps;

/// Processes the customer's next event, if one is due. `looked_before` is the event that the
/// provider was asked before.
pub(crate) async fn process_next(
    cx: &Cx,
    customer: CustomerId,
    looked_before: Option<i64>,
) -> Result<Progress, Failure> {
    if cx.sign_ups.ask(customer).await? {
        return Ok(Progress::Processed);
    }
    let _turn = cx.turn().await;
    let mut transaction = waiting::begin(&cx.pool).await?;
    events::take_turn(&mut transaction, customer.0).await?;
    let Some(event) = events::next(&mut transaction, customer.0).await? else {
        return Ok(Progress::Idle);
    };
    if let Some(at) = LookAt::before(&event.kind, event.subject)
        && looked_before != Some(event.seq)
    {
        return Ok(Progress::LookFirst { seq: event.seq, at });
    }
    // What a refused event did is undone; that it was refused is kept.
    let mut attempt = sqlx::Acquire::begin(&mut transaction).await?;
    let mut journal = Journal::default();
    let refused = match handle(&mut attempt, cx, customer, &event).await {
        Ok(noted) => {
            attempt.commit().await?;
            journal = noted;
            None
        }
        Err(Trouble::Refused(why)) => {
            attempt.rollback().await?;
            Some(why)
        }
        Err(Trouble::Held) => return Err(Failure::NotYet { wait: waiting::SKIPPED }),
        Err(Trouble::Database(error)) => {
            let Some(why) = refusal(&error) else { return Err(error.into()) };
            attempt.rollback().await?;
            Some(why)
        }
    };
    events::processed(&mut transaction, event.seq, refused.as_deref()).await?;
    crate::crash_point!("inbox.C2");
    transaction.commit().await?;
    crate::crash_point!("inbox.C7");
    journal.log();
    log(&event, refused.as_deref());
    Ok(Progress::Processed)
}

/// Money that went back, and events that came to nothing.
fn log(event: &EventRow, refused: Option<&str>) {
    let (id, kind) = (without_addresses(&event.event_id), event.kind.as_str());
    match refused {
        Some(why) => {
            let why = without_addresses(why);
            tracing::warn!(event.id = id, event.kind = kind, "event {id} ({kind}) refused: {why}");
        }
        None if kind.starts_with("payment.") => {
            let payment = PaymentId(event.subject);
            let amount_minor = event.data.get("amount_minor").and_then(Value::as_i64);
            let currency = event.data.get("currency").and_then(Value::as_str);
            let amount = match (amount_minor, currency.map(Currency::parse)) {
                (Some(minor), Some(Ok(currency))) => format!(" of {}", Money::new(minor, currency)),
                _ => String::new(),
            };
            tracing::info!(
                event.id = id,
                event.kind = kind,
                payment.id = %payment,
                amount_minor,
                currency,
                "{kind}{amount}: {payment}"
            );
        }
        None => tracing::debug!(event.id = id, event.kind = kind, "event {id} ({kind}) processed"),
    }
}

/// What the checks of the SQL functions refuse a field with, and an id that nothing has.
const REFUSED: [&str; 2] = ["22023", "P0002"];

/// Why the database refused the data as such, where it did: trying again would not help.
fn refusal(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let refused = !matches!(error.kind(), sqlx::error::ErrorKind::Other)
        || error.code().is_some_and(|code| REFUSED.contains(&&*code));
    refused.then(|| error.message().to_owned())
}

async fn handle(
    conn: &mut PgConnection,
    cx: &Cx,
    customer: CustomerId,
    event: &EventRow,
) -> Result<Journal, Trouble> {
    let subscription = SubscriptionId(event.subject);
    match event.kind.as_str() {
        "customer.upserted" => quietly(customer::upserted(conn, customer, data(event)?).await),
        "payment_method.attached" => {
            method::attached(conn, cx, customer, event, data(event)?).await
        }
        "payment_method.unblocked" => method::unblocked(conn, cx, customer, data(event)?).await,
        "subscription.created" => {
            subscription::created(conn, cx, customer, event, data(event)?).await
        }
        "order.placed" => quietly(order::placed(conn, cx, customer, event, data(event)?).await),
        "payment.refunded" => quietly(payment::refunded(conn, event, data(event)?).await),
        "payment.disputed" => quietly(payment::disputed(conn, event, data(event)?).await),
        "payment.dispute_closed" => {
            quietly(payment::dispute_closed(conn, event, data(event)?).await)
        }
        "subscription.cancel_requested" => {
            let when = data::<CancelRequested>(event)?.when();
            decide(conn, cx, subscription, Event::CancelRequested { when }).await
        }
        "subscription.release_requested" => {
            decide(conn, cx, subscription, Event::ReleaseRequested).await
        }
        "subscription.cancel_undone" => decide(conn, cx, subscription, Event::CancelUndone).await,
        "invoice.pay_requested" => {
            let invoice = perennial_core::ids::InvoiceId(event.subject);
            let owner = subscriptions::of_invoice(&mut *conn, invoice.0).await?;
            let owner =
                owner.ok_or_else(|| Trouble::refused(format!("{invoice} is no subscription's")))?;
            decide(conn, cx, owner.into(), Event::PayRequested { invoice }).await
        }
        other => Err(Trouble::refused(format!("type: this version does not know `{other}`"))),
    }
}

/// Of what no subscription decided.
fn quietly(handled: Result<(), Trouble>) -> Result<Journal, Trouble> {
    handled.map(|()| Journal::default())
}

/// The event's data as its handler wants it. The door has checked it; an older or newer door may
/// have seen it differently.
fn data<T: DeserializeOwned>(event: &EventRow) -> Result<T, Trouble> {
    serde_json::from_value(event.data.clone())
        .map_err(|error| Trouble::refused(format!("data: {error}")))
}

/// Lets something happen to one subscription, within the event's transaction.
async fn decide(
    conn: &mut PgConnection,
    cx: &Cx,
    subscription: SubscriptionId,
    event: Event,
) -> Result<Journal, Trouble> {
    let request = Request { subscription, cause: Cause::Event(event), by: BY };
    let (answers, journal) =
        decide_all(conn, &cx.policies, cx.payments.name(), &[&request]).await?;
    for answer in answers {
        answer?;
    }
    Ok(journal)
}

#[derive(Debug, Deserialize)]
struct CancelRequested {
    #[serde(default)]
    when: Option<String>,
    #[serde(default)]
    unused_time: Option<String>,
}

impl CancelRequested {
    fn when(&self) -> CancelWhen {
        let unused = match self.unused_time.as_deref() {
            Some("credited") => UnusedTime::Credited,
            _ => UnusedTime::Forfeited,
        };
        match self.when.as_deref() {
            Some("now") => CancelWhen::Now(unused),
            _ => CancelWhen::AtPeriodEnd,
        }
    }
}
