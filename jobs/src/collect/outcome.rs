//! What an attempt came to, and what follows: it is settled, or its outcome is awaited.

use perennial_core::decline::METHOD_GONE;
use perennial_core::ids::{InvoiceId, OrderId, PaymentMethodId, SubscriptionId};
use perennial_core::lifecycle::Event;
use perennial_core::network::Network;
use perennial_core::quote::without_addresses;

use super::{amount, payment_id};
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{self, Cause, Request, Settled, Settlement};
use crate::orders;
use crate::payments::{CallTrace, Decline, Outcome};
use crate::store::CorruptRow;
use crate::store::payments::{self, Attempt, Awaiting};

/// How long after the n-th inquiry the next one is made (rule X2).
const INQUIRY_DELAYS_SECONDS: [i32; 9] =
    [60, 300, 3_600, 21_600, 86_400, 86_400, 86_400, 86_400, 86_400];
/// After those.
const INQUIRY_DELAY_LATER_SECONDS: i32 = 86_400;
/// A payment that takes its time is asked for this often.
const PROCESSING_DELAY_SECONDS: i32 = 86_400;

/// What an outcome means for the attempt.
pub(super) async fn conclude(
    cx: &Cx,
    attempt: &Attempt,
    outcome: Outcome,
    latest_charge: Option<String>,
    trace: CallTrace,
    by: &'static str,
) -> Result<(), Failure> {
    match outcome {
        Outcome::Succeeded { charge, amount } => {
            let settled = Settled::Succeeded { amount_minor: amount.minor };
            settle(cx, attempt, settled, charge.or(latest_charge), trace, by).await
        }
        Outcome::Declined { decline, charge } => {
            settle(cx, attempt, Settled::Declined { decline }, charge.or(latest_charge), trace, by)
                .await
        }
        // Nobody is there to act: off-session this is a decline that the customer can cure.
        Outcome::RequiresAction { .. } => {
            let decline = own_decline(attempt, "authentication_required");
            settle(cx, attempt, Settled::Declined { decline }, latest_charge, trace, by).await
        }
        Outcome::Processing => {
            let awaiting =
                awaiting(attempt, "processing", PROCESSING_DELAY_SECONDS, 0, "processing", &trace);
            await_outcome(cx, &awaiting).await
        }
        Outcome::Canceled => {
            let reason = "the intent was canceled at the provider".to_owned();
            settle(cx, attempt, Settled::Rejected { reason }, latest_charge, trace, by).await
        }
    }
}

/// The provider refuses this one request: nobody's decline.
pub(super) async fn reject(
    cx: &Cx,
    attempt: &Attempt,
    reason: String,
    trace: CallTrace,
    by: &'static str,
) -> Result<(), Failure> {
    settle(cx, attempt, Settled::Rejected { reason }, None, trace, by).await
}

/// The method is no longer at the provider: as after a hard decline of it, others are tried.
pub(super) async fn decline_as_gone(
    cx: &Cx,
    attempt: &Attempt,
    trace: CallTrace,
    by: &'static str,
) -> Result<(), Failure> {
    let decline = own_decline(attempt, METHOD_GONE);
    settle(cx, attempt, Settled::Declined { decline }, None, trace, by).await
}

/// A decline that no issuer made.
fn own_decline(attempt: &Attempt, code: &str) -> Decline {
    Decline {
        code: code.to_owned(),
        network: attempt.network.clone(),
        network_decline_code: None,
        network_advice_code: None,
        advice_code: None,
    }
}

/// Plans the next inquiry. When the ladder of them is through an operator has to look; it is asked
/// on each day, since the attempt must never be made again under another key.
pub(super) async fn await_inquiry(
    cx: &Cx,
    attempt: &Attempt,
    inquiries: i32,
    reason: &str,
    trace: &CallTrace,
) -> Result<(), Failure> {
    let made = usize::try_from(inquiries).unwrap_or(usize::MAX);
    if made == INQUIRY_DELAYS_SECONDS.len() {
        call_for_an_operator(cx, attempt, inquiries, reason).await?;
    }
    let payment = payment_id(attempt);
    tracing::warn!(
        payment.id = %payment,
        inquiries,
        "the outcome of {payment} is not known after {inquiries} inquiries: {}",
        without_addresses(reason)
    );
    let delay = INQUIRY_DELAYS_SECONDS.get(made).copied().unwrap_or(INQUIRY_DELAY_LATER_SECONDS);
    await_outcome(cx, &awaiting(attempt, "unknown", delay, inquiries, reason, trace)).await
}

