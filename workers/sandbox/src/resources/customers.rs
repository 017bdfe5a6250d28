//! `/v1/customers`

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{contact, payment_methods};
use crate::account::shelf::Kept;
use crate::account::{Account, listing};
use crate::wire::error::{Answer, ApiError};
use crate::wire::page;
use crate::wire::params::Params;

/// Somebody who pays.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    id: String,
    created: DateTime<Utc>,
    pub(crate) deleted: bool,
    email: Option<String>,
    name: Option<String>,
    description: Option<String>,
    phone: Option<String>,
    address: Value,
    shipping: Value,
    balance: i64,
    preferred_locales: Vec<String>,
    tax_exempt: &'static str,
    invoice_prefix: String,
    default_payment_method: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl Kept for Customer {
    const NOUN: &'static str = "customer";
    fn id(&self) -> &str {
        &self.id
    }
    fn created(&self) -> DateTime<Utc> {
        self.created
    }
    fn customer(&self) -> Option<&str> {
        None
    }
    fn set_customer(&mut self, _customer: Option<String>) {}
}

impl Customer {
    pub(crate) fn view(&self) -> Value {
        if self.deleted {
            return json!({ "id": self.id, "object": "customer", "deleted": true });
        }
        json!({
            "id": self.id,
            "object": "customer",
            "address": self.address,
            "balance": self.balance,
            "business_name": null,
            "created": self.created.timestamp(),
            "currency": null,
            "customer_account": null,
            "default_source": null,
            "delinquent": false,
            "description": self.description,
            "discount": null,
            "email": self.email,
            "individual_name": null,
            "invoice_prefix": self.invoice_prefix,
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": self.default_payment_method,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": self.metadata,
            "name": self.name,
            "next_invoice_sequence": 1,
            "phone": self.phone,
            "preferred_locales": self.preferred_locales,
            "shipping": self.shipping,
            "tax_exempt": self.tax_exempt,
            "test_clock": null,
        })
    }

    fn change(&mut self, params: &Params) -> Answer<()> {
        params.update("email", &mut self.email);
        params.update("name", &mut self.name);
        params.update("description", &mut self.description);
        params.update("phone", &mut self.phone);
        params.merge_metadata(&mut self.metadata)?;
        if params.has("address") {
            self.address = contact::address(params)?;
        }
        if params.has("shipping") {
            self.shipping = contact::shipping(params)?;
        }
        if let Some(balance) = params.integer("balance")? {
            self.balance = balance;
        }
        if let Some(exempt) = params.choice("tax_exempt", &["none", "exempt", "reverse"])? {
            self.tax_exempt = exempt;
        }
        if params.has("preferred_locales") {
            let locales = params.texts("preferred_locales")?;
            self.preferred_locales = locales.into_iter().map(str::to_owned).collect();
        }
        if let Some(prefix) = params.owned("invoice_prefix") {
            self.invoice_prefix = prefix;
        }
        match self.email.as_deref() {
            Some(email) if !email.contains('@') => {
                let message = format!("Invalid email address: {email}");
                Err(ApiError::invalid("email_invalid", "email", message))
            }
            _ => Ok(()),
        }
    }
}

const FIELDS: [&str; 19] = [
    "address",
    "balance",
    "business_name",
    "cash_balance",
    "default_source",
    "description",
    "email",
    "individual_name",
    "invoice_prefix",
    "invoice_settings",
    "metadata",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
    "shipping",
    "tax",
    "tax_exempt",
    "validate",
];

pub(crate) fn create(account: &mut Account, params: &Params) -> Answer {
    let own = ["payment_method", "source", "tax_id_data", "test_clock"];
    params.allow(&FIELDS.iter().copied().chain(own).collect::<Vec<_>>())?;
    let id = account.fresh("cus_", 14);
    let mut customer = Customer {
        invoice_prefix: id[4..12].to_ascii_uppercase(),
        created: account.now(),
        deleted: false,
        email: None,
        name: None,
        description: None,
        phone: None,
        address: Value::Null,
        shipping: Value::Null,
        balance: 0,
        preferred_locales: Vec::new(),
        tax_exempt: "none",
        default_payment_method: None,
        metadata: BTreeMap::new(),
        id: id.clone(),
    };
    customer.change(params)?;
    // A payment method that cannot be attached leaves no customer behind.
    let method = params.text("payment_method");
    let method = method.map(|name| payment_methods::attachable(account, name)).transpose()?;
    account.customers.insert(customer);
    if let Some(method) = method {
        account.methods.assign(&method, Some(&id));
    }
    set_default(account, &id, params)?;
    get(account, &id)
}

pub(crate) fn get(account: &Account, id: &str) -> Answer {
    let missing = || ApiError::no_such(StatusCode::NOT_FOUND, Customer::NOUN, "id", id);
    account.customers.get(id).map(Customer::view).ok_or_else(missing)
}

pub(crate) fn update(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&FIELDS)?;
    let mut changed = account.customers.get(id).filter(|customer| !customer.deleted).cloned();
    let missing = || ApiError::no_such(StatusCode::NOT_FOUND, Customer::NOUN, "id", id);
    changed.as_mut().ok_or_else(missing)?.change(params)?;
    set_default(account, id, params)?;
    if let (Some(customer), Some(mut changed)) = (account.customers.get_mut(id), changed) {
        changed.default_payment_method = customer.default_payment_method.clone();
        *customer = changed;
    }
    get(account, id)
}

fn set_default(account: &mut Account, id: &str, params: &Params) -> Answer<()> {
    let settings = params.table("invoice_settings");
    if !settings.has("default_payment_method") {
        return Ok(());
    }
    let method = settings.owned("default_payment_method");
    if let Some(method) = &method {
        payment_methods::must_belong(account, method, id)?;
    }
    if let Some(customer) = account.customers.get_mut(id) {
        customer.default_payment_method = method;
    }
    Ok(())
}

/// Deletes a customer and detaches its payment methods.
pub(crate) fn delete(account: &mut Account, id: &str) -> Answer {
    let missing = || ApiError::no_such(StatusCode::NOT_FOUND, Customer::NOUN, "id", id);
    let customer = account.customers.get_mut(id).filter(|it| !it.deleted).ok_or_else(missing)?;
    customer.deleted = true;
    let view = customer.view();
    payment_methods::detach_all(account, id);
    Ok(view)
}

pub(crate) fn list(account: &Account, params: &Params) -> Answer {
    params.allow(&listing(&["email", "test_clock"]))?;
    let email = params.text("email");
    let keep = |customer: &Customer| {
        !customer.deleted && (email.is_none() || customer.email.as_deref() == email)
    };
    page::list(&account.customers, params, "/v1/customers", keep, Customer::view)
}

/// Refuses a customer parameter that names nobody.
pub(crate) fn must_exist(account: &Account, id: &str) -> Answer<()> {
    match account.customers.get(id) {
        Some(customer) if !customer.deleted => Ok(()),
        _ => Err(ApiError::no_such(StatusCode::BAD_REQUEST, Customer::NOUN, "customer", id)),
    }
}
