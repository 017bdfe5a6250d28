use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn span(text: &str) -> Span {
    text.parse().unwrap()
}

#[track_caller]
fn refused(policy: Value) -> String {
    DunningPolicy::from_json(policy).unwrap_err().field
}

fn with_rungs(rungs: Value) -> Value {
    json!({"name": "ours", "access_ends_after": "14d", "rungs": rungs})
}

#[test]
fn a_policy_needs_only_what_cannot_be_guessed() {
    let policy = DunningPolicy::from_toml(
        "name = 'short'\naccess_ends_after = '3d'\nrungs = [{ after = '1d' }]",
    )
    .unwrap();
    assert_eq!((policy.end, policy.rungs[0].email), (EndAction::Cancel, RungEmail::Send));
    assert_eq!(policy.notices, Notices::default());
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    assert_eq!(refused(json!([])), "policy");
    assert_eq!(refused(json!({})), "name");
    assert_eq!(refused(json!({"name": " ", "access_ends_after": "1d", "rungs": []})), "name");
    assert_eq!(refused(json!({"name": "x", "access_ends_after": "1d"})), "rungs");
    assert_eq!(
        refused(json!({"name": "x", "access_ends_after": "0d", "rungs": []})),
        "access_ends_after"
    );
    assert_eq!(
        refused(json!({"name": "x", "access_ends_after": "400d", "rungs": []})),
        "access_ends_after"
    );
    assert_eq!(refused(with_rungs(json!([{"after": "1d"}, {"after": "14d"}]))), "rungs[1].after");
    assert_eq!(refused(with_rungs(json!([{"after": "0m"}]))), "rungs[0].after");
    assert_eq!(refused(with_rungs(json!([{"after": 3}]))), "rungs[0].after");
    assert_eq!(refused(with_rungs(json!([{"after": "3 days"}]))), "rungs[0].after");
    assert_eq!(
        refused(with_rungs(json!([{"after": "1d", "before_access_ends": "1d"}]))),
        "rungs[0]"
    );
    let early = json!([{"before_access_ends": "15d"}]);
    assert_eq!(refused(with_rungs(early)), "rungs[0].before_access_ends");
    assert_eq!(refused(with_rungs(json!([{"after": "1d", "at_hour": -1}]))), "rungs[0].at_hour");
    assert_eq!(refused(with_rungs(json!([{"after": "1d", "email": "loud"}]))), "rungs[0].email");
    assert_eq!(refused(with_rungs(json!(["1d"]))), "rungs[0]");
    let mut policy = with_rungs(json!([]));
    policy["restrict_after"] = json!("14d");
    assert_eq!(refused(policy), "restrict_after");
    let mut policy = with_rungs(json!([]));
    policy["end"] = json!({"downgrade": ""});
    assert_eq!(refused(policy), "end.downgrade");
    let mut policy = with_rungs(json!([]));
    policy["notices"] = json!({"renewal_befor": "7d"});
    assert_eq!(refused(policy), "notices.renewal_befor");
    let many: Vec<_> = (1..=31).map(|hours| json!({"after": format!("{hours}h")})).collect();
    assert_eq!(refused(with_rungs(many.into())), "rungs");
}

#[test]
fn an_error_says_what_would_be_right() {
    let late = DunningPolicy::from_json(with_rungs(json!([{"after": "15d"}]))).unwrap_err();
    assert_eq!(
        late.to_string(),
        "rungs[0].after: comes 15d after the failure, when access has ended (14d): move the rung \
         before that, or end access later"
    );
    let unknown = DunningPolicy::from_json(with_rungs(json!([{"after": "1d", "hour": 9}])));
    assert_eq!(
        unknown.unwrap_err().problem,
        "is not known here: after, before_access_ends, at_hour, email"
    );
    let toml = DunningPolicy::from_toml("name = ").unwrap_err();
    assert_eq!(toml.field, "toml");
    assert!(toml.problem.contains("line 1"), "{toml}");
}

#[test]
fn an_hour_is_on_the_customers_clock_over_daylight_saving() {
    let policy = DunningPolicy::default();
    let zone = "Europe/Berlin".parse().unwrap();
    let failed_at = at("2026-03-28T12:00:00Z");
    // 09:00 in Berlin is 08:00 UTC before, 07:00 after the clocks change on 29 March.
    assert_eq!(policy.rung_at(0, failed_at, zone), Some(at("2026-03-29T12:00:00Z")));
    assert_eq!(policy.rung_at(1, failed_at, zone), Some(at("2026-03-31T07:00:00Z")));
    assert_eq!(policy.rung_at(4, failed_at, zone), None);
}

