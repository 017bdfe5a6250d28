//! Whose a payment method is, and what a name given as one means.

use axum::http::StatusCode;

use super::{PaymentMethod, add, get, missing};
use crate::account::Account;
use crate::account::shelf::Kept;
use crate::methods::cards;
use crate::resources::{contact, customers};
use crate::wire::error::{Answer, ApiError};
use crate::wire::params::Params;

/// The id of the payment method that `name` means: itself, or a fresh copy of a test method.
pub(crate) fn resolve(account: &mut Account, name: &str) -> Answer<String> {
    if account.methods.get(name).is_some() {
        return Ok(name.to_owned());
    }
    match cards::named(name) {
        Some(Ok(behaviour)) => {
            let details = contact::billing_details(&Params::default())?;
            Ok(add(account, behaviour, details))
        }
        Some(Err(why)) => {
            let message = format!("No such PaymentMethod: '{name}' ({why})");
            Err(ApiError::invalid("resource_missing", "payment_method", message))
        }
        None => {
            let status = StatusCode::BAD_REQUEST;
            Err(ApiError::no_such(status, PaymentMethod::NOUN, "payment_method", name))
        }
    }
}

/// Like [`resolve`], and ready to be given to a customer.
pub(crate) fn attachable(account: &mut Account, name: &str) -> Answer<String> {
    let id = resolve(account, name)?;
    let Some(method) = account.methods.get(&id) else { return Ok(id) };
    if method.spent {
        return Err(spent());
    }
    if let Some(decline) = &method.behaviour.attach {
        let view = method.view();
        return Err(ApiError::declined(decline).with("payment_method", view));
    }
    Ok(id)
}

fn spent() -> Box<ApiError> {
    let message = "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.";
    ApiError::request(Some("payment_method_unactivated"), message)
}

/// Checks that a payment for `customer` may use the payment method.
pub(crate) fn usable(account: &Account, id: &str, customer: Option<&str>) -> Answer<()> {
    let Some(method) = account.methods.get(id) else { return Ok(()) };
    match (method.customer(), customer) {
        (None, _) if method.spent => Err(spent()),
        (Some(_), None) => Err(ApiError::request(
            None,
            format!("The PaymentMethod you provided ({id}) is attached to a customer, so for security purposes you must provide the customer in the request."),
        )
        .about("payment_method")),
        (Some(owner), Some(customer)) if owner != customer => Err(not_theirs(id)),
        _ => Ok(()),
    }
}

/// Checks that the customer owns the payment method.
pub(crate) fn must_belong(account: &Account, id: &str, customer: &str) -> Answer<()> {
    match account.methods.get(id).and_then(PaymentMethod::customer) {
        Some(owner) if owner == customer => Ok(()),
        _ => Err(not_theirs(id)),
    }
}

fn not_theirs(id: &str) -> Box<ApiError> {
    let message = format!(
        "The customer does not have a payment method with the ID {id}. The payment method must be attached to the customer."
    );
    ApiError::request(Some("resource_missing"), message).about("payment_method")
}

pub(crate) fn attach(account: &mut Account, name: &str, params: &Params) -> Answer {
    params.allow(&["customer", "customer_account"])?;
    let customer = params.required("customer")?;
    customers::must_exist(account, customer)?;
    if account.methods.get(name).is_none() && cards::named(name).is_none() {
        return Err(missing(name));
    }
    let owner = account.methods.get(name).and_then(PaymentMethod::customer);
    if owner.is_some_and(|owner| owner != customer) {
        let message = "The payment method you provided has already been attached to a customer.";
        return Err(ApiError::request(None, message).about("payment_method"));
    }
    let id = attachable(account, name)?;
    account.methods.assign(&id, Some(customer));
    get(account, &id)
}

pub(crate) fn detach(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let method = account.methods.get_mut(id).ok_or_else(|| missing(id))?;
    if method.customer.is_none() {
        let message = "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(ApiError::request(None, message).about("payment_method"));
    }
    method.spent = true;
    account.methods.assign(id, None);
    get(account, id)
}

/// Detaches whatever a deleted customer owned.
pub(crate) fn detach_all(account: &mut Account, customer: &str) {
    let owned = account.methods.older_than(Some(customer), None);
    let owned: Vec<String> = owned.map(|method| method.id.clone()).collect();
    for id in owned {
        if let Some(method) = account.methods.get_mut(&id) {
            method.spent = true;
        }
        account.methods.assign(&id, None);
    }
}
