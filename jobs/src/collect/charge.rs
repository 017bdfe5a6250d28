//! Confirming the intent: the one call that moves money.

use super::outcome::{await_inquiry, conclude, reject};
use super::{GENERATIONS_MAX, Observed, observed, payment_id};
use crate::context::Cx;
use crate::job::Failure;
use crate::payments::{Inquiry, NoAnswer, Observation, OpKey};
use crate::store::payments::Attempt;
use crate::till::{Step, Stepped};

/// Persists the reference, and charges. Where the provider remembers a fault of its own under the
/// key, and says that nothing was charged, the next deterministic key is used; the intent itself
/// cannot be charged twice.
pub(super) async fn execute(
    cx: &Cx,
    attempt: &Attempt,
    reference: &str,
    first: &OpKey,
    by: &'static str,
) -> Result<(), Failure> {
    let (payment, invoice) = (payment_id(attempt), attempt.invoice_id.into());
    let begin = Step::Begin { payment, invoice, reference: reference.to_owned() };
    let Stepped::Go { sent_at } = super::step(cx, begin).await? else { return Ok(()) };
    let attempt = &Attempt { sent_at: Some(sent_at), ..attempt.clone() };
    crate::crash_point!("E2.C3");
    let mut key = first.clone();
    for generation in 2..=GENERATIONS_MAX + 1 {
        let call = cx.payments.execute(reference, &attempt.method_reference, &key);
        match cx.circuit.ask(call).await? {
            Ok(reply) => {
                crate::crash_point!("C5");
                return conclude(cx, attempt, reply.value, None, reply.trace, by).await;
            }
            Err((NoAnswer::Unknown { .. }, trace)) if trace.replayed => {
                if !nothing_was_done(cx, attempt, reference).await? {
                    return await_inquiry(cx, attempt, 0, "a remembered fault", &trace).await;
                }
                key = first.following(generation);
            }
            Err((NoAnswer::Unknown { reason }, trace)) => {
                return await_inquiry(cx, attempt, 0, &reason, &trace).await;
            }
            Err((refused @ (NoAnswer::Rejected { .. } | NoAnswer::Missing { .. }), trace)) => {
                if matches!(refused, NoAnswer::Missing { .. }) {
                    cx.circuit.require_account("intent", reference).await?;
                }
                return reject(cx, attempt, refused.to_string(), trace, by).await;
            }
            Err((not_sent, _)) => return Err(Failure::retry(not_sent)),
        }
    }
    Err(Failure::retry("the provider fails under every key of this attempt"))
}

/// Whether the provider says that this attempt was never made.
async fn nothing_was_done(cx: &Cx, attempt: &Attempt, reference: &str) -> Result<bool, Failure> {
    let inquiry = Inquiry::Reference(reference.to_owned());
    let reply = cx.circuit.inquire(&inquiry).await?;
    crate::crash_point!("E3.C5");
    Ok(match reply {
        Ok(reply) if reply.value != Observation::Missing => {
            matches!(observed(attempt, reply.value), Observed::NotMade)
        }
        Ok(_) | Err(_) => false,
    })
}