async fn call_for_an_operator(
    cx: &Cx,
    attempt: &Attempt,
    inquiries: i32,
    reason: &str,
) -> Result<(), Failure> {
    let (payment, invoice) = (payment_id(attempt), InvoiceId(attempt.invoice_id));
    tracing::error!(
        payment.id = %payment,
        "what became of {payment} is not known after {inquiries} inquiries ({reason}): look at the provider's dashboard"
    );
    // An order just goes on waiting: nothing else of its customer depends on it.
    let Some(subscription) = attempt.subscription_id else { return Ok(()) };
    let cause = Cause::Event(Event::PaymentUnresolved { payment, invoice });
    let subscription = SubscriptionId(subscription);
    lifecycle::apply(cx, Request { subscription, cause, by: "resolve_unknown" }).await
}

fn awaiting<'a>(
    attempt: &Attempt,
    status: &'a str,
    delay_seconds: i32,
    inquiries: i32,
    reason: &'a str,
    trace: &'a CallTrace,
) -> Awaiting<'a> {
    Awaiting {
        id: attempt.id,
        status,
        delay_seconds,
        inquiries,
        reason,
        request_id: trace.request_id.as_deref(),
        http_status: trace.http_status.map(i32::from),
    }
}

async fn await_outcome(cx: &Cx, awaiting: &Awaiting<'_>) -> Result<(), Failure> {
    let mut conn = cx.pool.acquire().await?;
    Ok(payments::await_outcome(&mut conn, awaiting).await?)
}

pub(super) async fn settle(
    cx: &Cx,
    attempt: &Attempt,
    settled: Settled,
    charge: Option<String>,
    trace: CallTrace,
    by: &'static str,
) -> Result<(), Failure> {
    let network = attempt.network.as_deref().unwrap_or_default();
    let settlement = Settlement {
        payment: payment_id(attempt),
        invoice: InvoiceId(attempt.invoice_id),
        method: PaymentMethodId(attempt.method_id),
        network: Network::parse(network),
        at: attempt.sent_at.unwrap_or(attempt.planned_at),
        settled,
        charge,
        trace,
    };
    let outcome = settlement.settled.clone();
    match (attempt.order_id, attempt.subscription_id) {
        (Some(order), _) => orders::settle(cx, OrderId(order), &settlement, by).await?,
        (None, Some(subscription)) => {
            let cause = Cause::Settlement(Box::new(settlement));
            let subscription = SubscriptionId(subscription);
            lifecycle::apply(cx, Request { subscription, cause, by }).await?;
        }
        (None, None) => return Err(Failure::give_up(of_nothing(attempt))),
    }
    log(attempt, &outcome);
    crate::crash_point!("C8");
    Ok(())
}

/// What an attempt came to, for operators.
fn log(attempt: &Attempt, outcome: &Settled) {
    let (payment, invoice) = (payment_id(attempt), InvoiceId(attempt.invoice_id));
    let subject = match (attempt.subscription_id, attempt.order_id) {
        (Some(subscription), _) => SubscriptionId(subscription).to_string(),
        (None, order) => order.map(|order| OrderId(order).to_string()).unwrap_or_default(),
    };
    let amount =
        amount(attempt).map_or_else(|_| attempt.amount_minor.to_string(), |it| it.to_string());
    let what =
        format!("{amount} by {payment}, attempt {} of {invoice}, for {subject}", attempt.attempt);
    match outcome {
        Settled::Succeeded { .. } => tracing::info!(
            payment.id = %payment, invoice.id = %invoice, subject, attempt = attempt.attempt,
            amount_minor = attempt.amount_minor, currency = attempt.currency, "charged {what}"
        ),
        Settled::Declined { decline } => tracing::info!(
            payment.id = %payment, invoice.id = %invoice, subject, attempt = attempt.attempt,
            amount_minor = attempt.amount_minor, currency = attempt.currency, decline.code,
            "declined ({}) {what}", decline.code
        ),
        Settled::Rejected { reason } => {
            let reason = without_addresses(reason);
            tracing::error!(
                payment.id = %payment, invoice.id = %invoice, subject, attempt = attempt.attempt,
                amount_minor = attempt.amount_minor, currency = attempt.currency,
                "rejected by the provider: {what}: {reason}"
            );
        }
    }
}

fn of_nothing(attempt: &Attempt) -> CorruptRow {
    CorruptRow {
        table: "payments",
        column: "subscription_id",
        id: attempt.id.to_string(),
        problem: "neither a subscription nor an order".to_owned(),
    }
}
