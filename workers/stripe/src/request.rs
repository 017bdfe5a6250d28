//! What is sent, and nothing else.
//!
//! Each function is pure: the same arguments give the same bytes, for as long as the provider
//! remembers a key and beyond. That is why no `metadata` here has more than one entry (its type
//! is a hash map, whose order changes from run to run).

use std::collections::HashMap;

use perennial_jobs::payments::{CustomerProfile, IntentRequest, NoAnswer};
use stripe_core::customer::{CreateCustomer, DeleteCustomer};
use stripe_core::payment_intent::{
    CancelPaymentIntent, CancelPaymentIntentCancellationReason, ConfirmPaymentIntent,
    ConfirmPaymentIntentOffSession, CreatePaymentIntent,
    CreatePaymentIntentAutomaticPaymentMethods,
    CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects, ListPaymentIntent,
    RetrievePaymentIntent,
};
use stripe_payment::payment_method::AttachPaymentMethod;
use stripe_types::{Currency, RangeBoundsTs, RangeQueryTs};

use crate::label;

/// The metadata key under which an intent names its invoice.
pub(crate) const INVOICE: &str = "invoice";
/// Intents on one page of a list: the most that Stripe gives.
const PAGE: i64 = 100;

pub(crate) fn customer(profile: &CustomerProfile) -> CreateCustomer {
    CreateCustomer::new()
        .email(&profile.email)
        .name(&profile.name)
        .metadata(HashMap::from([("customer".to_owned(), profile.customer.to_string())]))
}

pub(crate) fn discard(customer: &str) -> Result<DeleteCustomer, NoAnswer> {
    Ok(DeleteCustomer::new(id(customer, "customer")?))
}

pub(crate) fn attach(customer: &str, method: &str) -> Result<AttachPaymentMethod, NoAnswer> {
    let customer = id(customer, "customer")?;
    Ok(AttachPaymentMethod::new(id(method, "payment_method")?).customer(customer))
}

/// An intent that no method is bound to yet.
///
/// Any method the account accepts will do, except those that send the customer to another page:
/// off-session there is nobody to send, and without them no return address is needed. There is no
/// `setup_future_usage`, because Stripe refuses it together with an off-session confirmation.
pub(crate) fn create(
    intent: &IntentRequest,
    installation: Option<&str>,
) -> Result<CreatePaymentIntent, NoAnswer> {
    let money = intent.amount;
    let amount = money.currency.to_charge(money.minor).map_err(|error| NoAnswer::Rejected {
        code: Some("amount_not_chargeable".to_owned()),
        param: Some("amount".to_owned()),
        reason: error.to_string(),
    })?;
    let mut methods = CreatePaymentIntentAutomaticPaymentMethods::new(true);
    methods.allow_redirects = Some(CreatePaymentIntentAutomaticPaymentMethodsAllowRedirects::Never);
    Ok(CreatePaymentIntent::new(amount, currency(money.currency))
        .customer(id(&intent.customer, "customer")?)
        .automatic_payment_methods(methods)
        .confirm(false)
        .metadata(HashMap::from([(
            INVOICE.to_owned(),
            label::write(intent.invoice, installation),
        )])))
}

pub(crate) fn confirm(reference: &str, method: &str) -> Result<ConfirmPaymentIntent, NoAnswer> {
    Ok(ConfirmPaymentIntent::new(id(reference, "intent")?)
        .payment_method(id(method, "payment_method")?)
        .off_session(ConfirmPaymentIntentOffSession::Bool(true)))
}

pub(crate) fn cancel(reference: &str) -> Result<CancelPaymentIntent, NoAnswer> {
    Ok(CancelPaymentIntent::new(id(reference, "intent")?)
        .cancellation_reason(CancelPaymentIntentCancellationReason::Abandoned))
}

pub(crate) fn retrieve(reference: &str) -> Result<RetrievePaymentIntent, NoAnswer> {
    Ok(RetrievePaymentIntent::new(id(reference, "intent")?))
}

pub(crate) fn list(customer: &str, after: Option<&str>) -> Result<ListPaymentIntent, NoAnswer> {
    let page = ListPaymentIntent::new().customer(id(customer, "customer")?).limit(PAGE);
    Ok(match after {
        Some(last) => page.starting_after(last),
        None => page,
    })
}

/// The newest intents of all customers, created at or after `since` (seconds of the epoch).
pub(crate) fn list_since(since: i64, after: Option<&str>) -> ListPaymentIntent {
    let created = RangeBoundsTs { gte: Some(since), ..RangeBoundsTs::default() };
    let page = ListPaymentIntent::new().created(RangeQueryTs::Bounds(created)).limit(PAGE);
    match after {
        Some(last) => page.starting_after(last),
        None => page,
    }
}

fn currency(ours: perennial_core::currency::Currency) -> Currency {
    let Ok(theirs) = ours.code().to_ascii_lowercase().parse();
    theirs
}

/// An id becomes part of a path, so it must not be able to name another one.
fn id<'t>(text: &'t str, param: &str) -> Result<&'t str, NoAnswer> {
    let is_id = !text.is_empty()
        && text.len() <= 255
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-~@".contains(&byte));
    if is_id {
        return Ok(text);
    }
    Err(NoAnswer::Rejected {
        code: Some("malformed_id".to_owned()),
        param: Some(param.to_owned()),
        reason: "not sent: this is not an id of the provider's".to_owned(),
    })
}

#[cfg(test)]
mod tests;
