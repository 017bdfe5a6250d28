//! Random lives of customers with several subscriptions, against plain sums.

use proptest::prelude::*;

use super::*;
use crate::calendar::{Interval, Unit};
use crate::money::Fraction;

const SUBSCRIPTIONS: usize = 3;

/// What a subscription may contribute: nothing, now and then, else any price.
fn contribution() -> impl Strategy<Value = Mrr> {
    let unit = prop_oneof![Just(Unit::Day), Just(Unit::Week), Just(Unit::Month), Just(Unit::Year)];
    let priced = (0..1_000_000_i64, unit, 1..=36_u32, 1..=20_i64).prop_map(
        |(price, unit, count, quantity)| {
            let price = Fraction::from_integer(price.into());
            Mrr::of_price(price, Interval::new(unit, count).unwrap(), quantity).unwrap()
        },
    );
    prop_oneof![1 => Just(Mrr::ZERO), 2 => priced]
}

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![Just(Cause::Voluntary), Just(Cause::Involuntary)]
}

/// For each instant: what some subscriptions contribute from then on, each named once.
fn life() -> impl Strategy<Value = Vec<Vec<(usize, Mrr, Cause)>>> {
    let step =
        proptest::collection::vec(proptest::option::of((contribution(), cause())), SUBSCRIPTIONS);
    proptest::collection::vec(step, 0..8).prop_map(|steps| {
        let named = |step: Vec<Option<(Mrr, Cause)>>| {
            let changes = step.into_iter().enumerate();
            changes.filter_map(|(of, change)| change.map(|(after, why)| (of, after, why))).collect()
        };
        steps.into_iter().map(named).collect()
    })
}

fn sum(all: &[Mrr]) -> Mrr {
    all.iter().fold(Mrr::ZERO, |sum, one| sum.plus(*one).unwrap())
}

/// The changes of one instant; `now` is brought up to date.
fn changes(now: &mut [Mrr], instant: &[(usize, Mrr, Cause)]) -> Vec<Change> {
    let one = |(of, after, cause): &(usize, Mrr, Cause)| Change {
        before: std::mem::replace(&mut now[*of], *after),
        after: *after,
        cause: *cause,
    };
    instant.iter().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_movements_up_to_any_instant_sum_up_to_the_revenue_then(life in life()) {
        let mut now = [Mrr::ZERO; SUBSCRIPTIONS];
        let mut standing = Standing::NEW;
        let mut flow = Flow::from(Mrr::ZERO);
        let mut ever = false;
        for instant in &life {
            let before = sum(&now);
            let changes = changes(&mut now, instant);
            let movement = standing.take(&changes).unwrap();
            let after = sum(&now);
            // Each change of the total is exactly one movement, of the kind that its ends say.
            prop_assert_eq!(movement.is_none(), before == after);
            if let Some(movement) = movement {
                flow.add(movement).unwrap();
                let expected = match (before.is_zero(), after.is_zero()) {
                    (true, _) if ever => &[Kind::Reactivation][..],
                    (true, _) => &[Kind::New],
                    (_, true) => &[Kind::ChurnVoluntary, Kind::ChurnInvoluntary],
                    _ if after > before => &[Kind::Expansion],
                    _ => &[Kind::Contraction],
                };
                prop_assert!(expected.contains(&movement.kind), "{:?}", movement);
            }
            ever |= !after.is_zero();
            prop_assert_eq!(standing.total, after);
            prop_assert_eq!(flow.end().unwrap(), after);
        }
    }

    #[test]
    fn the_order_of_changes_at_one_instant_does_not_matter(
        start in proptest::collection::vec(contribution(), SUBSCRIPTIONS),
        (instant, shuffled) in life().prop_map(|life| life.concat()).prop_flat_map(|all| {
            (Just(all.clone()), Just(all).prop_shuffle())
        }),
    ) {
        let history = if sum(&start).is_zero() { History::NeverPaid } else { History::HasPaid };
        let standing = Standing { total: sum(&start), history };
        let changes = |changes: Vec<(usize, Mrr, Cause)>| -> Vec<Change> {
            let change = |(of, after, cause): (usize, Mrr, Cause)| {
                Change { before: start[of], after, cause }
            };
            changes.into_iter().map(change).collect()
        };
        let (mut one, mut other) = (standing, standing);
        prop_assert_eq!(one.take(&changes(instant)), other.take(&changes(shuffled)));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn any_change_is_at_most_one_movement_or_an_error(
        total in (any::<i128>(), any::<i128>()),
        all in proptest::collection::vec((any::<i128>(), any::<i128>(), any::<i64>(), cause()), 0..4),
    ) {
        let Ok(total) = Mrr::new(total.0, total.1) else { return Ok(()) };
        let change = |(numer, denom, after, cause)| {
            let before = Mrr::new(numer, denom).ok()?;
            Some(Change { before, after: Mrr::minor(after), cause })
        };
        let changes: Vec<Change> = all.into_iter().filter_map(change).collect();
        let mut standing = Standing { total, history: History::HasPaid };
        if let Ok(movement) = standing.take(&changes) {
            prop_assert_eq!(movement.is_none(), standing.total == total);
        } else {
            prop_assert_eq!(standing.total, total);
        }
    }

    #[test]
    fn a_year_is_twelve_months_and_a_quarter_three(
        price in 0..=i64::MAX,
        count in 1..=300_u32,
        quantity in 1..=1_000_i64,
    ) {
        let of = |unit, count| {
            let price = Fraction::from_integer(price.into());
            Mrr::of_price(price, Interval::new(unit, count).unwrap(), quantity).unwrap()
        };
        prop_assert_eq!(of(Unit::Year, count), of(Unit::Month, 12 * count));
        let quarters = Mrr::new(i128::from(price) * i128::from(quantity), i128::from(count) * 3);
        prop_assert_eq!(of(Unit::Month, 3 * count), quarters.unwrap());
        // Twelve months of it are what a year brings.
        let yearly = of(Unit::Year, 1).annual().unwrap();
        prop_assert_eq!(yearly.numer(), i128::from(price) * i128::from(quantity));
    }

    #[test]
    fn the_figure_shown_is_within_half_a_unit_of_the_exact_one(
        revenue in contribution(),
        exponent in 0..=3_u8,
        scale in 0..=9_u32,
    ) {
        let shown = revenue.major(exponent, scale).unwrap();
        let digits: i128 = shown.replace('.', "").parse().unwrap();
        prop_assert_eq!(shown.split_once('.').map_or(0, |(_, decimals)| decimals.len()), usize::try_from(scale).unwrap());
        let shown = Fraction::new(digits * 10_i128.pow(exponent.into()), 10_i128.pow(scale));
        let half = Fraction::new(10_i128.pow(exponent.into()), 2 * 10_i128.pow(scale));
        let off = shown - revenue.exact();
        prop_assert!(-half < off && off <= half);
    }
}