#[test]
fn an_hour_that_has_passed_is_the_next_days_unless_access_ends_before_it() {
    let policy = |ends: &str| DunningPolicy {
        rungs: vec![Rung {
            after: Some(span("1h")),
            before_access_ends: None,
            at_hour: Some(9),
            email: RungEmail::Send,
        }],
        access_ends_after: span(ends),
        ..DunningPolicy::default()
    };
    let failed_at = at("2026-03-02T10:00:00Z");
    let rung = |ends| policy(ends).rung_at(0, failed_at, Tz::UTC);
    assert_eq!(rung("2d"), Some(at("2026-03-03T09:00:00Z")));
    assert_eq!(rung("12h"), Some(at("2026-03-02T11:00:00Z")));
}

#[test]
fn a_policy_survives_its_stored_form() {
    let policy = DunningPolicy {
        end: EndAction::Downgrade("free".to_owned()),
        restrict_after: Some(span("36h")),
        ..DunningPolicy::default()
    };
    let stored = serde_json::to_value(&policy).unwrap();
    assert_eq!(serde_json::from_value::<DunningPolicy>(stored.clone()).unwrap(), policy);
    assert_eq!(DunningPolicy::from_json(stored), Ok(policy));
}

/// Any policy within the rules.
fn policies() -> impl Strategy<Value = DunningPolicy> {
    let rung = (1_u32..3_000, prop::option::of(0_u32..24), any::<bool>(), any::<bool>());
    (prop::collection::vec(rung, 0..8), 1_u32..5_000).prop_map(|(rungs, more)| {
        let minutes = |minutes: u32| span(&format!("{minutes}m"));
        let ends = rungs.iter().map(|rung| rung.0).sum::<u32>() + more;
        let mut offset = 0;
        let rungs = rungs.into_iter().map(|(after, at_hour, quiet, backwards)| {
            offset += after;
            let before = backwards.then(|| minutes(ends - offset));
            let email = if quiet { RungEmail::Quiet } else { RungEmail::Send };
            let after = (!backwards).then(|| minutes(offset));
            Rung { after, before_access_ends: before, at_hour, email }
        });
        DunningPolicy {
            rungs: rungs.collect(),
            access_ends_after: minutes(ends),
            ..DunningPolicy::default()
        }
    })
}

#[test]
fn a_rung_at_its_hour_leaves_the_next_one_time_before_access_ends() {
    let rung = |minutes: u32, at_hour| Rung {
        after: Some(span(&format!("{minutes}m"))),
        before_access_ends: None,
        at_hour,
        email: RungEmail::Send,
    };
    let policy = DunningPolicy {
        rungs: vec![rung(60, Some(13)), rung(90, None)],
        access_ends_after: span("2h"),
        ..DunningPolicy::default()
    };
    // 13:00 is a second before access ends.
    let failed_at = at("2020-01-01T11:00:01Z");
    let rungs = [0, 1].map(|rung| policy.rung_at(rung, failed_at, Tz::UTC).unwrap());
    assert_eq!(rungs, [at("2020-01-01T12:00:01Z"), at("2020-01-01T12:30:01Z")]);
}

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_length_of_time_survives_its_text_form(minutes in 0_u32..10_000 * 24 * 60) {
        let span = span(&format!("{minutes}m"));
        prop_assert_eq!(span.to_string().parse(), Ok(span));
        prop_assert_eq!(span.delta(), TimeDelta::minutes(minutes.into()));
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in "\\PC*") {
        let _ = text.parse::<Span>();
        let _ = DunningPolicy::from_toml(&text);
    }

    #[test]
    fn any_policy_survives_toml_and_json(policy in policies()) {
        prop_assert_eq!(policy.check(), Ok(()));
        let text = toml::to_string(&policy).unwrap();
        prop_assert_eq!(DunningPolicy::from_toml(&text), Ok(policy));
    }

    #[test]
    fn rungs_come_in_order_after_the_failure_and_not_after_access_has_ended(
        policy in policies(), seconds in 0_i64..400_000_000,
        zone in prop::sample::select(vec![Tz::UTC, Tz::America__Sao_Paulo, Tz::Asia__Kathmandu]),
    ) {
        let failed_at = at("2020-01-01T00:00:00Z") + TimeDelta::seconds(seconds);
        let rungs: Vec<_> =
            (0..policy.rungs.len()).map(|rung| policy.rung_at(rung, failed_at, zone)).collect();
        let mut previous = failed_at;
        for rung in rungs {
            let rung = rung.unwrap();
            prop_assert!(previous < rung && rung < policy.access_ends_at(failed_at));
            previous = rung;
        }
        prop_assert_eq!(policy.rung_at(policy.rungs.len(), failed_at, zone), None);
    }
}
