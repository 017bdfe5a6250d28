use serde_json::{Value, json};

use super::super::run;

fn answer(changes: Value) -> Value {
    let mut request = json!({"op": "quota_reset", "anchor": "2026-01-31T10:00:00Z",
                             "now": "2026-02-10T00:00:00Z", "timezone": "UTC", "reset": "month",
                             "subscription_end": null});
    for (field, value) in changes.as_object().unwrap() {
        request[field] = value.clone();
    }
    let mut output = Vec::new();
    run(request.to_string().as_bytes(), &mut output).unwrap();
    serde_json::from_slice(&output).unwrap()
}

#[track_caller]
fn next(changes: Value) -> Value {
    let answer = answer(changes);
    assert!(answer.get("error").is_none(), "{answer}");
    answer["next_reset"].clone()
}

#[track_caller]
fn refused(changes: Value) -> String {
    let answer = answer(changes);
    answer["error"]["field"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_month_ends_on_the_day_of_the_anchor_or_the_last() {
    assert_eq!(next(json!({})), "2026-02-28T10:00:00Z");
    assert_eq!(next(json!({"now": "2026-02-28T10:00:00Z"})), "2026-03-31T10:00:00Z");
}

#[test]
fn a_date_as_anchor_is_local_midnight() {
    let berlin = json!({"anchor": "2026-03-15", "now": "2026-03-20T00:00:00Z",
                        "timezone": "Europe/Berlin"});
    assert_eq!(next(berlin), "2026-04-14T22:00:00Z");
}

#[test]
fn a_calendar_month_is_the_zones() {
    let tokyo = json!({"reset": "calendar_month", "timezone": "Asia/Tokyo",
                       "now": "2026-02-28T15:00:00Z"});
    assert_eq!(next(tokyo), "2026-03-31T15:00:00Z");
}

#[test]
fn there_is_no_reset_without_one_or_from_the_end_on() {
    assert_eq!(next(json!({"reset": "never"})), Value::Null);
    assert_eq!(next(json!({"subscription_end": "2026-02-28T10:00:00Z"})), Value::Null);
    let later = json!({"subscription_end": "2026-02-28T10:00:01Z"});
    assert_eq!(next(later), "2026-02-28T10:00:00Z");
}

#[test]
fn what_cannot_be_is_named() {
    for field in ["anchor", "now", "timezone", "reset"] {
        assert_eq!(refused(json!({field: null})), field);
        assert_eq!(refused(json!({field: 7})), field);
        assert_eq!(refused(json!({field: "nonsense"})), field);
    }
    assert_eq!(refused(json!({"subscription_end": "soon"})), "subscription_end");
    assert_eq!(refused(json!({"now": "9999-12-31T12:00:00Z"})), "now");
    assert_eq!(refused(json!({"interval": "month"})), "interval");
}
