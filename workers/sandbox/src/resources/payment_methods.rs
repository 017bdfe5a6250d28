//! `/v1/payment_methods`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Datelike, Utc};
use serde_json::{Value, json};

use super::{contact, customers};
use crate::account::shelf::Kept;
use crate::account::{Account, ids, listing};
use crate::methods::behaviour::{Behaviour, Check};
use crate::methods::cards;
use crate::methods::declines::Decline;
use crate::wire::error::{Answer, ApiError};
use crate::wire::page;
use crate::wire::params::Params;

/// How long a test card is good for, where its name says nothing else.
const YEARS_GOOD: i32 = 10;

/// A card.
#[derive(Debug, Clone)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    created: DateTime<Utc>,
    customer: Option<String>,
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
        format!("{:016x}", ids::hash(format!("{}{}", card.brand.name(), card.last4).as_bytes()))
    }
}

/// Makes a payment method that behaves so.
fn add(account: &mut Account, behaviour: Behaviour, billing_details: Value) -> String {
    let id = account.fresh("pm_", 24);
    let now = account.now();
    let (exp_year, exp_month) = behaviour.expires.unwrap_or((now.year() + YEARS_GOOD, 12));
    account.methods.insert(PaymentMethod {
        id: id.clone(),
        created: now,
        customer: None,
        behaviour: Arc::new(behaviour),
        exp_year,
        exp_month,
        attempts: 0,
        set_up: false,
        spent: false,
        billing_details,
        allow_redisplay: "unspecified",
        metadata: BTreeMap::new(),
    });
    id
}

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

pub(crate) fn create(account: &mut Account, params: &Params) -> Answer {
    params.allow(&[
        "allow_redisplay",
        "billing_details",
        "card",
        "customer",
        "metadata",
        "payment_method",
        "type",
    ])?;
    let id = from_data(account, params)?;
    change(account, &id, params)?;
    get(account, &id)
}

/// A payment method from `type`, `card[…]` and `billing_details[…]`.
pub(crate) fn from_data(account: &mut Account, params: &Params) -> Answer<String> {
    let kind = params.required("type")?;
    if kind != "card" {
        let message = format!("The sandbox's accounts take cards only, not {kind}.");
        return Err(ApiError::invalid("payment_method_invalid_parameter", "type", message));
    }
    let details = contact::billing_details(params)?;
    let card = params.table("card");
    card.allow(&["cvc", "exp_month", "exp_year", "networks", "number", "token"])?;
    if let Some(token) = card.text("token") {
        let id = resolve(account, token)?;
        if let Some(method) = account.methods.get_mut(&id) {
            method.billing_details = details;
        }
        return Ok(id);
    }
    let behaviour = cards::numbered(card.required("number")?);
    let mut behaviour = behaviour.map_err(|decline| ApiError::declined(&decline))?;
    behaviour.expires = Some(expiry(&card, account.now())?);
    Ok(add(account, behaviour, details))
}

/// Year and month of `exp_year` and `exp_month`, refused once they have passed.
fn expiry(card: &Params, now: DateTime<Utc>) -> Answer<(i32, u32)> {
    let refuse = |code| {
        let decline = Decline::named(code);
        decline.map_or_else(|| ApiError::missing("card"), |decline| ApiError::declined(&decline))
    };
    card.required("exp_month")?;
    card.required("exp_year")?;
    let month = card.integer("exp_month")?.and_then(|month| u32::try_from(month).ok());
    let year = card.integer("exp_year")?.and_then(|year| i32::try_from(year).ok());
    let month = month.filter(|month| (1..=12).contains(month));
    let month = month.ok_or_else(|| refuse("invalid_expiry_month"))?;
    let year = year.map(|year| if year < 100 { 2000 + year } else { year });
    let year = year.filter(|year| (now.year()..=now.year() + 50).contains(year));
    let year = year.ok_or_else(|| refuse("invalid_expiry_year"))?;
    if (year, month) < (now.year(), now.month()) {
        return Err(refuse("invalid_expiry_month"));
    }
    Ok((year, month))
}

pub(crate) fn get(account: &Account, id: &str) -> Answer {
    account.methods.get(id).map(PaymentMethod::view).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Box<ApiError> {
    ApiError::no_such(StatusCode::NOT_FOUND, PaymentMethod::NOUN, "payment_method", id)
}

pub(crate) fn update(account: &mut Account, id: &str, params: &Params) -> Answer {
    params.allow(&["allow_redisplay", "billing_details", "card", "metadata"])?;
    account.methods.get(id).ok_or_else(|| missing(id))?;
    let details = params.has("billing_details").then(|| contact::billing_details(params));
    if let (Some(details), Some(method)) = (details.transpose()?, account.methods.get_mut(id)) {
        method.billing_details = details;
    }
    if params.has("card") {
        let card = params.table("card");
        card.allow(&["exp_month", "exp_year", "networks"])?;
        let expires = expiry(&card, account.now())?;
        if let Some(method) = account.methods.get_mut(id) {
            Arc::make_mut(&mut method.behaviour).expires = Some(expires);
            (method.exp_year, method.exp_month) = expires;
        }
    }
    change(account, id, params)?;
    get(account, id)
}

fn change(account: &mut Account, id: &str, params: &Params) -> Answer<()> {
    let allow = params.choice("allow_redisplay", &["always", "limited", "unspecified"])?;
    let Some(method) = account.methods.get_mut(id) else { return Ok(()) };
    method.allow_redisplay = allow.unwrap_or(method.allow_redisplay);
    params.merge_metadata(&mut method.metadata)
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
