//! The score: what each indicator adds, and that it is nothing but their sum.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn instant(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(day)
}

fn used(last: u64, before: [u64; 3]) -> Use {
    Use { metric: "ai_operations".to_owned(), last, before }
}

fn score(signals: &Signals) -> u32 {
    assess(signals).score
}

#[test]
fn all_indicators_together_reach_a_hundred_and_no_more() {
    assert_eq!(WEIGHTS.iter().map(|weight| weight.max).sum::<u32>(), 100);
    let all = Signals {
        failed_payments: u32::MAX,
        in_dunning_since: Some(instant(1)),
        usage: vec![used(0, [1, 1, 1])],
        downgrades: u32::MAX,
        ends_at: Some(instant(2)),
        card: Some(CardExpiry { expires_at: instant(3), renews_at: instant(4) }),
        ..Signals::default()
    };
    assert_eq!(score(&all), 100);
    assert_eq!(assess(&Signals::default()), Risk { score: 0, reasons: vec![] });
}

#[test]
fn use_falls_against_the_mean_of_the_three_periods_before() {
    for (last, before, points) in [
        (100, [100, 100, 100], 0),
        (96, [100, 100, 100], 0),
        (95, [100, 100, 100], 1),
        (50, [90, 100, 110], 10),
        (0, [0, 0, 1], 20),
        (0, [0, 0, 0], 0),
        (500, [1, 2, 3], 0),
        (u64::MAX, [u64::MAX; 3], 0),
        (u64::MAX / 2, [u64::MAX; 3], 10),
    ] {
        let signals = Signals { usage: vec![used(last, before)], ..Signals::default() };
        assert_eq!(score(&signals), points, "{last} after {before:?}");
    }
}

#[test]
fn the_metric_that_fell_most_is_the_reason() {
    let named = |metric: &str, last| Use { metric: metric.to_owned(), last, before: [10; 3] };
    let usage = vec![named("c", 5), named("b", 2), named("a", 2), named("d", 9)];
    let risk = assess(&Signals { usage, ..Signals::default() });
    assert_eq!(risk.reasons[0].facts, Facts::Fell(named("a", 2)));
    assert_eq!(risk.score, 16);
}

#[test]
fn facts_are_told_in_plain_json() {
    let signals = Signals {
        failed_payments: 2,
        last_failed_at: Some(instant(5)),
        usage: vec![used(1, [4, 4, 4])],
        ..Signals::default()
    };
    let told = serde_json::to_value(assess(&signals)).unwrap();
    let expected = serde_json::json!({ "score": 25, "reasons": [
        { "indicator": "failed_payments", "points": 10,
          "facts": { "times": 2, "last_at": "1970-01-06T00:00:00Z" } },
        { "indicator": "falling_use", "points": 15,
          "facts": { "metric": "ai_operations", "last": 1, "before": [4, 4, 4] } },
    ]});
    assert_eq!(told, expected);
    assert_eq!(serde_json::from_value::<Risk>(told).unwrap(), assess(&signals));
}

fn uses() -> impl Strategy<Value = Vec<Use>> {
    let one = ("[a-c]", 0..50_u64, [0..50_u64, 0..50_u64, 0..50_u64])
        .prop_map(|(metric, last, before)| Use { metric, last, before });
    proptest::collection::vec(one, 0..4)
}

fn maybe() -> impl Strategy<Value = Option<DateTime<Utc>>> {
    proptest::option::of((0..10_000_i64).prop_map(instant))
}

fn signals() -> impl Strategy<Value = Signals> {
    (0..9_u32, maybe(), maybe(), uses(), 0..4_u32, maybe(), maybe(), maybe()).prop_map(
        |(
            failed_payments,
            last_failed_at,
            in_dunning_since,
            usage,
            downgrades,
            last_downgrade_at,
            ends_at,
            card,
        )| {
            let card =
                card.map(|at| CardExpiry { expires_at: at, renews_at: at + TimeDelta::days(1) });
            Signals {
                failed_payments,
                last_failed_at,
                in_dunning_since,
                usage,
                downgrades,
                last_downgrade_at,
                ends_at,
                card,
            }
        },
    )
}

/// The same customer with more of one indicator.
fn worse(signals: &Signals, indicator: Indicator, by: u32) -> Signals {
    let mut worse = signals.clone();
    match indicator {
        Indicator::FailedPayments => worse.failed_payments += by,
        Indicator::InDunning => worse.in_dunning_since = Some(instant(1)),
        Indicator::Downgrade => worse.downgrades += by,
        Indicator::CancelScheduled => worse.ends_at = Some(instant(1)),
        Indicator::CardExpiring => {
            worse.card = Some(CardExpiry { expires_at: instant(1), renews_at: instant(2) });
        }
        Indicator::FallingUse => {
            for used in &mut worse.usage {
                used.last = used.last.saturating_sub(by.into());
            }
        }
    }
    worse
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn more_of_any_indicator_never_lowers_the_score(signals in signals(), by in 0..9_u32) {
        for weight in WEIGHTS {
            prop_assert!(score(&worse(&signals, weight.indicator, by)) >= score(&signals));
        }
    }

    #[test]
    fn the_score_is_the_sum_of_its_reasons_and_bounded(signals in signals()) {
        let risk = assess(&signals);
        prop_assert_eq!(risk.score, risk.reasons.iter().map(|reason| reason.points).sum::<u32>());
        prop_assert!(risk.score <= 100);
        for reason in &risk.reasons {
            let weight = WEIGHTS.iter().find(|weight| weight.indicator == reason.indicator).unwrap();
            prop_assert!((1..=weight.max).contains(&reason.points));
        }
    }

    #[test]
    fn a_reason_depends_on_its_own_indicator_alone(signals in signals(), by in 0..9_u32) {
        let before = assess(&signals);
        for weight in WEIGHTS {
            let after = assess(&worse(&signals, weight.indicator, by));
            let others = |risk: &Risk| -> Vec<Reason> {
                risk.reasons.iter().filter(|reason| reason.indicator != weight.indicator).cloned().collect()
            };
            prop_assert_eq!(others(&after), others(&before));
        }
    }
}
