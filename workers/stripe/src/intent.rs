//! What a payment intent of Stripe's says, in the port's words.
//!
//! Must never take an unexpected shape for a decline: what is not understood is `Unknown`.

use perennial_core::currency::Currency;
use perennial_core::money::Money;
use perennial_jobs::payments::{Decline, NoAnswer, Observation, Outcome};
use stripe_shared::{ApiErrors, PaymentIntent, PaymentIntentStatus, PaymentMethod};

/// The outcome of an intent whose confirmation has been attempted.
pub(crate) fn outcome(intent: &PaymentIntent) -> Result<Outcome, NoAnswer> {
    match &intent.status {
        PaymentIntentStatus::Succeeded => {
            Ok(Outcome::Succeeded { charge: latest_charge(intent), amount: received(intent)? })
        }
        PaymentIntentStatus::Processing => Ok(Outcome::Processing),
        PaymentIntentStatus::RequiresAction => {
            Ok(Outcome::RequiresAction { url: action_url(intent) })
        }
        PaymentIntentStatus::Canceled => Ok(Outcome::Canceled),
        PaymentIntentStatus::RequiresPaymentMethod if was_attempted(intent) => {
            let decline = intent.last_payment_error.as_deref().map_or_else(unexplained, decline);
            Ok(Outcome::Declined { decline, charge: latest_charge(intent) })
        }
        status => {
            Err(unknown(format!("the intent is in the unexpected state {}", status.as_str())))
        }
    }
}

/// What an intent says when it is read.
pub(crate) fn observation(intent: &PaymentIntent) -> Result<Observation, NoAnswer> {
    let reference = intent.id.as_str().to_owned();
    if is_untouched(intent) {
        return Ok(Observation::NeverExecuted { reference });
    }
    Ok(Observation::Executed {
        reference,
        outcome: outcome(intent)?,
        charge: latest_charge(intent),
    })
}

/// How much an intent tells about an invoice, where several claim it: money first.
pub(crate) fn weight(intent: &PaymentIntent) -> u8 {
    match &intent.status {
        PaymentIntentStatus::Succeeded => 6,
        PaymentIntentStatus::Processing => 5,
        PaymentIntentStatus::RequiresAction => 4,
        PaymentIntentStatus::Canceled => 0,
        _ if is_untouched(intent) => 1,
        PaymentIntentStatus::RequiresPaymentMethod => 2,
        // A state we do not know may hold money.
        _ => 3,
    }
}

/// The network that carries a method's charges, lower case.
pub(crate) fn network(method: &PaymentMethod) -> Option<String> {
    method.card.as_ref().map(|card| card.brand.to_ascii_lowercase())
}

fn is_untouched(intent: &PaymentIntent) -> bool {
    use PaymentIntentStatus::{RequiresConfirmation, RequiresPaymentMethod};
    matches!(intent.status, RequiresPaymentMethod | RequiresConfirmation) && !was_attempted(intent)
}

fn was_attempted(intent: &PaymentIntent) -> bool {
    intent.latest_charge.is_some() || intent.last_payment_error.is_some()
}

fn latest_charge(intent: &PaymentIntent) -> Option<String> {
    intent.latest_charge.as_ref().map(|charge| charge.id().as_str().to_owned())
}

fn received(intent: &PaymentIntent) -> Result<Money, NoAnswer> {
    let strange = |why: &dyn std::fmt::Display| {
        unknown(format!("the captured amount was not understood: {why}"))
    };
    let currency =
        Currency::parse(&intent.currency.to_string()).map_err(|error| strange(&error))?;
    let minor =
        currency.from_provider_amount(intent.amount_received).map_err(|error| strange(&error))?;
    Ok(Money::new(minor, currency))
}

fn action_url(intent: &PaymentIntent) -> Option<String> {
    intent.next_action.as_ref()?.redirect_to_url.as_ref()?.url.clone()
}

fn decline(error: &ApiErrors) -> Decline {
    let code = error.code.as_ref().map(|code| code.as_str().to_owned());
    Decline {
        code: error.decline_code.clone().or(code).unwrap_or_else(|| GENERIC.to_owned()),
        network: error.payment_method.as_ref().and_then(network),
        network_decline_code: error.network_decline_code.clone(),
        network_advice_code: error.network_advice_code.clone(),
        advice_code: error.advice_code.clone(),
    }
}

/// A charge failed and the intent no longer says why.
fn unexplained() -> Decline {
    Decline {
        code: GENERIC.to_owned(),
        network: None,
        network_decline_code: None,
        network_advice_code: None,
        advice_code: None,
    }
}

const GENERIC: &str = "generic_decline";

fn unknown(reason: String) -> NoAnswer {
    NoAnswer::Unknown { reason }
}
