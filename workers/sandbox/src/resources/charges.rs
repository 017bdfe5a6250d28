//! `/v1/charges`: made by payment intents, only read here.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::account::shelf::Kept;
use crate::account::{Account, listing};
use crate::methods::behaviour::{Behaviour, Check, Risk};
use crate::methods::declines::Decline;
use crate::wire::error::{Answer, ApiError};
use crate::wire::page;
use crate::wire::params::Params;

/// What became of a charge attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Paid; captured now or later.
    Paid {
        captured: i64,
    },
    Pending,
    Failed(Decline),
}

/// The card as it was when it was charged.
#[derive(Debug, Clone)]
pub(crate) struct Charged {
    pub(crate) payment_method: String,
    pub(crate) behaviour: Arc<Behaviour>,
    pub(crate) exp_year: i32,
    pub(crate) exp_month: u32,
    pub(crate) fingerprint: String,
    pub(crate) billing_details: Value,
}

/// One attempt to take money.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) customer: Option<String>,
    pub(crate) payment_intent: String,
    pub(crate) card: Charged,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) balance_transaction: Option<String>,
    pub(crate) fate: Fate,
    /// Set where an uncaptured charge was let go.
    pub(crate) released: bool,
}

impl Kept for Charge {
    const NOUN: &'static str = "charge";
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

impl Charge {
    fn captured(&self) -> i64 {
        if let Fate::Paid { captured } = self.fate { captured } else { 0 }
    }

    fn failure(&self) -> Option<&Decline> {
        if let Fate::Failed(decline) = &self.fate { Some(decline) } else { None }
    }

    pub(crate) fn view(&self) -> Value {
        let (paid, status) = match self.fate {
            Fate::Paid { .. } => (true, "succeeded"),
            Fate::Pending => (false, "pending"),
            Fate::Failed(_) => (false, "failed"),
        };
        let receipt = format!("https://pay.stripe.com/receipts/payment/{}", self.id);
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.captured(),
            "amount_refunded": if self.released { self.amount } else { 0 },
            "application": null,
            "application_fee": null,
            "application_fee_amount": null,
            "balance_transaction": self.balance_transaction,
            "billing_details": self.card.billing_details,
            "calculated_statement_descriptor":
                self.statement_descriptor.as_deref().unwrap_or("PERENNIAL SANDBOX"),
            "captured": self.captured() > 0,
            "created": self.created.timestamp(),
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "destination": null,
            "dispute": null,
            "disputed": false,
            "failure_balance_transaction": null,
            "failure_code": self.failure().map(|decline| decline.code),
            "failure_message": self.failure().map(|decline| decline.message),
            "fraud_details": {},
            "livemode": false,
            "metadata": self.metadata,
            "on_behalf_of": null,
            "order": null,
            "outcome": self.outcome(),
            "paid": paid,
            "payment_intent": self.payment_intent,
            "payment_method": self.card.payment_method,
            "payment_method_details": { "card": self.card_details(), "type": "card" },
            "radar_options": {},
            "receipt_email": self.receipt_email,
            "receipt_number": null,
            "receipt_url": paid.then_some(receipt),
            "refunded": self.released,
            "review": null,
            "shipping": null,
            "source": null,
            "source_transfer": null,
            "statement_descriptor": self.statement_descriptor,
            "statement_descriptor_suffix": null,
            "status": status,
            "transfer_data": null,
            "transfer_group": null,
        })
    }

    fn outcome(&self) -> Value {
        let risk = self.card.behaviour.risk;
        let (network_status, kind, seller_message) = match (&self.fate, risk) {
            (Fate::Failed(_), Risk::Highest) => {
                ("not_sent_to_network", "blocked", "The payment was blocked as too risky.")
            }
            (Fate::Failed(_), _) => {
                ("declined_by_network", "issuer_declined", "The bank declined the payment.")
            }
            (Fate::Pending, _) => ("approved_by_network", "pending", "Payment under way."),
            (Fate::Paid { .. }, _) => ("approved_by_network", "authorized", "Payment complete."),
        };
        let failure = self.failure();
        let reason = match risk {
            Risk::Highest => Some("highest_risk_level"),
            _ => failure.map(Decline::reason),
        };
        json!({
            "advice_code": failure.and_then(|decline| decline.advice_code),
            "network_advice_code": failure.and_then(|it| it.network_advice_code.as_deref()),
            "network_decline_code": failure.and_then(|decline| decline.network_decline_code),
            "network_status": network_status,
            "reason": reason,
            "risk_level": risk.name(),
            "risk_score": risk.score(),
            "seller_message": seller_message,
            "type": kind,
        })
    }

    fn card_details(&self) -> Value {
        let card = &*self.card.behaviour;
        let [line1, postal_code, cvc] = Check::results(card.failing_check);
        json!({
            "amount_authorized": self.amount,
            "authorization_code": null,
            "brand": card.brand.name(),
            "checks": {
                "address_line1_check": card.failing_check.map(|_| line1),
                "address_postal_code_check": card.failing_check.map(|_| postal_code),
                "cvc_check": cvc,
            },
            "country": "US",
            "exp_month": self.card.exp_month,
            "exp_year": self.card.exp_year,
            "extended_authorization": { "status": "disabled" },
            "fingerprint": self.card.fingerprint,
            "funding": card.funding,
            "incremental_authorization": { "status": "unavailable" },
            "installments": null,
            "last4": card.last4,
            "mandate": null,
            "multicapture": { "status": "unavailable" },
            "network": card.brand.name(),
            "network_token": { "used": false },
            "network_transaction_id": null,
            "overcapture": { "maximum_amount_capturable": self.amount, "status": "unavailable" },
            "regulated_status": "unregulated",
            "three_d_secure": null,
            "wallet": null,
        })
    }
}

pub(crate) fn get(account: &Account, id: &str) -> Answer {
    let missing = || ApiError::no_such(StatusCode::NOT_FOUND, Charge::NOUN, "id", id);
    account.charges.get(id).map(Charge::view).ok_or_else(missing)
}

pub(crate) fn list(account: &Account, params: &Params) -> Answer {
    params.allow(&listing(&["customer", "payment_intent", "transfer_group"]))?;
    let intent = params.text("payment_intent");
    let keep = |charge: &Charge| intent.is_none_or(|intent| charge.payment_intent == intent);
    page::list(&account.charges, params, "/v1/charges", keep, Charge::view)
}
