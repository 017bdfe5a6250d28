use hyper::header::HeaderMap;

use super::*;

fn refusal(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let head = Head::read(StatusCode::from_u16(status).unwrap(), &headers);
    Refusal::read(&Answer { head, body: body.to_owned().into() })
}

fn coded(status: u16, headers: &[(&'static str, &'static str)], code: &str) -> Refusal {
    let kind = "invalid_request_error";
    let body = serde_json::json!({ "error": { "type": kind, "code": code, "param": "p", "message": "m" } });
    refusal(status, headers, &body.to_string())
}

fn delay(refusal: &Refusal) -> Option<u64> {
    match refusal.no_answer() {
        NoAnswer::NotSent { retry_after, .. } => retry_after.map(|delay| delay.as_secs()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wrong_request_is_rejected_with_code_and_parameter() {
    for status in [400, 404, 422] {
        let NoAnswer::Rejected { code, param, reason } =
            coded(status, &[], "parameter_missing").no_answer()
        else {
            panic!("{status} was not rejected");
        };
        assert_eq!(code.as_deref(), Some("parameter_missing"));
        assert_eq!((param.as_deref(), reason.as_str()), (Some("p"), "m"));
    }
}

#[test]
fn a_key_a_permission_or_the_account_is_denied_whatever_the_body_says() {
    let denied = |refusal: Refusal| matches!(refusal.no_answer(), NoAnswer::Denied { .. });
    for status in [401, 403] {
        assert!(denied(coded(status, &[], "parameter_missing")));
        assert!(denied(coded(status, &[("Stripe-Should-Retry", "true")], "x")));
        assert!(denied(refusal(status, &[], "<html>Forbidden</html>")));
    }
    for code in ACCOUNT_TROUBLE {
        assert!(denied(coded(400, &[], code)), "{code}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for (param, object) in [
        ("customer", Object::Customer),
        ("payment_method", Object::Method),
        ("intent", Object::Intent),
    ] {
        let body = serde_json::json!({ "error": { "code": "resource_missing", "message": "m", "param": param } });
        let expected = NoAnswer::Missing { object, reason: "m".into() };
        assert_eq!(refusal(404, &[], &body.to_string()).no_answer(), expected);
    }
}

#[test]
fn a_refusal_without_a_code_is_named_by_its_kind() {
    let refusal = refusal(400, &[], r#"{"error": {"type": "idempotency_error", "message": "m"}}"#);
    assert_eq!(refusal.code(), Some("idempotency_error"));
}

#[test]
fn a_key_in_use_and_a_lock_are_over_in_a_moment() {
    assert_eq!(delay(&coded(409, &[], "idempotency_key_in_use")), Some(1));
    assert_eq!(delay(&coded(429, &[], "lock_timeout")), Some(1));
}

#[test]
fn each_limit_has_its_own_delay() {
    let limited = |reason| coded(429, &[("Stripe-Rate-Limited-Reason", reason)], "rate_limit");
    let delays = [
        "global-rate",
        "endpoint-rate",
        "global-concurrency",
        "endpoint-concurrency",
        "resource-specific",
    ]
    .map(|reason| delay(&limited(reason)));
    assert_eq!(delays, [Some(2), Some(2), Some(5), Some(5), Some(60)]);
    assert_eq!(delay(&refusal(429, &[], "slow down")), Some(2));
}

#[test]
fn the_providers_own_delay_goes_first() {
    assert_eq!(delay(&coded(429, &[("Retry-After", "17")], "rate_limit")), Some(17));
}

#[test]
fn a_discouraged_retry_waits_for_a_minute() {
    assert_eq!(delay(&coded(429, &[("Stripe-Should-Retry", "false")], "lock_timeout")), Some(60));
}

#[test]
fn an_encouraged_retry_is_not_rejected() {
    assert_eq!(
        delay(&coded(400, &[("Stripe-Should-Retry", "true")], "parameter_missing")),
        Some(2)
    );
    assert_eq!(delay(&coded(409, &[("Stripe-Should-Retry", "true")], "conflict")), Some(2));
}

#[test]
fn what_nobody_explains_is_unknown() {
    let unexplained = [
        refusal(500, &[], r#"{"error": {"type": "api_error"}}"#),
        refusal(500, &[("Stripe-Should-Retry", "true")], r#"{"error": {"type": "api_error"}}"#),
        refusal(502, &[], "<html>Bad Gateway</html>"),
        refusal(503, &[], ""),
        refusal(404, &[], "<html>Not Found</html>"),
        refusal(402, &[], "<html>Payment Required</html>"),
        refusal(301, &[], ""),
        coded(408, &[], "timeout"),
        coded(409, &[], "conflict"),
        coded(424, &[], "external_dependency_failed"),
    ];
    for refusal in unexplained {
        assert!(matches!(refusal.no_answer(), NoAnswer::Unknown { .. }), "{refusal:?}");
        assert_eq!(refusal.decline(), None);
    }
}

#[test]
fn a_decline_keeps_everything_that_the_policy_needs() {
    let body = serde_json::json!({ "error": {
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "advice_code": "try_again_later", "network_advice_code": "24", "network_decline_code": "51",
        "charge": "ch_1", "payment_method": { "card": { "brand": "MasterCard" } },
        "payment_intent": { "shape": "from the future" },
    } });
    let (decline, charge) = refusal(402, &[], &body.to_string()).decline().unwrap();
    let expected = Decline {
        code: "insufficient_funds".into(),
        network: Some("mastercard".into()),
        network_decline_code: Some("51".into()),
        network_advice_code: Some("24".into()),
        advice_code: Some("try_again_later".into()),
    };
    assert_eq!((decline, charge.as_deref()), (expected, Some("ch_1")));
}

#[test]
fn a_decline_without_a_decline_code_is_named_by_its_code() {
    let expired = r#"{"error": {"type": "card_error", "code": "expired_card", "payment_intent": {"latest_charge": "ch_2"}}}"#;
    let (decline, charge) = refusal(402, &[], expired).decline().unwrap();
    assert_eq!((decline.code.as_str(), charge.as_deref()), ("expired_card", Some("ch_2")));
}

#[test]
fn the_providers_words_lose_keys_and_addresses() {
    let message =
        "Invalid API Key provided: sk_test_****abcd for eva@example.org in pi_1_secret_2 whsec_9";
    let body =
        serde_json::json!({ "error": { "type": "invalid_request_error", "message": message } });
    let NoAnswer::Denied { reason } = refusal(401, &[], &body.to_string()).no_answer() else {
        panic!("a wrong key was not denied");
    };
    assert_eq!(
        reason,
        "Invalid API Key provided: [redacted] for [redacted] in [redacted] [redacted]"
    );
}

#[test]
fn an_endless_message_is_cut() {
    let body = serde_json::json!({ "error": { "type": "invalid_request_error", "message": "x".repeat(5_000) } });
    let NoAnswer::Rejected { reason, .. } = refusal(400, &[], &body.to_string()).no_answer() else {
        panic!("not rejected");
    };
    assert_eq!(reason, quoted(&"x".repeat(5_000)));
    assert!(reason.len() < 300, "{reason}");
}
