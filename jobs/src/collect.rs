//! One attempt to collect, from plan to outcome: create → persist → confirm (protocol X1).
//!
//! Every call is made with the attempt's own deterministic key, so that making it again after a
//! crash is the same call. What is not known afterwards is only ever learned by asking.

use perennial_core::currency::Currency;
use perennial_core::ids::{InvoiceId, OrderId, PaymentId, PaymentMethodId, SubscriptionId};
use perennial_core::lifecycle::Event;
use perennial_core::money::Money;
use perennial_core::network::Network;
use perennial_core::quote::without_addresses;

use crate::clock::machine_now;
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{self, Cause, Request, Settled, Settlement, request_hash};
use crate::orders;
use crate::payments::{
    CallTrace, Decline, Inquiry, IntentRequest, NoAnswer, Observation, OpKey, Outcome,
};
use crate::store::CorruptRow;
use crate::store::payments::{self, Attempt, Awaiting};
use crate::till::{Step, Stepped};

/// How long after the n-th inquiry the next one is made (rule X2).
const INQUIRY_DELAYS_SECONDS: [i32; 9] =
    [60, 300, 3_600, 21_600, 86_400, 86_400, 86_400, 86_400, 86_400];
/// After those.
const INQUIRY_DELAY_LATER_SECONDS: i32 = 86_400;
/// A payment that takes its time is asked for this often.
const PROCESSING_DELAY_SECONDS: i32 = 86_400;

/// Makes a planned attempt, or goes on with one that was interrupted.
pub(crate) async fn collect(cx: &Cx, payment: PaymentId, by: &'static str) -> Result<(), Failure> {
    let Some(attempt) = open(cx, payment).await? else { return Ok(()) };
    match attempt.status.as_str() {
        "planned" if attempt.repeats >= i64::from(cx.charges_per_customer_hour) => {
            hold_back(cx, &attempt, by).await
        }
        "planned" => make(cx, &attempt, by).await,
        // It was interrupted: the key may have been used. While the provider remembers the key,
        // the same call gives the same answer; after that, only asking helps.
        "executing" if key_is_remembered(cx, &attempt) => make(cx, &attempt, by).await,
        "executing" => ask(cx, &attempt, by).await,
        _ => Ok(()),
    }
}

/// So many charges of one customer within an hour are nothing that anybody wants: the subscription
/// or order is parked for an operator, and nothing is sent.
async fn hold_back(cx: &Cx, attempt: &Attempt, by: &'static str) -> Result<(), Failure> {
    let (payment, made) = (payment_id(attempt), attempt.repeats);
    tracing::error!(
        payment.id = %payment,
        "{payment} is not charged: {made} charges of this customer within an hour"
    );
    let reason = format!(
        "held back, for it would be one of more than {} charges of this customer within an hour \
         (PERENNIAL_CHARGES_PER_CUSTOMER_HOUR)",
        cx.charges_per_customer_hour
    );
    settle(cx, attempt, Settled::Rejected { reason }, None, CallTrace::default(), by).await
}

/// Asks for an outcome that is not known.
pub(crate) async fn inquire(cx: &Cx, payment: PaymentId, by: &'static str) -> Result<(), Failure> {
    let Some(attempt) = open(cx, payment).await? else { return Ok(()) };
    match attempt.status.as_str() {
        "unknown" | "processing" | "executing" => ask(cx, &attempt, by).await,
        _ => Ok(()),
    }
}

async fn open(cx: &Cx, payment: PaymentId) -> Result<Option<Attempt>, Failure> {
    match step(cx, Step::Open(payment)).await? {
        Stepped::Opened(attempt) => Ok(attempt.map(|attempt| *attempt)),
        Stepped::Go { .. } | Stepped::Over => Ok(None),
    }
}

async fn step(cx: &Cx, step: Step) -> Result<Stepped, Failure> {
    cx.till.ask(step).await?.map_err(Failure::retry)
}

fn key_is_remembered(cx: &Cx, attempt: &Attempt) -> bool {
    let age = attempt.first_sent_at.map(|sent| machine_now() - sent);
    age.is_none_or(|age| age.to_std().is_ok_and(|age| age < cx.payments.capabilities().key_ttl))
}

async fn make(cx: &Cx, attempt: &Attempt, by: &'static str) -> Result<(), Failure> {
    crate::crash_point!("C3");
    let amount = amount(attempt)?;
    let operation = OpKey::execute(attempt.invoice_id.into(), attempt.attempt);
    if request_hash(operation.as_str(), attempt.method_id.into(), amount) != attempt.request_hash {
        return Err(Failure::give_up(format!(
            "{}: the request differs from the one on record",
            payment_id(attempt)
        )));
    }
    let reference = match &attempt.intent_reference {
        Some(reference) => reference.clone(),
        None => match prepare(cx, attempt, amount, by).await? {
            Some(reference) => reference,
            None => return Ok(()),
        },
    };
    let key = OpKey::recorded(&attempt.idempotency_key);
    execute(cx, attempt, reference, &key, by).await
}

