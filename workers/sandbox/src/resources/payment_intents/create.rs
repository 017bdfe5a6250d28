//! Creating and updating.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{PaymentIntent, Status, confirm, get, missing, unexpected};
use crate::account::Account;
use crate::currency;
use crate::resources::{contact, customers, payment_methods};
use crate::wire::error::{Answer, ApiError};
use crate::wire::params::Params;

/// Parameters of both calls.
const FIELDS: [&str; 24] = [
    "allowed_payment_method_types",
    "amount",
    "amount_details",
    "application_fee_amount",
    "capture_method",
    "currency",
    "customer",
    "customer_account",
    "description",
    "excluded_payment_method_types",
    "hooks",
    "metadata",
    "payment_details",
    "payment_method",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
];

/// Parameters of creation only.
const AT_CREATION: [&str; 15] = [
    "automatic_payment_methods",
    "confirm",
    "confirmation_method",
    "confirmation_token",
    "error_on_requires_action",
    "mandate",
    "mandate_data",
    "off_session",
    "on_behalf_of",
    "radar_options",
    "return_url",
    "transfer_data",
    "use_stripe_sdk",
    "secret_key_confirmation",
    "source",
];

pub(crate) fn create(account: &mut Account, params: &Params) -> Answer {
    params.allow(&FIELDS.into_iter().chain(AT_CREATION).collect::<Vec<_>>())?;
    let confirms = params.flag("confirm")?.unwrap_or_default();
    only_with_confirm(params, confirms)?;
    params.required("amount")?;
    let currency = currency::known(params.required("currency")?)?;
    let id = account.fresh("pi_", 24);
    let mut intent = PaymentIntent {
        client_secret: account.ids.next(&format!("{id}_secret_"), 25),
        created: account.now(),
        amount: 0,
        amount_capturable: 0,
        amount_received: 0,
        currency,
        customer: None,
        payment_method: None,
        status: Status::RequiresPaymentMethod,
        latest_charge: None,
        last_payment_error: None,
        canceled_at: None,
        cancellation_reason: None,
        capture_method: "automatic_async",
        confirmation_method: "automatic",
        setup_future_usage: None,
        automatic: automatic(params)?,
        payment_method_types: vec!["card".to_owned()],
        description: None,
        receipt_email: None,
        return_url: params.owned("return_url"),
        statement_descriptor: None,
        statement_descriptor_suffix: None,
        transfer_group: None,
        shipping: Value::Null,
        metadata: BTreeMap::new(),
        action_url: None,
        id: id.clone(),
    };
    let how = params.choice("confirmation_method", &["automatic", "manual"])?;
    intent.confirmation_method = how.unwrap_or(intent.confirmation_method);
    change(account, &mut intent, params)?;
    account.intents.insert(intent);
    if confirms { confirm::run(account, &id, params) } else { get(account, &id) }
}

fn only_with_confirm(params: &Params, confirms: bool) -> Answer<()> {
    let names = ["off_session", "error_on_requires_action", "mandate_data", "return_url"];
    match names.iter().find(|name| params.text(name).is_some()) {
        Some(name) if !confirms => {
            let message = format!(
                "The parameter `{name}` cannot be passed when creating a PaymentIntent unless `confirm` is set to true."
            );
            Err(ApiError::invalid("parameter_invalid", name, message))
        }
        _ => Ok(()),
    }
}

/// Whether the provider picks payment method types: the default unless types are listed.
fn automatic(params: &Params) -> Answer<Option<&'static str>> {
    let given = params.table("automatic_payment_methods");
    given.allow(&["allow_redirects", "enabled"])?;
    let redirects = given.choice("allow_redirects", &["always", "never"])?.unwrap_or("always");
    let listed = params.has("payment_method_types");
    Ok(match given.flag("enabled")? {
        Some(false) => None,
        None if listed => None,
        Some(true) | None => Some(redirects),
    })
}

pub(crate) fn update(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&FIELDS)?;
    let intent = account.intents.get(id).ok_or_else(|| missing(id))?;
    let open =
        [Status::RequiresPaymentMethod, Status::RequiresConfirmation, Status::RequiresAction];
    let harmless = !["amount", "currency", "customer", "payment_method", "capture_method"]
        .iter()
        .any(|name| params.has(name));
    if !open.contains(&intent.status) && !harmless {
        return Err(unexpected(intent, "update", &open));
    }
    let mut changed = intent.clone();
    if let Some(currency) = params.text("currency") {
        changed.currency = currency::known(currency)?;
    }
    let customer = changed.customer.clone();
    change(account, &mut changed, params)?;
    if customer != changed.customer {
        account.intents.assign(id, changed.customer.as_deref());
    }
    if let Some(intent) = account.intents.get_mut(id) {
        *intent = changed;
    }
    get(account, id)
}

/// Applies the parameters both calls share.
fn change(account: &mut Account, intent: &mut PaymentIntent, params: &Params) -> Answer<()> {
    if let Some(amount) = params.integer("amount")? {
        intent.amount = amount;
    }
    if params.has("amount") || params.has("currency") {
        currency::check_amount(intent.amount, &intent.currency)?;
    }
    if let Some(customer) = params.text("customer") {
        customers::must_exist(account, customer)?;
        intent.customer = Some(customer.to_owned());
    }
    let capture = params.choice("capture_method", &["automatic", "automatic_async", "manual"])?;
    intent.capture_method = capture.unwrap_or(intent.capture_method);
    if params.has("setup_future_usage") {
        let usage = params.choice("setup_future_usage", &["off_session", "on_session"])?;
        intent.setup_future_usage = usage;
    }
    params.update("description", &mut intent.description);
    params.update("receipt_email", &mut intent.receipt_email);
    params.update("statement_descriptor", &mut intent.statement_descriptor);
    params.update("statement_descriptor_suffix", &mut intent.statement_descriptor_suffix);
    params.update("transfer_group", &mut intent.transfer_group);
    params.merge_metadata(&mut intent.metadata)?;
    if params.has("shipping") {
        intent.shipping = contact::shipping(params)?;
    }
    if let Some(method) = choose(account, params)? {
        payment_methods::usable(account, &method, intent.customer.as_deref())?;
        intent.payment_method = Some(method);
        if intent.status == Status::RequiresPaymentMethod {
            intent.status = Status::RequiresConfirmation;
        }
    }
    Ok(())
}

/// The payment method that `payment_method` or `payment_method_data` names, if any.
pub(super) fn choose(account: &mut Account, params: &Params) -> Answer<Option<String>> {
    if let Some(name) = params.text("payment_method") {
        return payment_methods::resolve(account, name).map(Some);
    }
    if params.has("payment_method_data") {
        return payment_methods::from_data(account, &params.table("payment_method_data")).map(Some);
    }
    Ok(None)
}
