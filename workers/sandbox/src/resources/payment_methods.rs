//! `/v1/payment_methods`

mod attach;
mod create;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::customers;
use crate::account::shelf::Kept;
use crate::account::{Account, ids, listing};
use crate::methods::behaviour::{Behaviour, Check, Number};
use crate::wire::error::{Answer, ApiError};
use crate::wire::page;
use crate::wire::params::Params;

pub(crate) use attach::{attach, attachable, detach, detach_all, must_belong, resolve, usable};
use create::add;
pub(crate) use create::{create, from_data, update};

/// A card.
#[derive(Debug, Clone)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    created: DateTime<Utc>,
    customer: Option<String>,
    /// The customer it was first attached to.
    owner: Option<String>,
    pub(crate) behaviour: Arc<Behaviour>,
    pub(crate) exp_year: i32,
    pub(crate) exp_month: u32,
    /// Charge attempts so far; what the next one does may depend on it.
    pub(crate) attempts: u32,
    /// Whether its owner has authenticated it for payments off session.
    pub(crate) set_up: bool,
    /// Paid with while unattached, or detached: it can never be used again.
    pub(crate) spent: bool,
    pub(crate) billing_details: Value,
    allow_redisplay: &'static str,
    metadata: BTreeMap<String, String>,
}

impl Kept for PaymentMethod {
    const NOUN: &'static str = "PaymentMethod";
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
        if self.owner.is_none() {
            self.owner.clone_from(&customer);
        }
        self.customer = customer;
    }
}

impl PaymentMethod {
    pub(crate) fn view(&self) -> Value {
        let card = &*self.behaviour;
        let [line1, postal_code, cvc] = Check::results(card.failing_check);
        json!({
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": self.allow_redisplay,
            "billing_details": self.billing_details,
            "card": {
                "brand": card.brand.name(),
                "checks": {
                    "address_line1_check": self.billing_details.pointer("/address/line1").filter(|it| !it.is_null()).map(|_| line1),
                    "address_postal_code_check": self.billing_details.pointer("/address/postal_code").filter(|it| !it.is_null()).map(|_| postal_code),
                    "cvc_check": cvc,
                },
                "country": "US",
                "display_brand": card.brand.name(),
                "exp_month": self.exp_month,
                "exp_year": self.exp_year,
                "fingerprint": self.fingerprint(),
                "funding": card.funding,
                "generated_from": null,
                "last4": card.last4,
                "networks": { "available": [card.brand.name()], "preferred": null },
                "regulated_status": "unregulated",
                "three_d_secure_usage": { "supported": true },
                "wallet": null,
            },
            "created": self.created.timestamp(),
            "customer": self.customer,
            "customer_account": null,
            "livemode": false,
            "metadata": self.metadata,
            "type": "card",
        })
    }

    /// The same for cards with the same number.
    pub(crate) fn fingerprint(&self) -> String {
        let card = &self.behaviour;
        let number = match &card.number {
            Number::Test => format!("{}{}", card.brand.name(), card.last4),
            Number::Shared(number) => format!("{}#{number}", card.brand.name()),
            Number::OfOwner(name) => {
                format!("{name}@{}", self.owner.as_deref().unwrap_or(&self.id))
            }
        };
        format!("{:016x}", ids::hash(number.as_bytes()))
    }
}

pub(crate) fn get(account: &Account, id: &str) -> Answer {
    account.methods.get(id).map(PaymentMethod::view).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Box<ApiError> {
    ApiError::no_such(StatusCode::NOT_FOUND, PaymentMethod::NOUN, "payment_method", id)
}

/// Attached payment methods, of one customer or (as the provider allows) of all.
pub(crate) fn list(account: &Account, params: &Params, url: &str) -> Answer {
    params.allow(&listing(&["allow_redisplay", "customer", "customer_account", "type"]))?;
    if let Some(customer) = params.text("customer") {
        customers::must_exist(account, customer)?;
    }
    let kind = params.text("type").unwrap_or("card");
    let keep = |method: &PaymentMethod| kind == "card" && method.customer.is_some();
    page::list(&account.methods, params, url, keep, PaymentMethod::view)
}

/// One payment method of one customer.
pub(crate) fn get_of(account: &Account, customer: &str, id: &str) -> Answer {
    match must_belong(account, id, customer) {
        Ok(()) => get(account, id),
        Err(_) => Err(missing(id)),
    }
}
