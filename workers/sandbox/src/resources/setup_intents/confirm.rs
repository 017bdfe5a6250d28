//! Confirming a setup intent, and giving it up.

use super::{SetupIntent, choose, get, missing};
use crate::account::Account;
use crate::methods::behaviour::{Authentication, Presence};
use crate::resources::payment_methods;
use crate::wire::error::{Answer, ApiError};
use crate::wire::params::Params;

const AT_CONFIRMATION: [&str; 8] = [
    "client_secret",
    "confirmation_token",
    "mandate_data",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "return_url",
    "use_stripe_sdk",
];

pub(crate) fn confirm(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&AT_CONFIRMATION)?;
    run(account, id, params)
}

pub(super) fn run(account: &mut Account, id: &str, params: &Params) -> Answer {
    let given = choose(account, params)?;
    let intent = account.setups.get_mut(id).ok_or_else(|| missing(id))?;
    if matches!(intent.status, "succeeded" | "canceled") {
        return Err(unexpected(intent, "confirm"));
    }
    let Some(method) = given.or_else(|| intent.payment_method.clone()) else {
        let message = "You cannot confirm this SetupIntent because it's missing a payment method.";
        let view = intent.view();
        return Err(ApiError::request(Some("setup_intent_unexpected_state"), message)
            .with("setup_intent", view));
    };
    let customer = intent.customer.clone();
    intent.payment_method = Some(method.clone());
    payment_methods::usable(account, &method, customer.as_deref())?;
    if let Err(error) = payment_methods::attachable(account, &method) {
        return Err(fail(account, id, error));
    }
    let asks = account.methods.get(&method).is_some_and(|it| {
        it.behaviour.authentication != Authentication::OnSession
            && it.behaviour.asks(Presence::OnSession, it.set_up)
    });
    if asks {
        let url = format!("{}/_sandbox/authenticate/{id}", account.base_url);
        if let Some(intent) = account.setups.get_mut(id) {
            intent.status = "requires_action";
            intent.action_url = Some(url);
        }
    } else {
        succeed(account, id);
    }
    get(account, id)
}

fn fail(account: &mut Account, id: &str, error: Box<ApiError>) -> Box<ApiError> {
    let Some(intent) = account.setups.get_mut(id) else { return error };
    intent.status = "requires_payment_method";
    intent.payment_method = None;
    intent.action_url = None;
    intent.last_setup_error = Some(error.members());
    error.with("setup_intent", intent.view())
}

fn succeed(account: &mut Account, id: &str) {
    let Some(intent) = account.setups.get_mut(id) else { return };
    intent.status = "succeeded";
    intent.action_url = None;
    let method = intent.payment_method.clone().unwrap_or_default();
    let customer = intent.customer.clone();
    if let Some(method) = account.methods.get_mut(&method) {
        method.set_up = true;
    }
    if customer.is_some() {
        account.methods.assign(&method, customer.as_deref());
    }
}

/// Goes on after the customer has authenticated, or has failed to.
pub(crate) fn authenticated(account: &mut Account, id: &str, passed: bool) -> Answer<()> {
    if account.setups.get(id).is_none_or(|intent| intent.status != "requires_action") {
        return Err(ApiError::request(None, format!("{id} does not wait for authentication.")));
    }
    if passed {
        succeed(account, id);
    } else {
        let message = "We are unable to authenticate your payment method.";
        let code = Some("setup_intent_authentication_failure");
        fail(account, id, ApiError::request(code, message));
    }
    Ok(())
}

const REASONS: [&str; 3] = ["abandoned", "duplicate", "requested_by_customer"];

pub(crate) fn cancel(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&["cancellation_reason"])?;
    let reason = params.choice("cancellation_reason", &REASONS)?;
    let intent = account.setups.get_mut(id).ok_or_else(|| missing(id))?;
    if matches!(intent.status, "succeeded" | "canceled") {
        return Err(unexpected(intent, "cancel"));
    }
    intent.status = "canceled";
    intent.cancellation_reason = reason;
    intent.action_url = None;
    get(account, id)
}

fn unexpected(intent: &SetupIntent, verb: &str) -> Box<ApiError> {
    let status = intent.status;
    let message =
        format!("You cannot {verb} this SetupIntent because it has a status of {status}.");
    ApiError::request(Some("setup_intent_unexpected_state"), message)
        .with("setup_intent", intent.view())
}
