//! Wallets against a worker that is never late, and against themselves.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

/// Few instants, so that boundaries and ties are hit often.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0..20_i64).prop_map(|day| DateTime::UNIX_EPOCH + TimeDelta::days(day))
}

fn category() -> impl Strategy<Value = Category> {
    prop_oneof![Just(Category::Promotional), Just(Category::Paid)]
}

fn grants() -> impl Strategy<Value = Vec<Grant<usize>>> {
    let effective_at = proptest::option::of(instant());
    let days = proptest::option::of(1..12_i64);
    let one = (0..15_i64, 0..3_i64, effective_at, days, category());
    proptest::collection::vec(one, 0..7).prop_map(|all| {
        (0..)
            .zip(all)
            .map(|(id, (amount, priority, effective_at, days, category))| {
                let from = effective_at.unwrap_or(DateTime::UNIX_EPOCH);
                let expires_at = days.map(|days| from + TimeDelta::days(days));
                let position = i64::try_from(id).unwrap() % 3;
                Grant { id, amount, priority, effective_at, expires_at, category, position }
            })
            .collect()
    })
}

fn usage() -> impl Strategy<Value = Vec<Usage>> {
    let one = (instant(), 0..12_i64).prop_map(|(at, amount)| Usage { at, amount });
    proptest::collection::vec(one, 0..10)
}

/// Rule U4, written out as a comparison of two grants.
fn burns_before(one: &Grant<usize>, other: &Grant<usize>) -> bool {
    let far = DateTime::<Utc>::MAX_UTC;
    let long_ago = DateTime::<Utc>::MIN_UTC;
    let key = |grant: &Grant<usize>| {
        let paid = matches!(grant.category, Category::Paid);
        (
            grant.priority,
            grant.expires_at.unwrap_or(far),
            paid,
            grant.effective_at.unwrap_or(long_ago),
            grant.position,
            grant.id,
        )
    };
    key(one) < key(other)
}

/// A worker that is there at every instant: it empties what expires before it
/// takes the day's usage, one unit at a time.
fn punctual(grants: &[Grant<usize>], usage: &[Usage], until: DateTime<Utc>) -> (Vec<i64>, i64) {
    let mut left: Vec<i64> = grants.iter().map(|grant| grant.amount).collect();
    let mut overage = 0;
    let mut today = DateTime::UNIX_EPOCH;
    while today <= until {
        for grant in grants.iter().filter(|grant| grant.expires_at == Some(today)) {
            left[grant.id] = 0;
        }
        let units = usage.iter().filter(|one| one.at == today).map(|one| one.amount).sum();
        for _ in 0..units {
            let ready = |grant: &&Grant<usize>| {
                left[grant.id] > 0 && grant.effective_at.is_none_or(|from| from <= today)
            };
            let first = grants
                .iter()
                .filter(ready)
                .reduce(|best, grant| if burns_before(grant, best) { grant } else { best });
            match first {
                Some(grant) => left[grant.id] -= 1,
                None => overage += 1,
            }
        }
        today += TimeDelta::days(1);
    }
    (left, overage)
}

fn balances(settlement: &Settlement<usize>) -> Vec<i64> {
    let mut by_id: Vec<_> = settlement.grants.iter().map(|one| (one.id, one.balance)).collect();
    by_id.sort_unstable();
    by_id.into_iter().map(|(_, balance)| balance).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_late_run_gives_what_a_punctual_one_gave(
        grants in grants(),
        usage in usage(),
        until in instant(),
    ) {
        let settlement = settle(&grants, &usage, until).unwrap();
        let (left, overage) = punctual(&grants, &usage, until);
        prop_assert_eq!(balances(&settlement), left);
        prop_assert_eq!(settlement.overage, overage);
    }

    #[test]
    fn looking_later_changes_nothing_that_was_burned(
        grants in grants(),
        usage in usage(),
        until in instant(),
        later_days in 0..1_000_i64,
    ) {
        let so_far: Vec<Usage> = usage.into_iter().filter(|one| one.at <= until).collect();
        let early = settle(&grants, &so_far, until).unwrap();
        let late = settle(&grants, &so_far, until + TimeDelta::days(later_days)).unwrap();
        prop_assert_eq!(early.overage, late.overage);
        for (early, late) in early.grants.iter().zip(&late.grants) {
            prop_assert_eq!((early.id, early.burned), (late.id, late.burned));
        }
    }

    #[test]
    fn balance_burned_and_expired_add_up_to_what_was_granted(
        grants in grants(),
        usage in usage(),
        until in instant(),
    ) {
        let settlement = settle(&grants, &usage, until).unwrap();
        prop_assert_eq!(settlement.grants.len(), grants.len());
        for one in &settlement.grants {
            prop_assert!(one.balance >= 0 && one.burned >= 0 && one.expired >= 0);
            prop_assert_eq!(one.balance + one.burned + one.expired, grants[one.id].amount);
        }
        let burned: i64 = settlement.grants.iter().map(|one| one.burned).sum();
        let counted = usage.iter().filter(|one| one.at <= until);
        prop_assert_eq!(burned + settlement.overage, counted.map(|one| one.amount).sum::<i64>());
    }

    #[test]
    fn the_order_in_which_things_are_given_does_not_matter(
        (grants, shuffled_grants) in grants()
            .prop_flat_map(|grants| (Just(grants.clone()), Just(grants).prop_shuffle())),
        (usage, shuffled_usage) in usage()
            .prop_flat_map(|usage| (Just(usage.clone()), Just(usage).prop_shuffle())),
        until in instant(),
    ) {
        let settlement = settle(&grants, &usage, until).unwrap();
        prop_assert_eq!(settle(&shuffled_grants, &shuffled_usage, until).unwrap(), settlement);
    }

    #[test]
    fn the_standings_are_in_burn_order(grants in grants(), until in instant()) {
        let settlement = settle(&grants, &[], until).unwrap();
        for pair in settlement.grants.windows(2) {
            prop_assert!(burns_before(&grants[pair[0].id], &grants[pair[1].id]));
        }
    }
}
