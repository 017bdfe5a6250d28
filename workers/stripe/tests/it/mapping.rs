//! What each of Stripe's answers means.

use std::time::Duration;

use perennial_core::decline::METHOD_GONE;
use perennial_jobs::payments::{
    AttachedMethod, CallTrace, Inquiry, NoAnswer, Observation, OpKey, Outcome, PaymentProvider,
};
use serde_json::{Value, json};

use crate::objects::{
    attempt, card_error, error, insufficient_funds, intent, invoice, is_unknown, method, owed,
    profile, usd,
};
use crate::wire::{Then, Wire};

async fn executed(script: impl IntoIterator<Item = Then>) -> Result<Outcome, NoAnswer> {
    let provider = Wire::serving(script).await.provider();
    provider
        .execute("pi_1", "pm_1", &attempt(1))
        .await
        .map(|reply| reply.value)
        .map_err(|(no_answer, _)| no_answer)
}

async fn cancelled(script: impl IntoIterator<Item = Then>) -> Result<Outcome, NoAnswer> {
    let provider = Wire::serving(script).await.provider();
    let key = OpKey::cancel(invoice());
    provider.cancel("pi_1", &key).await.map(|reply| reply.value).map_err(|(no_answer, _)| no_answer)
}

async fn observed(answer: Then) -> Result<Observation, NoAnswer> {
    let provider = Wire::serving([answer]).await.provider();
    let inquiry = Inquiry::Reference("pi_1".into());
    provider.inquire(&inquiry).await.map(|reply| reply.value).map_err(|(no_answer, _)| no_answer)
}

fn succeeded() -> Outcome {
    Outcome::Succeeded { charge: Some("ch_1".into()), amount: usd(4_900) }
}

fn paid() -> Value {
    intent("succeeded", json!({ "latest_charge": "ch_1" }))
}

fn unpaid() -> Value {
    intent(
        "requires_payment_method",
        json!({ "latest_charge": "ch_1", "last_payment_error": card_error() }),
    )
}

#[tokio::test]
async fn a_succeeded_intent_is_a_success_with_its_charge_and_amount() {
    assert_eq!(executed([Then::json(200, &paid())]).await, Ok(succeeded()));
}

#[tokio::test]
async fn a_captured_amount_is_told_in_our_units() {
    let fields = json!({ "currency": "isk", "amount_received": 50_000, "latest_charge": "ch_1" });
    let Ok(Outcome::Succeeded { amount, .. }) =
        executed([Then::json(200, &intent("succeeded", fields))]).await
    else {
        panic!("not a success");
    };
    assert_eq!((amount.minor, amount.currency.code()), (500, "ISK"));
}

#[tokio::test]
async fn a_processing_intent_is_processing() {
    assert_eq!(
        executed([Then::json(200, &intent("processing", json!({})))]).await,
        Ok(Outcome::Processing)
    );
}

#[tokio::test]
async fn an_intent_that_waits_for_the_customer_says_where() {
    let action = json!({ "type": "redirect_to_url", "redirect_to_url": { "url": "https://bank.example/3ds", "return_url": null } });
    let waiting = intent("requires_action", json!({ "next_action": action }));
    let url = Some("https://bank.example/3ds".into());
    assert_eq!(executed([Then::json(200, &waiting)]).await, Ok(Outcome::RequiresAction { url }));
}

#[tokio::test]
async fn an_intent_without_a_method_is_a_decline_from_its_last_error() {
    let expected = Outcome::Declined { decline: insufficient_funds(), charge: Some("ch_1".into()) };
    assert_eq!(executed([Then::json(200, &unpaid())]).await, Ok(expected));
}

#[tokio::test]
async fn a_cancelled_intent_is_cancelled() {
    assert_eq!(
        executed([Then::json(200, &intent("canceled", json!({})))]).await,
        Ok(Outcome::Canceled)
    );
}

#[tokio::test]
async fn a_state_that_we_do_not_know_is_unknown() {
    for state in [
        "requires_capture",
        "requires_confirmation",
        "settling_on_the_moon",
        "requires_payment_method",
    ] {
        let no_answer = executed([Then::json(200, &intent(state, json!({})))]).await.unwrap_err();
        assert!(is_unknown(&no_answer), "{state}: {no_answer:?}");
    }
}

