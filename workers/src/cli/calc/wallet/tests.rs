use serde_json::{Value, json};

use super::super::run;

fn answer(grants: Value, usage: Value, until: Value) -> Value {
    let request = json!({"op": "wallet", "grants": grants, "usage": usage, "until": until});
    let mut output = Vec::new();
    run(request.to_string().as_bytes(), &mut output).unwrap();
    serde_json::from_slice(&output).unwrap()
}

fn promotional() -> Value {
    json!({"id": "gift", "amount": 10, "priority": 0, "effective_at": "2026-01-01T00:00:00Z",
           "expires_at": "2026-02-01T00:00:00Z", "category": "promotional"})
}

fn paid() -> Value {
    json!({"id": "bought", "amount": 5, "category": "paid"})
}

#[track_caller]
fn refused(grants: Value, usage: Value, until: Value) -> String {
    let answer = answer(grants, usage, until);
    answer["error"]["field"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The field named when the second grant has some fields replaced.
#[track_caller]
fn refused_grant(changes: Value) -> String {
    let mut grant = promotional();
    for (field, value) in changes.as_object().unwrap() {
        grant[field] = value.clone();
    }
    refused(json!([paid(), grant]), json!([]), json!("2026-03-01"))
}

#[test]
fn usage_burns_what_was_usable_then() {
    let usage =
        json!([["2026-02-01T00:00:00Z", 2], ["2026-01-15T00:00:00Z", 4], ["2026-02-02", 4]]);
    let expected = json!({"balances": {"gift": 0, "bought": 0}, "overage": 1,
                          "order": ["gift", "bought"]});
    assert_eq!(
        answer(json!([paid(), promotional()]), usage.clone(), json!("2026-03-01")),
        expected
    );
    let earlier = json!({"balances": {"gift": 6, "bought": 5}, "overage": 0,
                         "order": ["gift", "bought"]});
    let until = json!("2026-01-31T23:59:59Z");
    assert_eq!(answer(json!([paid(), promotional()]), usage, until), earlier);
}

#[test]
fn of_equal_grants_the_one_listed_first_is_burned_first() {
    let named = |id: &str| json!({"id": id, "amount": 1, "category": "paid"});
    let answer = answer(json!([named("z"), named("a")]), json!([]), json!("2026-03-01"));
    assert_eq!(answer["order"], json!(["z", "a"]));
}

#[test]
fn an_empty_wallet_owes_all_that_is_used() {
    let answer = answer(json!([]), json!([["2026-01-01", 3]]), json!("2026-01-01"));
    assert_eq!(answer, json!({"balances": {}, "overage": 3, "order": []}));
}

#[test]
fn a_grant_that_cannot_be_is_named_with_its_field() {
    assert_eq!(refused_grant(json!({"id": "bought"})), "grants[1].id");
    assert_eq!(refused_grant(json!({"id": null})), "grants[1].id");
    assert_eq!(refused_grant(json!({"amount": -1})), "grants[1].amount");
    assert_eq!(refused_grant(json!({"amount": 1.5})), "grants[1].amount");
    assert_eq!(refused_grant(json!({"priority": "high"})), "grants[1].priority");
    assert_eq!(refused_grant(json!({"category": "free"})), "grants[1].category");
    assert_eq!(refused_grant(json!({"category": null})), "grants[1].category");
    assert_eq!(refused_grant(json!({"effective_at": "soon"})), "grants[1].effective_at");
    assert_eq!(refused_grant(json!({"expires_at": "2026-01-01"})), "grants[1].expires_at");
    assert_eq!(refused_grant(json!({"expiry": "2026-01-01"})), "grants[1].expiry");
    assert_eq!(refused(json!([7]), json!([]), json!("2026-03-01")), "grants[0]");
}

#[test]
fn usage_that_cannot_be_is_named_by_its_position() {
    let wrong = |entry: Value| {
        refused(json!([paid()]), json!([["2026-01-01", 1], entry]), json!("2026-03-01"))
    };
    for entry in [
        json!(["2026-01-01", -1]),
        json!(["2026-01-01", 0.5]),
        json!(["2026-01-01"]),
        json!(["2026-01-01", 1, 1]),
        json!(["yesterday", 1]),
        json!([1, "2026-01-01"]),
        json!({"at": "2026-01-01", "amount": 1}),
        json!(null),
    ] {
        assert_eq!(wrong(entry.clone()), "usage[1]", "{entry}");
    }
    let much = json!([["2026-01-01", i64::MAX], ["2026-01-01", 1]]);
    assert_eq!(refused(json!([]), much, json!("2026-03-01")), "usage");
}

#[test]
fn every_field_of_a_wallet_is_needed() {
    let (grants, usage, until) = (json!([paid()]), json!([]), json!("2026-03-01"));
    assert_eq!(refused(json!(null), usage.clone(), until.clone()), "grants");
    assert_eq!(refused(json!("many"), usage.clone(), until), "grants");
    assert_eq!(refused(grants.clone(), json!(null), json!("2026-03-01")), "usage");
    assert_eq!(refused(grants, usage, json!(null)), "until");
}
