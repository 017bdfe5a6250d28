//! What any policy does, whatever the declines: shown by its preview, which runs the real thing.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::generator::{cases, policies};
use super::world::at;
use crate::decline::Decline;
use crate::dunning::DunningPolicy;
use crate::lifecycle::preview::{AttemptOutcome, Meeting, Preview, preview};
use crate::network::Network;

#[derive(Debug, Clone)]
struct Run {
    policy: DunningPolicy,
    failed_at: DateTime<Utc>,
    zone: Tz,
    meetings: Vec<Meeting>,
    shown: Preview,
}

fn meetings() -> impl Strategy<Value = Vec<Meeting>> {
    let codes = prop::sample::select(vec![
        ("insufficient_funds", ""),
        ("do_not_honor", "24"),
        ("do_not_honor", "25"),
        ("do_not_honor", "27"),
        ("do_not_honor", "30"),
        ("do_not_honor", "03"),
        ("stolen_card", ""),
        ("no_such_code", "02"),
    ]);
    let decline = codes.prop_map(|(code, advice)| {
        let network_advice_code = Some(advice.to_owned()).filter(|advice| !advice.is_empty());
        let decline = Decline::new(code, Network::Mastercard);
        Meeting::Decline(Decline { network_advice_code, ..decline })
    });
    let any = prop_oneof![6 => decline.clone(), 1 => Just(Meeting::Success)];
    (decline, prop::collection::vec(any, 0..7)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

fn runs() -> impl Strategy<Value = Run> {
    let zones = vec![
        Tz::UTC,
        Tz::America__New_York,
        Tz::Asia__Kolkata,
        Tz::Australia__Lord_Howe,
        Tz::Pacific__Apia,
    ];
    let instants = (0_i64..6 * 366 * 86_400).prop_map(|s| at("2024-01-01") + TimeDelta::seconds(s));
    (policies(), instants, prop::sample::select(zones), meetings()).prop_map(
        |(policy, failed_at, zone, meetings)| {
            let network = Network::Mastercard;
            let shown = preview(&policy, failed_at, zone, &meetings, network).unwrap();
            Run { policy, failed_at, zone, meetings, shown }
        },
    )
}

/// The failures in order: the original one and those of attempts.
fn failures(run: &Run) -> Vec<(DateTime<Utc>, &Decline)> {
    let attempts = run.shown.attempts.iter().map(|attempt| attempt.at);
    let instants = std::iter::once(run.failed_at).chain(attempts);
    let last = run.meetings.last();
    instants
        .enumerate()
        .filter_map(|(met, at)| match run.meetings.get(met).or(last) {
            Some(Meeting::Decline(decline)) => Some((at, decline)),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_rung_is_either_an_attempt_or_has_a_reason(run in runs()) {
        let mut rungs: Vec<_> = run.shown.attempts.iter().map(|attempt| attempt.rung).collect();
        rungs.extend(run.shown.not_made.iter().map(|rung| rung.rung));
        rungs.sort_unstable();
        prop_assert_eq!(rungs, (1..=run.policy.rungs.len()).collect::<Vec<_>>());
        prop_assert!(run.shown.not_made.iter().all(|rung| !rung.reason.is_empty()));
    }

    #[test]
    fn attempts_are_in_order_on_time_and_within_access(run in runs()) {
        let attempts = &run.shown.attempts;
        let ends = run.policy.access_ends_at(run.failed_at);
        for (index, attempt) in attempts.iter().enumerate() {
            prop_assert_eq!(attempt.number, index + 2);
            let planned = run.policy.rung_at(attempt.rung - 1, run.failed_at, run.zone);
            prop_assert_eq!(planned, Some(attempt.planned_at));
            prop_assert!(attempt.planned_at <= attempt.at && attempt.at < ends);
        }
        prop_assert!(attempts.windows(2).all(|two| two[0].at < two[1].at));
    }

    #[test]
    fn no_attempt_comes_after_a_verdict_against_it_nor_before_the_advice_allows(run in runs()) {
        for (failed, decline) in failures(&run) {
            let verdict = decline.classify();
            let mut later = run.shown.attempts.iter().filter(|attempt| attempt.at > failed);
            match verdict.min_delay {
                _ if !verdict.retry => prop_assert_eq!(later.next(), None),
                Some(delay) => prop_assert!(later.all(|attempt| attempt.at >= failed + delay)),
                None => {}
            }
        }
    }

    #[test]
    fn it_ends_in_one_way_and_a_punctual_one_when_the_policy_says(run in runs()) {
        let Preview { recovered_at, end, attempts, grace_started_at, .. } = &run.shown;
        let paid = attempts.last().is_some_and(|last| last.outcome == AttemptOutcome::Succeeded);
        prop_assert_eq!(recovered_at.is_some(), paid);
        prop_assert_eq!(end.is_some(), !paid);
        prop_assert_eq!(grace_started_at.is_some(), !paid);
        if let Some(end) = end {
            let ends = run.policy.access_ends_at(run.failed_at);
            prop_assert_eq!(&end.action, &run.policy.end);
            match attempts.iter().all(|attempt| attempt.at == attempt.planned_at) {
                true => prop_assert_eq!(end.at, ends),
                // The network made us wait: nobody loses access unwarned for that.
                false => prop_assert!(ends <= end.at && end.at <= ends + TimeDelta::hours(24)),
            }
        }
    }

    #[test]
    fn mails_announce_what_then_happens(run in runs()) {
        let shown = &run.shown;
        for mail in shown.mails.iter().filter(|mail| mail.template == "payment_failed") {
            let next = shown.attempts.iter().map(|attempt| attempt.at).find(|at| *at > mail.at);
            prop_assert_eq!(mail.next_attempt_at, next);
            prop_assert!(mail.attempt <= mail.of);
        }
        let numbers: Vec<_> = shown.mails.iter().filter_map(|mail| mail.attempt).collect();
        let numbers: Vec<_> = numbers.into_iter().filter(|number| *number > 0).collect();
        prop_assert!(numbers.windows(2).all(|two| two[0] < two[1]));
        let last = shown.mails.last().unwrap();
        match shown.recovered_at {
            Some(at) => prop_assert_eq!((last.template, last.at), ("recovered", at)),
            None => prop_assert_eq!(last.template, "expired"),
        }
        let begun = shown.mails.iter().filter(|mail| mail.template == "grace_started").count();
        prop_assert_eq!(begun, usize::from(shown.recovered_at.is_none()));
        prop_assert_eq!(shown.mails[0].at, run.failed_at);
    }
}