#[tokio::test]
async fn a_402_is_a_decline_with_codes_and_network() {
    let expected = Outcome::Declined { decline: insufficient_funds(), charge: Some("ch_1".into()) };
    assert_eq!(executed([Then::json(402, &json!({ "error": card_error() }))]).await, Ok(expected));
}

#[tokio::test]
async fn a_402_around_an_intent_that_we_cannot_read_is_still_a_decline() {
    let mut refusal = card_error();
    refusal["payment_intent"] = json!({ "id": "pi_1", "status": 17 });
    let outcome = executed([Then::json(402, &json!({ "error": refusal }))]).await;
    assert!(matches!(outcome, Ok(Outcome::Declined { .. })), "{outcome:?}");
}

#[tokio::test]
async fn executing_in_an_unexpected_state_is_answered_by_what_is_found() {
    let refused = || Then::json(400, &error("payment_intent_unexpected_state"));
    assert_eq!(executed([refused(), Then::json(200, &paid())]).await, Ok(succeeded()));
    let cancelled = intent("canceled", json!({}));
    assert_eq!(executed([refused(), Then::json(200, &cancelled)]).await, Ok(Outcome::Canceled));
    let processing = intent("processing", json!({}));
    assert_eq!(executed([refused(), Then::json(200, &processing)]).await, Ok(Outcome::Processing));
}

#[tokio::test]
async fn an_earlier_decline_is_not_the_answer_to_this_attempt() {
    let refused = Then::json(400, &error("payment_intent_unexpected_state"));
    let no_answer = executed([refused, Then::json(200, &unpaid())]).await.unwrap_err();
    assert!(is_unknown(&no_answer), "{no_answer:?}");
}

#[tokio::test]
async fn cancelling_what_has_succeeded_is_answered_with_the_success() {
    let refused = Then::json(400, &error("payment_intent_unexpected_state"));
    assert_eq!(cancelled([refused, Then::json(200, &paid())]).await, Ok(succeeded()));
    assert_eq!(
        cancelled([Then::json(200, &intent("canceled", json!({})))]).await,
        Ok(Outcome::Canceled)
    );
}

#[tokio::test]
async fn a_wrong_request_is_rejected_with_code_and_parameter() {
    let mut body = error("parameter_invalid_integer");
    body["error"]["param"] = json!("amount");
    let rejected = executed([Then::json(400, &body)]).await.unwrap_err();
    let expected = NoAnswer::Rejected {
        code: Some("parameter_invalid_integer".into()),
        param: Some("amount".into()),
        reason: "No.".into(),
    };
    assert_eq!(rejected, expected);
}

#[tokio::test]
async fn a_method_that_is_gone_is_a_hard_decline_of_that_method() {
    for (status, code) in
        [(400, "resource_missing"), (404, "resource_missing"), (400, "payment_method_unactivated")]
    {
        let mut body = error(code);
        body["error"]["param"] = json!("payment_method");
        let Ok(Outcome::Declined { decline, charge: None }) =
            executed([Then::json(status, &body)]).await
        else {
            panic!("{code} is no decline");
        };
        assert_eq!(decline.code, METHOD_GONE);
    }
}

#[tokio::test]
async fn whoever_is_not_let_in_is_denied_and_nothing_is_declined() {
    for status in [401, 403] {
        let denied = executed([Then::json(status, &error("resource_missing"))]).await.unwrap_err();
        assert!(matches!(denied, NoAnswer::Denied { .. }), "{denied:?}");
    }
}

