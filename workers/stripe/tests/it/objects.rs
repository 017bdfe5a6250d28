//! Stripe's objects as they come over the wire, and our side of the conversation.

use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, InvoiceId};
use perennial_core::money::Money;
use perennial_jobs::payments::{CustomerProfile, Decline, IntentRequest, NoAnswer, OpKey};
use serde_json::{Value, json};

pub(crate) fn invoice() -> InvoiceId {
    InvoiceId::derived("one")
}

pub(crate) fn profile() -> CustomerProfile {
    let customer = CustomerId::derived("one");
    CustomerProfile { customer, email: "eva@example.org".into(), name: "Eva".into() }
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// What is asked for invoice one at a hand-made server.
pub(crate) fn owed() -> IntentRequest {
    IntentRequest { invoice: invoice(), customer: "cus_1".into(), amount: usd(4_900) }
}

pub(crate) fn attempt(number: i32) -> OpKey {
    OpKey::execute(invoice(), number)
}

/// An intent in this state, with these fields on top.
pub(crate) fn intent(status: &str, fields: Value) -> Value {
    let mut intent = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 4900, "amount_capturable": 0,
        "amount_received": if status == "succeeded" { 4900 } else { 0 },
        "capture_method": "automatic", "confirmation_method": "automatic", "created": 1_767_225_600,
        "currency": "usd", "customer": "cus_1", "livemode": false,
        "metadata": { "invoice": invoice().to_string() }, "payment_method_types": ["card"],
        "status": status, "client_secret": "pi_1_secret_canary8e2",
    });
    merge(&mut intent, fields);
    intent
}

pub(crate) fn method(fields: Value) -> Value {
    let mut method = json!({
        "id": "pm_1", "object": "payment_method", "type": "card", "created": 1_767_225_600,
        "livemode": false, "metadata": {}, "customer": "cus_1",
        "billing_details": { "address": null, "email": null, "name": null, "phone": null, "tax_id": null },
        "card": {
            "brand": "visa", "country": "US", "exp_month": 8, "exp_year": 2031, "funding": "credit",
            "last4": "4242", "fingerprint": "f", "display_brand": "visa",
        },
    });
    merge(&mut method, fields);
    method
}

pub(crate) fn card_error() -> Value {
    json!({
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "advice_code": "try_again_later", "network_advice_code": "24", "network_decline_code": "51",
        "charge": "ch_1", "message": "Your card has insufficient funds.", "payment_method": method(json!({})),
    })
}

pub(crate) fn insufficient_funds() -> Decline {
    Decline {
        code: "insufficient_funds".into(),
        network: Some("visa".into()),
        network_decline_code: Some("51".into()),
        network_advice_code: Some("24".into()),
        advice_code: Some("try_again_later".into()),
    }
}

pub(crate) fn error(code: &str) -> Value {
    json!({ "error": { "type": "invalid_request_error", "code": code, "message": "No." } })
}

pub(crate) fn page(intents: &[Value], more: bool) -> Value {
    json!({ "object": "list", "url": "/v1/payment_intents", "has_more": more, "data": intents })
}

pub(crate) fn is_unknown(no_answer: &NoAnswer) -> bool {
    matches!(no_answer, NoAnswer::Unknown { .. })
}

pub(crate) fn is_not_sent(no_answer: &NoAnswer) -> bool {
    matches!(no_answer, NoAnswer::NotSent { .. })
}

fn merge(object: &mut Value, fields: Value) {
    let Value::Object(fields) = fields else { return };
    object.as_object_mut().unwrap().extend(fields);
}
