//! A look at the provider before a step that asks for money or gives it up (rule C11): whoever paid
//! an invoice there, with whatever method, it is booked once, and the subscription recovers.
//!
//! Each look is a phase of its own, before the step's transaction. Only intents are looked at that
//! were made, brought nothing yet, and that no attempt of ours is waiting for.

use perennial_core::ids::{InvoiceId, OrderId, SubscriptionId};
use uuid::Uuid;

use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{self, Cause, Found, Request};
use crate::orders;
use crate::payments::{CallTrace, Inquiry, Observation, Outcome};
use crate::store::found_payments::{self as payments, UnpaidIntent};

/// Looks at all open invoices of a subscription.
pub(crate) async fn look_at_subscription(
    cx: &Cx,
    subscription: SubscriptionId,
    by: &'static str,
) -> Result<(), Failure> {
    let mut conn = cx.pool.acquire().await?;
    let intents = payments::unpaid_of_subscription(&mut conn, subscription.0).await?;
    drop(conn);
    look_at_all(cx, &intents, by).await
}

/// Looks at one invoice, closed or not.
async fn look_at_invoice(cx: &Cx, invoice: InvoiceId, by: &'static str) -> Result<(), Failure> {
    let mut conn = cx.pool.acquire().await?;
    let intents = payments::unpaid_of_invoice(&mut conn, invoice.0).await?;
    drop(conn);
    look_at_all(cx, &intents, by).await
}

/// What an event asks money for or gives it up of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookAt {
    Invoice(InvoiceId),
    Subscription(SubscriptionId),
}

impl LookAt {
    /// `None`: nothing needs to be looked at before an event of this kind.
    pub(crate) fn before(kind: &str, subject: Uuid) -> Option<Self> {
        match kind {
            "invoice.pay_requested" => Some(Self::Invoice(subject.into())),
            "subscription.cancel_requested" | "subscription.release_requested" => {
                Some(Self::Subscription(subject.into()))
            }
            _ => None,
        }
    }
}

/// Looks before an event. A provider that does not answer holds no event back: an attempt that
/// follows finds out for itself, and what was given up is found when the books are compared.
pub(crate) async fn look_before_event(cx: &Cx, at: LookAt, by: &'static str) {
    let looked = match at {
        LookAt::Invoice(invoice) => look_at_invoice(cx, invoice, by).await,
        LookAt::Subscription(subscription) => look_at_subscription(cx, subscription, by).await,
    };
    if let Err(failure) = looked {
        tracing::warn!("{at:?}: the provider was not asked before an event: {failure}");
    }
}

/// Looks at intents, one by one.
pub(crate) async fn look_at_all(
    cx: &Cx,
    intents: &[UnpaidIntent],
    by: &'static str,
) -> Result<(), Failure> {
    for intent in intents {
        let inquiry = Inquiry::Reference(intent.reference.clone());
        let reply = cx.circuit.inquire(&inquiry).await?;
        crate::crash_point!("E3.C5");
        match reply {
            Ok(reply) => note(cx, intent, reply.value, reply.trace, by).await?,
            Err((no_answer, _)) => return Err(Failure::retry(no_answer)),
        }
    }
    Ok(())
}

/// Books what a list of the provider's says of an invoice, where our books lack it.
pub(crate) async fn found_in_list(
    cx: &Cx,
    intent: &UnpaidIntent,
    observation: Observation,
    by: &'static str,
) -> Result<(), Failure> {
    note(cx, intent, observation, CallTrace::default(), by).await
}

async fn note(
    cx: &Cx,
    intent: &UnpaidIntent,
    observation: Observation,
    trace: CallTrace,
    by: &'static str,
) -> Result<(), Failure> {
    let Observation::Executed { outcome: Outcome::Succeeded { charge, amount }, .. } = observation
    else {
        return Ok(());
    };
    if amount.currency.code() != intent.currency {
        tracing::error!(
            invoice.id = %InvoiceId(intent.invoice_id),
            "{} holds {amount} for {}, which is in {}: look at the provider's dashboard",
            intent.reference, InvoiceId(intent.invoice_id), intent.currency
        );
        return Ok(());
    }
    let found =
        Found { invoice: InvoiceId(intent.invoice_id), amount_minor: amount.minor, charge, trace };
    match (intent.order_id, intent.subscription_id) {
        (Some(order), _) => orders::found(cx, OrderId(order), &found, by).await,
        (None, Some(subscription)) => {
            let subscription = SubscriptionId(subscription);
            let cause = Cause::Found(Box::new(found));
            lifecycle::apply(cx, Request { subscription, cause, by }).await
        }
        (None, None) => Ok(()),
    }
}
