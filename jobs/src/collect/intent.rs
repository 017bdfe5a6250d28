//! The one intent of an invoice: looked for where it may exist without our knowing, else created.
//!
//! Creating moves no money, so that a lost reply is simply asked for again.

use perennial_core::money::Money;

use super::GENERATIONS_MAX;
use super::outcome::{decline_as_gone, reject};
use crate::context::Cx;
use crate::job::Failure;
use crate::payments::{CallTrace, Inquiry, IntentRequest, NoAnswer, Object, Observation, OpKey};
use crate::store::payments::Attempt;

/// The intent's reference; `None` where the attempt was settled without one.
pub(super) async fn prepare(
    cx: &Cx,
    attempt: &Attempt,
    amount: Money,
    by: &'static str,
) -> Result<Option<String>, Failure> {
    let invoice = attempt.invoice_id.into();
    let Some(customer) = attempt.provider_customer.clone() else {
        let reason = "the customer is not known to the provider".to_owned();
        reject(cx, attempt, reason, CallTrace::default(), by).await?;
        return Ok(None);
    };
    let intent = IntentRequest { invoice, customer, amount };
    if may_exist(cx, attempt)
        && let Some(reference) = lost(cx, &intent).await?
    {
        return Ok(Some(reference));
    }
    create(cx, attempt, &intent, by).await
}

/// The provider may have forgotten the key under which an intent was made that we do not know of:
/// the database was rewound, or what it is for is older than the keys' life (rule X8).
fn may_exist(cx: &Cx, attempt: &Attempt) -> bool {
    let remembered = cx.payments.capabilities().key_ttl.as_secs();
    attempt.ask_first || u64::try_from(attempt.age_seconds).is_ok_and(|age| age >= remembered)
}

/// Looks for the invoice's intent by our own reference.
async fn lost(cx: &Cx, intent: &IntentRequest) -> Result<Option<String>, Failure> {
    let inquiry = Inquiry::Lost { customer: intent.customer.clone(), invoice: intent.invoice };
    let reply = cx.circuit.inquire(&inquiry).await?;
    crate::crash_point!("E3.C5");
    match reply {
        Ok(reply) => Ok(match reply.value {
            Observation::NeverExecuted { reference } | Observation::Executed { reference, .. } => {
                Some(reference)
            }
            Observation::Missing => None,
        }),
        Err((no_answer, _)) => Err(Failure::retry(no_answer)),
    }
}

/// Creates the intent. Where the provider remembers a fault of its own under the key, and certainly
/// has no intent, the next deterministic key is used: every run passes the same keys in this order.
async fn create(
    cx: &Cx,
    attempt: &Attempt,
    intent: &IntentRequest,
    by: &'static str,
) -> Result<Option<String>, Failure> {
    let first = OpKey::prepare(intent.invoice);
    let mut key = first.clone();
    for generation in 2..=GENERATIONS_MAX + 1 {
        match cx.circuit.ask(cx.payments.prepare(intent, &key)).await? {
            Ok(reply) => {
                crate::crash_point!("E1.C5");
                return Ok(Some(reply.value));
            }
            Err((NoAnswer::Unknown { reason }, trace)) => {
                if let Some(reference) = lost(cx, intent).await? {
                    return Ok(Some(reference));
                }
                if !trace.replayed {
                    return Err(Failure::retry(reason));
                }
                key = first.following(generation);
            }
            Err((NoAnswer::Missing { object: Object::Customer, .. }, trace)) => {
                cx.circuit.require_account("customer", &intent.customer).await?;
                decline_as_gone(cx, attempt, trace, by).await?;
                return Ok(None);
            }
            Err((refused @ (NoAnswer::Rejected { .. } | NoAnswer::Missing { .. }), trace)) => {
                reject(cx, attempt, refused.to_string(), trace, by).await?;
                return Ok(None);
            }
            Err((not_sent, _)) => return Err(Failure::retry(not_sent)),
        }
    }
    Err(Failure::retry("the provider fails under every key that creates the intent"))
}
