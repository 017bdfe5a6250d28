//! Confirming: the step that moves money.

use super::{PaymentIntent, Status, attempt, create, get, missing, unexpected};
use crate::account::Account;
use crate::methods::behaviour::Presence;
use crate::resources::payment_methods;
use crate::wire::error::{Answer, ApiError};
use crate::wire::params::Params;

const FIELDS: [&str; 22] = [
    "allowed_payment_method_types",
    "amount_details",
    "amount_to_confirm",
    "capture_method",
    "client_secret",
    "confirmation_token",
    "error_on_requires_action",
    "excluded_payment_method_types",
    "hooks",
    "mandate",
    "mandate_data",
    "off_session",
    "payment_details",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "radar_options",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "use_stripe_sdk",
];

const CONFIRMABLE: [Status; 3] =
    [Status::RequiresPaymentMethod, Status::RequiresConfirmation, Status::RequiresAction];

pub(crate) fn confirm(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&FIELDS)?;
    run(account, id, params)
}

/// Confirms with the parameters of either call.
pub(super) fn run(account: &mut Account, id: &str, params: &Params) -> Answer {
    let intent = account.intents.get(id).ok_or_else(|| missing(id))?;
    if intent.status == Status::Succeeded {
        let message = "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.";
        return Err(ApiError::request(Some("payment_intent_unexpected_state"), message)
            .with("payment_intent", intent.view()));
    }
    if !CONFIRMABLE.contains(&intent.status) {
        return Err(unexpected(intent, "confirm", &CONFIRMABLE));
    }
    let off_session = off_session(params)?;
    let strict = params.flag("error_on_requires_action")?.unwrap_or_default();
    needs_return_url(intent, params, off_session)?;
    let method = choose(account, id, params)?;
    let usage = params.choice("setup_future_usage", &["off_session", "on_session"])?;
    let capture = params.choice("capture_method", &["automatic", "automatic_async", "manual"])?;
    if let Some(intent) = account.intents.get_mut(id) {
        intent.payment_method = Some(method);
        intent.setup_future_usage = usage.or(intent.setup_future_usage);
        intent.capture_method = capture.unwrap_or(intent.capture_method);
        intent.action_url = None;
        params.update("receipt_email", &mut intent.receipt_email);
        params.update("return_url", &mut intent.return_url);
    }
    let presence = if off_session { Presence::OffSession } else { Presence::OnSession };
    attempt::run(account, id, presence)?;
    match account.intents.get(id) {
        Some(intent) if strict && intent.status == Status::RequiresAction => {
            Err(attempt::refuse_action(account, id))
        }
        _ => get(account, id),
    }
}

/// `off_session` is a flag, or `one_off` or `recurring`.
fn off_session(params: &Params) -> Answer<bool> {
    match params.text("off_session") {
        Some("one_off" | "recurring") => Ok(true),
        _ => Ok(params.flag("off_session")?.unwrap_or_default()),
    }
}

/// The payment method of this confirmation.
fn choose(account: &mut Account, id: &str, params: &Params) -> Answer<String> {
    let given = create::choose(account, params)?;
    let intent = account.intents.get(id).ok_or_else(|| missing(id))?;
    let Some(method) = given.or_else(|| intent.payment_method.clone()) else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.";
        return Err(ApiError::request(Some("payment_intent_unexpected_state"), message)
            .with("payment_intent", intent.view()));
    };
    payment_methods::usable(account, &method, intent.customer.as_deref())?;
    Ok(method)
}

/// Payment method types picked by the provider may redirect, and then need somewhere to return to.
fn needs_return_url(intent: &PaymentIntent, params: &Params, off_session: bool) -> Answer<()> {
    let url = params.text("return_url").or(intent.return_url.as_deref());
    let sdk = params.flag("use_stripe_sdk")?.unwrap_or_default();
    if intent.automatic != Some("always") || url.is_some() || off_session || sdk {
        return Ok(());
    }
    let message = "This PaymentIntent is configured to accept payment methods that might redirect your customer off of your page, so you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating it.";
    Err(ApiError::request(None, message).with("payment_intent", intent.view()))
}