/// Creates the intent; moves no money, so that a lost reply is simply asked for again.
async fn prepare(
    cx: &Cx,
    attempt: &Attempt,
    amount: Money,
    by: &'static str,
) -> Result<Option<String>, Failure> {
    let invoice = attempt.invoice_id.into();
    let Some(customer) = attempt.provider_customer.clone() else {
        let reason = "the customer is not known to the provider".to_owned();
        settle(cx, attempt, Settled::Rejected { reason }, None, CallTrace::default(), by).await?;
        return Ok(None);
    };
    let intent = IntentRequest { invoice, customer, amount };
    match cx.payments.prepare(&intent, &OpKey::prepare(invoice)).await {
        Ok(reply) => {
            crate::crash_point!("E1.C5");
            Ok(Some(reply.value))
        }
        Err((NoAnswer::NotSent { retry_after, reason }, _)) => {
            Err(Failure::Retry { after: retry_after, reason })
        }
        Err((NoAnswer::Unknown { reason }, _)) => Err(Failure::retry(reason)),
        Err((NoAnswer::Rejected { reason, .. }, trace)) => {
            settle(cx, attempt, Settled::Rejected { reason }, None, trace, by).await?;
            Ok(None)
        }
    }
}

async fn execute(
    cx: &Cx,
    attempt: &Attempt,
    reference: String,
    key: &OpKey,
    by: &'static str,
) -> Result<(), Failure> {
    let (payment, invoice) = (payment_id(attempt), attempt.invoice_id.into());
    let begin = Step::Begin { payment, invoice, reference: reference.clone() };
    let Stepped::Go { sent_at } = step(cx, begin).await? else { return Ok(()) };
    let attempt = &Attempt { sent_at: Some(sent_at), ..attempt.clone() };
    crate::crash_point!("E2.C3");
    match cx.payments.execute(&reference, &attempt.method_reference, key).await {
        Ok(reply) => {
            crate::crash_point!("C5");
            conclude(cx, attempt, reply.value, None, reply.trace, by).await
        }
        Err((NoAnswer::NotSent { retry_after, reason }, _)) => {
            Err(Failure::Retry { after: retry_after, reason })
        }
        Err((NoAnswer::Rejected { reason, .. }, trace)) => {
            settle(cx, attempt, Settled::Rejected { reason }, None, trace, by).await
        }
        Err((NoAnswer::Unknown { reason }, trace)) => {
            await_inquiry(cx, attempt, 0, &reason, &trace).await
        }
    }
}

/// What an outcome means for the attempt.
async fn conclude(
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
            let decline = Decline {
                code: "authentication_required".to_owned(),
                network: attempt.network.clone(),
                network_decline_code: None,
                network_advice_code: None,
                advice_code: None,
            };
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

/// Asks the provider, who knows. Moves nothing unless nothing was ever sent.
async fn ask(cx: &Cx, attempt: &Attempt, by: &'static str) -> Result<(), Failure> {
    let inquiry = match (&attempt.intent_reference, &attempt.provider_customer) {
        (Some(reference), _) => Inquiry::Reference(reference.clone()),
        (None, Some(customer)) => {
            Inquiry::Lost { customer: customer.clone(), invoice: attempt.invoice_id.into() }
        }
        (None, None) => return make(cx, attempt, by).await,
    };
    match cx.payments.inquire(&inquiry).await {
        Ok(reply) => match reply.value {
            // The latest charge is an earlier attempt's: this one never reached the provider.
            Observation::Executed { charge: Some(charge), .. }
                if attempt.earlier_charges.contains(&charge) =>
            {
                make(cx, attempt, by).await
            }
            Observation::Executed { outcome, charge, .. } => {
                conclude(cx, attempt, outcome, charge, reply.trace, by).await
            }
            Observation::NeverExecuted { .. } | Observation::Missing => make(cx, attempt, by).await,
        },
        Err((no_answer, trace)) => {
            await_inquiry(cx, attempt, attempt.inquiries + 1, &no_answer.to_string(), &trace).await
        }
    }
}

/// Plans the next inquiry. When the ladder of them is through an operator has to look; it is asked
/// on each day, since the attempt must never be made again under another key.
async fn await_inquiry(
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

async fn settle(
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

fn payment_id(attempt: &Attempt) -> PaymentId {
    PaymentId(attempt.id)
}

fn amount(attempt: &Attempt) -> Result<Money, Failure> {
    let currency = Currency::parse(&attempt.currency).map_err(|error| {
        let (id, problem) = (attempt.id.to_string(), error.to_string());
        Failure::give_up(CorruptRow { table: "payments", column: "currency", id, problem })
    })?;
    Ok(Money::new(attempt.amount_minor, currency))
}
