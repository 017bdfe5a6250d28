//! Capturing what was only authorized, and canceling.

use super::{Status, attempt, get, missing, unexpected};
use crate::account::Account;
use crate::resources::charges::Fate;
use crate::wire::error::{Answer, ApiError};
use crate::wire::params::Params;

pub(crate) fn capture(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&[
        "amount_details",
        "amount_to_capture",
        "application_fee_amount",
        "final_capture",
        "hooks",
        "metadata",
        "payment_details",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
    ])?;
    let intent = account.intents.get(id).ok_or_else(|| missing(id))?;
    if intent.status != Status::RequiresCapture {
        return Err(unexpected(intent, "capture", &[Status::RequiresCapture]));
    }
    let amount = params.integer("amount_to_capture")?.unwrap_or(intent.amount_capturable);
    if !(1..=intent.amount_capturable).contains(&amount) {
        let message = "The amount to capture must be positive and at most the amount capturable.";
        return Err(ApiError::invalid("parameter_invalid_integer", "amount_to_capture", message));
    }
    let charge = intent.latest_charge.clone().unwrap_or_default();
    let now = account.now();
    let Some(intent) = account.intents.get_mut(id) else { return Err(missing(id)) };
    params.merge_metadata(&mut intent.metadata)?;
    let whole = std::mem::replace(&mut intent.amount, amount);
    attempt::receive(account, id, &charge, now);
    if let Some(intent) = account.intents.get_mut(id) {
        intent.amount = whole;
    }
    get(account, id)
}

const CANCELABLE: [Status; 4] = [
    Status::RequiresPaymentMethod,
    Status::RequiresConfirmation,
    Status::RequiresAction,
    Status::RequiresCapture,
];

const REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

pub(crate) fn cancel(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&["cancellation_reason"])?;
    let reason = params.choice("cancellation_reason", &REASONS)?;
    let now = account.now();
    let intent = account.intents.get_mut(id).ok_or_else(|| missing(id))?;
    if !CANCELABLE.contains(&intent.status) {
        return Err(unexpected(intent, "cancel", &CANCELABLE));
    }
    if intent.status == Status::RequiresCapture
        && let Some(charge) = intent.latest_charge.as_deref()
        && let Some(charge) = account.charges.get_mut(charge)
        && charge.fate == (Fate::Paid { captured: 0 })
    {
        charge.released = true;
    }
    intent.status = Status::Canceled;
    intent.canceled_at = Some(now);
    intent.cancellation_reason = reason;
    intent.amount_capturable = 0;
    intent.action_url = None;
    get(account, id)
}
