use clap::Parser;
use serde_json::Value;

use super::*;

#[derive(Debug, Parser)]
struct Whole {
    #[command(flatten)]
    policy: PolicyArgs,
}

/// The standard policy as a file.
fn standard() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/policy/standard.toml").to_owned()
}

fn answer(args: &[&str]) -> Result<String, PolicyError> {
    let whole = Whole::try_parse_from([&["policy"], args].concat()).unwrap();
    let mut out = Vec::new();
    whole.policy.answer(&mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn the_documented_policy_is_the_default_one() {
    assert_eq!(DunningPolicy::from_toml(STANDARD), Ok(DunningPolicy::default()));
    assert_eq!(answer(&["example"]).unwrap(), STANDARD);
}

#[test]
fn the_documented_policy_names_every_key() {
    let every = DunningPolicy {
        restrict_after: Some(perennial_core::dunning::Span::days(7)),
        ..DunningPolicy::default()
    };
    let Value::Object(keys) = serde_json::to_value(every).unwrap() else { panic!() };
    let notices = keys["notices"].as_object().unwrap().keys();
    let rung = ["after", "before_access_ends", "at_hour", "email"];
    for key in keys.keys().map(String::as_str).chain(notices.map(String::as_str)).chain(rung) {
        let named = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} ="));
        let table = |line: &str| line.trim_matches(['[', ']']) == key;
        assert!(STANDARD.lines().any(|line| named(line) || table(line)), "{key} is not there");
    }
}

#[test]
fn a_policy_that_is_right_is_said_to_be() {
    let said = answer(&["check", &standard()]).unwrap();
    assert!(said.ends_with("`standard` is right: 4 rungs, access ends after 14d\n"), "{said}");
}

#[test]
fn a_missing_file_is_named() {
    let error = answer(&["check", "no/such/policy.toml"]).unwrap_err();
    assert!(error.to_string().starts_with("no/such/policy.toml: not read"), "{error}");
}

#[test]
fn a_preview_reads_from_top_to_bottom() {
    let shown = answer(&["preview", &standard(), "--declines", "insufficient_funds"]).unwrap();
    let lines: Vec<String> =
        shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "When After What happens Mail",
            "2026-01-05 10:00 UTC 0 attempt 1: declined (insufficient_funds) payment_failed 1/5",
            "2026-01-06 10:00 UTC 1d attempt 2 (rung 1): declined (insufficient_funds) payment_failed 2/5",
            "2026-01-08 09:00 UTC 2d 23h attempt 3 (rung 2): declined (insufficient_funds) payment_failed 3/5",
            "2026-01-10 09:00 UTC 4d 23h attempt 4 (rung 3): declined (insufficient_funds) payment_failed 4/5",
            "2026-01-12 09:00 UTC 6d 23h attempt 5 (rung 4): declined (insufficient_funds) grace_started",
            "2026-01-12 09:00 UTC 6d 23h attempts are over, grace begins",
            "2026-01-18 10:00 UTC 13d grace_ending",
            "2026-01-19 10:00 UTC 14d access ends: the subscription expires expired",
        ]
    );
}

#[test]
fn a_preview_for_machines_is_what_the_ladder_answers() {
    let shown = answer(&["preview", &standard(), "--declines", "lost_card,succeeded", "--json"]);
    let shown: Value = serde_json::from_str(&shown.unwrap()).unwrap();
    assert_eq!(shown["attempts"], serde_json::json!([]));
    assert_eq!(shown["not_made"].as_array().unwrap().len(), 4);
}

#[test]
fn a_preview_needs_something_that_fails() {
    let error = answer(&["preview", &standard(), "--declines", "succeeded"]).unwrap_err();
    assert!(matches!(error, PolicyError::NothingFailed));
}
