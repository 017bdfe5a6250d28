use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, InvoiceId};
use perennial_core::money::Money;
use stripe_client_core::{RequestBuilder, StripeRequest};

use super::*;

fn owed(minor: i64, currency: Currency) -> IntentRequest {
    let invoice = InvoiceId::derived("request");
    IntentRequest { invoice, customer: "cus_1".into(), amount: Money::new(minor, currency) }
}

fn sent(intent: &IntentRequest) -> Result<CreatePaymentIntent, NoAnswer> {
    create(intent, Some("000000000001"))
}

fn text(request: &impl StripeRequest) -> String {
    let RequestBuilder { query, body, path, method } = request.build();
    format!("{method:?} {path} {}", query.or(body).unwrap_or_default())
}

#[test]
fn the_same_intent_is_byte_for_byte_the_same_request() {
    let stored = serde_json::to_string(&owed(4_900, Currency::USD)).unwrap();
    let texts: Vec<String> =
        (0..100).map(|_| text(&sent(&serde_json::from_str(&stored).unwrap()).unwrap())).collect();
    let expected = "Post /payment_intents amount=4900&\
        automatic_payment_methods[allow_redirects]=never&automatic_payment_methods[enabled]=true&\
        confirm=false&currency=usd&customer=cus_1&\
        metadata[invoice]=inv_f28c3311bf5d5d8d99f4ff5386f452e1@000000000001";
    assert_eq!(texts[0], expected);
    assert!(texts.iter().all(|text| *text == texts[0]));
}

#[test]
fn a_confirmation_is_off_session_and_names_its_method() {
    let request = confirm("pi_1", "pm_1").unwrap();
    assert_eq!(
        text(&request),
        "Post /payment_intents/pi_1/confirm off_session=true&payment_method=pm_1"
    );
}

#[test]
fn a_cancellation_has_a_body_so_that_its_departure_can_be_watched() {
    let request = cancel("pi_1").unwrap();
    assert_eq!(text(&request), "Post /payment_intents/pi_1/cancel cancellation_reason=abandoned");
}

#[test]
fn a_customer_is_byte_for_byte_the_same_request() {
    let profile = CustomerProfile {
        customer: CustomerId::derived("request"),
        email: "eva+x@example.org".into(),
        name: "Eva Ö".into(),
    };
    let texts: Vec<String> = (0..100).map(|_| text(&customer(&profile))).collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert!(texts[0].contains("eva%2Bx@example.org"), "{}", texts[0]);
}

#[test]
fn the_amount_is_in_the_providers_units() {
    for (money, expected) in [
        (owed(500, Currency::JPY), "amount=500&"),
        (owed(4_990, Currency::KWD), "amount=4990&"),
        // No decimals at home, two at the provider.
        (owed(500, Currency::parse("ISK").unwrap()), "amount=50000&"),
    ] {
        let text = text(&sent(&money).unwrap());
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn an_amount_that_cannot_be_charged_is_rejected_before_it_is_sent() {
    let Err(NoAnswer::Rejected { code, param, .. }) = sent(&owed(4_999, Currency::KWD)) else {
        panic!("a fils that the network cannot carry was accepted");
    };
    assert_eq!(
        (code.as_deref(), param.as_deref()),
        (Some("amount_not_chargeable"), Some("amount"))
    );
}

#[test]
fn an_id_cannot_name_another_path() {
    for id in ["", "pi_1/confirm", "pi_1?x=y", "../customers", "pi 1", "pi_\u{e9}"] {
        assert!(matches!(retrieve(id), Err(NoAnswer::Rejected { .. })), "{id}");
        assert!(matches!(confirm("pi_1", id), Err(NoAnswer::Rejected { .. })), "{id}");
    }
}

#[test]
fn a_page_begins_after_the_last_one() {
    assert_eq!(
        text(&list("cus_1", None).unwrap()),
        "Get /payment_intents customer=cus_1&limit=100"
    );
    let second = text(&list("cus_1", Some("pi_9")).unwrap());
    assert_eq!(second, "Get /payment_intents customer=cus_1&limit=100&starting_after=pi_9");
}
