//! Making and changing payment methods.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use serde_json::Value;

use super::{PaymentMethod, get, missing, resolve};
use crate::account::Account;
use crate::methods::behaviour::Behaviour;
use crate::methods::cards;
use crate::methods::declines::Decline;
use crate::resources::contact;
use crate::wire::error::{Answer, ApiError};
use crate::wire::params::Params;

/// How long a test card is good for, where its name says nothing else.
const YEARS_GOOD: i32 = 10;

/// Makes a payment method that behaves so.
pub(super) fn add(account: &mut Account, behaviour: Behaviour, billing_details: Value) -> String {
    let id = account.fresh("pm_", 24);
    let now = account.now();
    let (exp_year, exp_month) = behaviour.expires.unwrap_or((now.year() + YEARS_GOOD, 12));
    account.methods.insert(PaymentMethod {
        id: id.clone(),
        created: now,
        customer: None,
        owner: None,
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
