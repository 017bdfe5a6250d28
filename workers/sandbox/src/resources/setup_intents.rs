//! `/v1/setup_intents`

mod confirm;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{customers, payment_methods};
use crate::account::shelf::Kept;
use crate::account::{Account, listing};
use crate::wire::error::{Answer, ApiError};
use crate::wire::page;
use crate::wire::params::Params;

pub(crate) use confirm::{authenticated, cancel, confirm};

/// The permission to charge a payment method later.
#[derive(Debug, Clone)]
pub(crate) struct SetupIntent {
    id: String,
    client_secret: String,
    created: DateTime<Utc>,
    customer: Option<String>,
    payment_method: Option<String>,
    status: &'static str,
    usage: &'static str,
    description: Option<String>,
    cancellation_reason: Option<&'static str>,
    last_setup_error: Option<Map<String, Value>>,
    automatic: bool,
    return_url: Option<String>,
    action_url: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl Kept for SetupIntent {
    const NOUN: &'static str = "setupintent";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> DateTime<Utc> {
        self.created
    }
    fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }
    fn set_customer(&mut self, customer: Option<String>) {
        self.customer = customer;
    }
}

impl SetupIntent {
    pub(crate) fn view(&self) -> Value {
        let automatic =
            self.automatic.then(|| json!({ "allow_redirects": "always", "enabled": true }));
        let next_action = self.action_url.as_ref().map(|url| {
            json!({
                "redirect_to_url": { "return_url": self.return_url, "url": url },
                "type": "redirect_to_url",
            })
        });
        json!({
            "id": self.id,
            "object": "setup_intent",
            "application": null,
            "automatic_payment_methods": automatic,
            "cancellation_reason": self.cancellation_reason,
            "client_secret": self.client_secret,
            "created": self.created.timestamp(),
            "customer": self.customer,
            "customer_account": null,
            "description": self.description,
            "excluded_payment_method_types": null,
            "flow_directions": null,
            "last_setup_error": self.last_setup_error,
            "latest_attempt": null,
            "livemode": false,
            "mandate": null,
            "metadata": self.metadata,
            "next_action": next_action,
            "on_behalf_of": null,
            "payment_method": self.payment_method,
            "payment_method_configuration_details": null,
            "payment_method_options": { "card": {
                "mandate_options": null, "network": null, "request_three_d_secure": "automatic",
            } },
            "payment_method_types": ["card"],
            "single_use_mandate": null,
            "status": self.status,
            "usage": self.usage,
        })
    }
}

const FIELDS: [&str; 11] = [
    "allowed_payment_method_types",
    "attach_to_self",
    "customer",
    "customer_account",
    "description",
    "metadata",
    "payment_method",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "payment_method_types",
];

const AT_CREATION: [&str; 11] = [
    "automatic_payment_methods",
    "confirm",
    "confirmation_token",
    "excluded_payment_method_types",
    "flow_directions",
    "mandate_data",
    "on_behalf_of",
    "return_url",
    "single_use",
    "usage",
    "use_stripe_sdk",
];

pub(crate) fn create(account: &mut Account, params: &Params) -> Answer {
    params.allow(&FIELDS.into_iter().chain(AT_CREATION).collect::<Vec<_>>())?;
    let confirms = params.flag("confirm")?.unwrap_or_default();
    let usage = params.choice("usage", &["off_session", "on_session"])?.unwrap_or("off_session");
    let enabled = params.table("automatic_payment_methods").flag("enabled")?;
    let id = account.fresh("seti_", 24);
    let mut intent = SetupIntent {
        client_secret: account.ids.next(&format!("{id}_secret_"), 25),
        created: account.now(),
        customer: None,
        payment_method: None,
        status: "requires_payment_method",
        usage,
        description: None,
        cancellation_reason: None,
        last_setup_error: None,
        automatic: enabled.unwrap_or(!params.has("payment_method_types")),
        return_url: params.owned("return_url"),
        action_url: None,
        metadata: BTreeMap::new(),
        id: id.clone(),
    };
    change(account, &mut intent, params)?;
    account.setups.insert(intent);
    if confirms { confirm::run(account, &id, params) } else { get(account, &id) }
}

fn change(account: &mut Account, intent: &mut SetupIntent, params: &Params) -> Answer<()> {
    if let Some(customer) = params.text("customer") {
        customers::must_exist(account, customer)?;
        intent.customer = Some(customer.to_owned());
    }
    params.update("description", &mut intent.description);
    params.merge_metadata(&mut intent.metadata)?;
    if let Some(method) = choose(account, params)? {
        payment_methods::usable(account, &method, intent.customer.as_deref())?;
        intent.payment_method = Some(method);
        if intent.status == "requires_payment_method" {
            intent.status = "requires_confirmation";
        }
    }
    Ok(())
}

fn choose(account: &mut Account, params: &Params) -> Answer<Option<String>> {
    if let Some(name) = params.text("payment_method") {
        return payment_methods::resolve(account, name).map(Some);
    }
    if params.has("payment_method_data") {
        return payment_methods::from_data(account, &params.table("payment_method_data")).map(Some);
    }
    Ok(None)
}

pub(crate) fn get(account: &Account, id: &str) -> Answer {
    account.setups.get(id).map(SetupIntent::view).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Box<ApiError> {
    ApiError::no_such(StatusCode::NOT_FOUND, SetupIntent::NOUN, "intent", id)
}

pub(crate) fn update(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&FIELDS)?;
    let mut changed = account.setups.get(id).cloned().ok_or_else(|| missing(id))?;
    change(account, &mut changed, params)?;
    account.setups.assign(id, changed.customer.as_deref());
    if let Some(intent) = account.setups.get_mut(id) {
        *intent = changed;
    }
    get(account, id)
}

pub(crate) fn list(account: &Account, params: &Params) -> Answer {
    params.allow(&listing(&[
        "attach_to_self",
        "customer",
        "customer_account",
        "payment_method",
    ]))?;
    let method = params.text("payment_method");
    let keep =
        |intent: &SetupIntent| method.is_none() || intent.payment_method.as_deref() == method;
    page::list(&account.setups, params, "/v1/setup_intents", keep, SetupIntent::view)
}