#[tokio::test]
async fn locks_and_limits_are_not_sent_with_a_delay() {
    let limited =
        |reason| Then::with(429, &[("Stripe-Rate-Limited-Reason", reason)], &error("rate_limit"));
    let cases = [
        (Then::json(409, &error("idempotency_key_in_use")), 1),
        (Then::json(429, &error("lock_timeout")), 1),
        (limited("endpoint-rate"), 2),
        (limited("global-concurrency"), 5),
        (limited("resource-specific"), 60),
        (Then::with(429, &[("Retry-After", "9")], &error("rate_limit")), 9),
    ];
    for (answer, seconds) in cases {
        let no_answer = executed([answer.clone()]).await.unwrap_err();
        let NoAnswer::NotSent { retry_after, .. } = no_answer else {
            panic!("{answer:?}: {no_answer:?}")
        };
        assert_eq!(retry_after, Some(Duration::from_secs(seconds)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_server_error_is_unknown_whatever_it_advises() {
    for advice in ["true", "false"] {
        let body = json!({ "error": { "type": "api_error", "message": "Oops" } });
        let no_answer = executed([Then::with(500, &[("Stripe-Should-Retry", advice)], &body)])
            .await
            .unwrap_err();
        assert!(is_unknown(&no_answer), "{no_answer:?}");
    }
}

#[tokio::test]
async fn the_trace_tells_how_it_was_learned() {
    let headers = [
        ("Request-Id", "req_7"),
        ("Idempotent-Replayed", "true"),
        ("Stripe-Should-Retry", "false"),
    ];
    let provider = Wire::serving([Then::with(200, &headers, &paid())]).await.provider();
    let trace = provider.execute("pi_1", "pm_1", &attempt(1)).await.unwrap().trace;
    let expected = CallTrace {
        http_status: Some(200),
        request_id: Some("req_7".into()),
        replayed: true,
        should_retry: Some(false),
        rate_limited_reason: None,
    };
    assert_eq!(trace, expected);
}

#[tokio::test]
async fn reading_an_intent_tells_untouched_from_tried_from_gone() {
    let untouched = observed(Then::json(200, &intent("requires_payment_method", json!({})))).await;
    assert_eq!(untouched, Ok(Observation::NeverExecuted { reference: "pi_1".into() }));
    let tried = observed(Then::json(200, &unpaid())).await;
    let charge = Some("ch_1".to_owned());
    let outcome = Outcome::Declined { decline: insufficient_funds(), charge: charge.clone() };
    assert_eq!(tried, Ok(Observation::Executed { reference: "pi_1".into(), outcome, charge }));
    assert_eq!(
        observed(Then::json(404, &error("resource_missing"))).await,
        Ok(Observation::Missing)
    );
}

#[tokio::test]
async fn an_intent_that_forgot_its_error_is_still_declined() {
    let forgetful = intent(
        "requires_payment_method",
        json!({ "latest_charge": "ch_1", "last_payment_error": null }),
    );
    let Ok(Observation::Executed { outcome: Outcome::Declined { decline, .. }, .. }) =
        observed(Then::json(200, &forgetful)).await
    else {
        panic!("not a decline");
    };
    assert_eq!(decline.code, "generic_decline");
}

#[tokio::test]
async fn a_method_is_described_once_attached_and_rejected_when_its_card_is_refused() {
    let provider = Wire::serving([
        Then::json(200, &method(json!({}))),
        Then::json(402, &json!({ "error": card_error() })),
    ]);
    let provider = provider.await.provider();
    let key = OpKey::attach(profile().customer, "first");
    let expected = AttachedMethod {
        reference: "pm_1".into(),
        kind: "card".into(),
        network: Some("visa".into()),
        last4: Some("4242".into()),
        expires: Some((8, 2031)),
        fingerprint: Some("f".into()),
    };
    assert_eq!(provider.attach_method("cus_1", "pm_x", &key).await.unwrap().value, expected);
    let (refused, _) = provider.attach_method("cus_1", "pm_x", &key).await.unwrap_err();
    let NoAnswer::Rejected { code, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(code.as_deref(), Some("insufficient_funds"));
}

#[tokio::test]
async fn the_same_request_goes_out_with_the_same_key_and_the_same_bytes() {
    let wire = Wire::serving([Then::Close]).await;
    let key = OpKey::prepare(invoice());
    for _ in 0..2 {
        wire.provider().prepare(&owed(), &key).await.unwrap_err();
    }
    let seen = wire.seen();
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].line, "POST /v1/payment_intents");
    assert_eq!(seen[0].header("idempotency-key"), Some(key.as_str()));
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
}
