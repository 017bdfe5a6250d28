//! `/v1/payment_intents`

mod attempt;
mod confirm;
mod create;
mod finish;
mod view;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::account::shelf::Kept;
use crate::account::{Account, listing};
use crate::wire::error::{Answer, ApiError};
use crate::wire::page;
use crate::wire::params::Params;

pub(crate) use attempt::{authenticated, settle};
pub(crate) use confirm::confirm;
pub(crate) use create::{create, update};
pub(crate) use finish::{cancel, capture};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// One payment, from intention to success or cancellation.
#[derive(Debug, Clone)]
pub(crate) struct PaymentIntent {
    pub(crate) id: String,
    pub(crate) client_secret: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) amount: i64,
    pub(crate) amount_capturable: i64,
    pub(crate) amount_received: i64,
    pub(crate) currency: String,
    pub(crate) customer: Option<String>,
    pub(crate) payment_method: Option<String>,
    pub(crate) status: Status,
    pub(crate) latest_charge: Option<String>,
    /// Boxed because most payments never have one.
    pub(crate) last_payment_error: Option<Box<Map<String, Value>>>,
    pub(crate) canceled_at: Option<DateTime<Utc>>,
    pub(crate) cancellation_reason: Option<&'static str>,
    pub(crate) capture_method: &'static str,
    pub(crate) confirmation_method: &'static str,
    pub(crate) setup_future_usage: Option<&'static str>,
    /// `Some(allow_redirects)` where the provider picks the payment method types.
    pub(crate) automatic: Option<&'static str>,
    pub(crate) payment_method_types: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) shipping: Value,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Where the customer goes to authenticate.
    pub(crate) action_url: Option<String>,
}

impl Kept for PaymentIntent {
    const NOUN: &'static str = "payment_intent";
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

pub(crate) fn get(account: &Account, id: &str) -> Answer {
    account.intents.get(id).map(PaymentIntent::view).ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Box<ApiError> {
    ApiError::no_such(StatusCode::NOT_FOUND, PaymentIntent::NOUN, "intent", id)
}

/// Refuses what the intent's status does not allow, the intent enclosed.
fn unexpected(intent: &PaymentIntent, verb: &str, allowed: &[Status]) -> Box<ApiError> {
    let names: Vec<&str> = allowed.iter().map(|status| status.name()).collect();
    let status = intent.status.name();
    let message = format!(
        "You cannot {verb} this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of the following statuses may be the subject of this call: {}.",
        names.join(", ")
    );
    ApiError::request(Some("payment_intent_unexpected_state"), message)
        .with("payment_intent", intent.view())
}

pub(crate) fn list(account: &Account, params: &Params) -> Answer {
    params.allow(&listing(&["customer", "customer_account"]))?;
    page::list(&account.intents, params, "/v1/payment_intents", |_| true, PaymentIntent::view)
}
