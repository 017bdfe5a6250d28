//! One attempt to collect, from plan to outcome: create → persist → confirm (protocol X1).
//!
//! Every call is made with the attempt's own deterministic key, so that making it again after a
//! crash is the same call. What is not known afterwards is only ever learned by asking.

mod charge;
mod intent;
mod look;
mod outcome;

use perennial_core::currency::Currency;
use perennial_core::ids::PaymentId;
use perennial_core::money::Money;

use crate::clock::machine_now;
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::request_hash;
use crate::payments::{CallTrace, Inquiry, Observation, OpKey};
use crate::store::CorruptRow;
use crate::store::payments::Attempt;
use crate::till::{Step, Stepped};
use outcome::{await_inquiry, conclude, reject};

pub(crate) use look::{
    LookAt, found_in_list, look_at_all, look_at_subscription, look_before_event,
};

/// The last resort against a fault that the provider remembers under a key: so many keys follow.
const GENERATIONS_MAX: u32 = 5;

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
    reject(cx, attempt, reason, CallTrace::default(), by).await
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
    cx.till.ask(step).await?.map_err(|error| Failure::from(&*error))
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
        None => match intent::prepare(cx, attempt, amount, by).await? {
            Some(reference) => reference,
            None => return Ok(()),
        },
    };
    let key = OpKey::recorded(&attempt.idempotency_key);
    charge::execute(cx, attempt, &reference, &key, by).await
}

/// What the provider says of an attempt.
enum Observed {
    /// It never reached the provider, or did nothing there.
    NotMade,
    /// It was made, and what the provider says of the intent is its outcome.
    Made(Observation),
}

/// The latest charge of an earlier attempt says that this one never reached the provider.
fn observed(attempt: &Attempt, observation: Observation) -> Observed {
    match &observation {
        Observation::Executed { charge: Some(charge), .. }
            if attempt.earlier_charges.contains(charge) =>
        {
            Observed::NotMade
        }
        Observation::Executed { .. } => Observed::Made(observation),
        Observation::NeverExecuted { .. } | Observation::Missing => Observed::NotMade,
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
    match cx.circuit.inquire(&inquiry).await? {
        Ok(reply) if reply.value == Observation::Missing && attempt.intent_reference.is_some() => {
            let reason = "the provider knows no such intent".to_owned();
            reject(cx, attempt, reason, reply.trace, by).await
        }
        Ok(reply) => match observed(attempt, reply.value) {
            Observed::Made(Observation::Executed { outcome, charge, .. }) => {
                conclude(cx, attempt, outcome, charge, reply.trace, by).await
            }
            Observed::Made(_) | Observed::NotMade => make(cx, attempt, by).await,
        },
        Err((no_answer, trace)) => {
            await_inquiry(cx, attempt, attempt.inquiries + 1, &no_answer.to_string(), &trace).await
        }
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
