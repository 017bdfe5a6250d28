use serde_json::{Value, json};

use super::super::run;

fn answer(request: &Value) -> Value {
    let mut output = Vec::new();
    run(request.to_string().as_bytes(), &mut output).unwrap();
    serde_json::from_slice(&output).unwrap()
}

fn request(changes: Value) -> Value {
    let mut request = json!({"op": "ladder", "failed_at": "2026-03-02T15:00:00Z",
                             "timezone": "America/New_York", "declines": ["insufficient_funds"],
                             "network": "visa"});
    for (field, value) in changes.as_object().unwrap() {
        request[field] = value.clone();
    }
    request
}

#[track_caller]
fn refused(changes: Value) -> String {
    let answer = answer(&request(changes));
    answer["error"]["field"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn policy(rungs: Value) -> Value {
    json!({"policy": {"rungs": rungs, "access_ends_after": "14d"}})
}

#[test]
fn the_standard_policy_is_shown_with_its_attempts_mails_and_end() {
    let shown = answer(&request(json!({})));
    assert_eq!(shown, answer(&request(json!({"policy": "standard"}))));
    assert_eq!(
        shown["attempts"][1],
        json!({"number": 3, "rung": 2, "planned_at": "2026-03-05T14:00:00Z",
               "at": "2026-03-05T14:00:00Z", "outcome": "declined", "code": "insufficient_funds"})
    );
    assert_eq!(
        shown["mails"][0],
        json!({"template": "payment_failed", "at": "2026-03-02T15:00:00Z", "attempt": 1, "of": 5,
               "next_attempt_at": "2026-03-03T15:00:00Z"})
    );
    assert_eq!(shown["grace_started_at"], "2026-03-09T13:00:00Z");
    assert_eq!(shown["end"], json!({"at": "2026-03-16T15:00:00Z", "action": "cancel"}));
}

#[test]
fn a_decline_may_carry_advice_and_null_means_that_the_money_comes() {
    let declines = json!([{"code": "do_not_honor", "network_advice_code": "24"}, null]);
    let shown = answer(&request(json!({"declines": declines, "network": "mastercard"})));
    assert_eq!(shown["attempts"][0]["outcome"], "succeeded");
    assert_eq!(shown["recovered_at"], "2026-03-03T15:00:00Z");
    assert_eq!(shown["end"], Value::Null);
    let never = json!([{"code": "do_not_honor", "network_advice_code": "03"}]);
    let shown = answer(&request(json!({"declines": never, "network": "mastercard"})));
    assert_eq!(shown["attempts"], json!([]));
    assert_eq!(shown["not_made"][0]["reason"], "advised against (do_not_honor, advice 03)");
}

#[test]
fn an_error_names_the_field() {
    let after = |spans: &[&str]| {
        policy(spans.iter().map(|span| json!({"after": span})).collect::<Vec<_>>().into())
    };
    assert_eq!(refused(after(&["1d", "3d", "5d", "15d"])), "policy.rungs[3].after");
    assert_eq!(refused(after(&["3d", "1d"])), "policy.rungs[1].after");
    assert_eq!(refused(after(&["soon"])), "policy.rungs[0].after");
    assert_eq!(refused(policy(json!([{"after": "1d", "at_hour": 24}]))), "policy.rungs[0].at_hour");
    assert_eq!(refused(policy(json!([{"after": "1d", "hour": 9}]))), "policy.rungs[0].hour");
    assert_eq!(refused(policy(json!([{}]))), "policy.rungs[0]");
    assert_eq!(refused(json!({"policy": {"rungs": []}})), "policy.access_ends_after");
    assert_eq!(refused(json!({"policy": 7})), "policy");
    assert_eq!(refused(json!({"timezone": "Mars/Olympus"})), "timezone");
    assert_eq!(refused(json!({"failed_at": "soon"})), "failed_at");
    assert_eq!(refused(json!({"failed_at": "9999-12-31T00:00:00Z"})), "failed_at");
    assert_eq!(refused(json!({"declines": []})), "declines");
    assert_eq!(refused(json!({"declines": ["succeeded"]})), "declines[0]");
    assert_eq!(refused(json!({"declines": ["do_not_honor", {"cod": 1}]})), "declines[1].code");
    assert_eq!(refused(json!({"color": "red"})), "color");
}
