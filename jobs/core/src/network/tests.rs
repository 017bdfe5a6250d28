use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

fn day(number: i64) -> DateTime<Utc> {
    hour(24 * number)
}

fn hour(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + number * 3600, 0).unwrap()
}

#[test]
fn a_21st_visa_attempt_within_30_days_waits_for_the_first_to_leave() {
    let attempts: Vec<_> = (0..20).map(day).collect();
    let spent = budget(Network::Visa, &attempts, day(29)).unwrap_err();
    let expected = BudgetSpent {
        network: Network::Visa,
        limit: 20,
        window: TimeDelta::days(30),
        next_allowed_at: day(30),
    };
    assert_eq!(spent, expected);
    assert_eq!(budget(Network::Visa, &attempts, day(30)), Ok(()));
    assert_eq!(budget(Network::Visa, &attempts[1..], day(29)), Ok(()));
    assert_eq!(
        spent.to_string(),
        "not attempted: visa allows 20 re-attempts in 720 hours, the next at 2023-12-14 22:13:20 UTC"
    );
}

#[test]
fn mastercard_counts_a_day_and_a_month() {
    let today: Vec<_> = (0..10).map(hour).collect();
    let spent = budget(Network::Mastercard, &today, hour(12)).unwrap_err();
    assert_eq!((spent.limit, spent.next_allowed_at), (10, hour(24)));
    assert_eq!(budget(Network::Mastercard, &today, hour(24)), Ok(()));

    let month: Vec<_> = (0..35).map(|half| hour(half * 12)).collect();
    let spent = budget(Network::Mastercard, &month, day(20)).unwrap_err();
    assert_eq!((spent.limit, spent.next_allowed_at), (35, day(30)));

    let both: Vec<_> = (0..25).map(day).chain((0..10).map(|n| hour(25 * 24 + n))).collect();
    let spent = budget(Network::Mastercard, &both, hour(25 * 24 + 12)).unwrap_err();
    assert_eq!((spent.limit, spent.next_allowed_at), (35, day(30)), "the longer wait counts");
}

#[test]
fn a_bank_account_may_be_tried_twice_in_14_days() {
    let attempts = [day(0), day(3)];
    let spent = budget(Network::UsBankAccount, &attempts, day(5)).unwrap_err();
    assert_eq!(spent.next_allowed_at, day(14));
    assert_eq!(budget(Network::UsBankAccount, &attempts[..1], day(5)), Ok(()));
}

#[test]
fn an_unknown_network_is_treated_like_visa() {
    let attempts: Vec<_> = (0..20).map(day).collect();
    for network in [Network::Amex, Network::Discover, Network::Other] {
        assert_eq!(budget(network, &attempts, day(29)).unwrap_err().limit, 20);
    }
    assert_eq!(Network::parse("jcb"), Network::Other);
    assert_eq!(Network::parse(""), Network::Other);
}

#[test]
fn a_network_is_read_back_as_written() {
    use Network::{Amex, Discover, Mastercard, Other, UsBankAccount, Visa};
    for network in [Visa, Mastercard, Amex, Discover, UsBankAccount, Other] {
        assert_eq!(Network::parse(network.as_str()), network);
        let json = serde_json::to_string(&network).unwrap();
        assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), network);
    }
    assert_eq!(Network::parse("MasterCard"), Mastercard);
}

fn network() -> impl Strategy<Value = Network> {
    use Network::{Amex, Mastercard, Other, UsBankAccount, Visa};
    proptest::sample::select(&[Visa, Mastercard, Amex, UsBankAccount, Other][..])
}

/// (attempts, days) of each rule, said again.
fn rules(network: Network) -> &'static [(usize, i64)] {
    match network {
        Network::Mastercard => &[(10, 1), (35, 30)],
        Network::UsBankAccount => &[(2, 14)],
        _ => &[(20, 30)],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn an_attempt_is_allowed_exactly_when_no_window_is_full(
        network in network(),
        attempts in proptest::collection::vec(0..60 * 24_i64, 0..60),
        later in 0..24 * 20_i64,
    ) {
        let at = hour(attempts.iter().max().copied().unwrap_or(0) + later);
        let attempts: Vec<_> = attempts.into_iter().map(hour).collect();
        let full = |at: DateTime<Utc>| rules(network).iter().any(|(limit, days)| {
            let since = at - TimeDelta::days(*days);
            attempts.iter().filter(|made| **made > since && **made <= at).count() >= *limit
        });
        match budget(network, &attempts, at) {
            Ok(()) => prop_assert!(!full(at)),
            Err(spent) => {
                prop_assert!(full(at));
                prop_assert!(spent.next_allowed_at > at);
                prop_assert!(!full(spent.next_allowed_at), "the next attempt is allowed");
                prop_assert!(full(spent.next_allowed_at - TimeDelta::seconds(1)), "and not sooner");
            }
        }
    }

    #[test]
    fn whoever_asks_before_each_attempt_never_breaks_a_rule(
        network in network(),
        steps in proptest::collection::vec(1..30_i64, 0..80),
    ) {
        let (mut made, mut now) = (Vec::new(), 0);
        for step in steps {
            now += step;
            if budget(network, &made, hour(now)).is_ok() {
                made.push(hour(now));
            }
        }
        for (limit, days) in rules(network) {
            for start in &made {
                let end = *start + TimeDelta::days(*days);
                let count = made.iter().filter(|at| *start <= **at && **at < end).count();
                prop_assert!(count <= *limit);
            }
        }
    }
}
