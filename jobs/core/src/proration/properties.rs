//! Proration against exact arithmetic, for any prices and instants.

use chrono::TimeDelta;
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Mostly prices of this world, sometimes the largest there are.
fn price() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..1_000_000_i64, 1 => 0..=i64::MAX]
}

fn basis() -> impl Strategy<Value = Basis> {
    prop_oneof![
        Just(Basis::Second),
        Just(Basis::Day(Tz::UTC)),
        Just(Basis::Day(Tz::America__New_York)),
        Just(Basis::Day(Tz::Australia__Lord_Howe)),
    ]
}

/// A period of two days to two years, and a part of it in millionths.
fn period() -> impl Strategy<Value = Span> {
    (0..4_000_000_000_i64, 2 * 86_400..63_072_000_i64).prop_map(|(start, length)| {
        let start = DateTime::from_timestamp(start, 0).unwrap();
        Span { start, end: start + TimeDelta::seconds(length) }
    })
}

fn within(span: Span, millionths: i64) -> DateTime<Utc> {
    let length = (span.end - span.start).num_seconds();
    span.start + TimeDelta::seconds(length * millionths / 1_000_000)
}

fn change() -> impl Strategy<Value = Change> {
    (period(), 0..=1_000_000_i64, price(), price(), basis()).prop_map(
        |(period, part, old, new, basis)| {
            Change::new(period, within(period, part), usd(old), usd(new), basis)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn each_line_is_within_half_a_unit_of_the_exact_amount(change in change()) {
        let lines = prorate(&change).unwrap();
        let whole = i128::from(change.basis.units(change.period.start, change.period.end));
        let left = i128::from(change.basis.units(change.at, change.period.end));
        for (line, price) in [(lines.credit, change.old_price), (lines.charge, change.new_price)] {
            // |line − price·left/whole| ≤ ½, and a half goes up.
            let twice_off = 2 * (i128::from(line.minor) * whole - i128::from(price.minor) * left);
            prop_assert!(-whole < twice_off && twice_off <= whole);
            prop_assert!((0..=price.minor).contains(&line.minor));
        }
    }

    #[test]
    fn a_change_to_the_same_price_costs_nothing(change in change()) {
        let lines = prorate(&Change { new_price: change.old_price, ..change }).unwrap();
        prop_assert_eq!(lines.credit, lines.charge);
    }

    #[test]
    fn a_later_change_credits_and_charges_no_more(change in change(), later in 0..=1_000_000_i64) {
        let rest = Span { start: change.at, end: change.period.end };
        let first = prorate(&change).unwrap();
        let second = prorate(&Change { at: within(rest, later), ..change }).unwrap();
        prop_assert!(second.credit.minor <= first.credit.minor);
        prop_assert!(second.charge.minor <= first.charge.minor);
    }

    #[test]
    fn a_segment_that_ends_early_never_costs_more(change in change(), part in 0..=1_000_000_i64) {
        let rest = Span { start: change.at, end: change.period.end };
        let segment_end = Some(within(rest, part));
        let whole = prorate(&change).unwrap();
        let early = prorate(&Change { segment_end, ..change }).unwrap();
        prop_assert!(early.credit.minor <= whole.credit.minor);
        prop_assert!(early.charge.minor <= whole.charge.minor);
    }

    #[test]
    fn no_more_is_ever_credited_than_allowed(change in change(), limit in price()) {
        let lines = prorate(&Change { creditable: Some(usd(limit)), ..change }).unwrap();
        let unlimited = prorate(&change).unwrap();
        prop_assert_eq!(lines.credit.minor, unlimited.credit.minor.min(limit));
        prop_assert_eq!(lines.charge, unlimited.charge);
    }

    #[test]
    fn in_any_chain_credited_and_kept_add_up_to_what_was_billed(
        period in period(),
        basis in basis(),
        first in price(),
        steps in proptest::collection::vec((0..=1_000_000_i64, price()), 0..8),
    ) {
        let mut changes: Vec<_> =
            steps.into_iter().map(|(part, price)| (within(period, part), usd(price))).collect();
        changes.sort_by_key(|(at, _)| *at);
        let chain = settle_chain(period, basis, usd(first), &changes).unwrap();
        prop_assert_eq!(chain.len(), changes.len() + 1);
        for line in &chain {
            prop_assert_eq!(line.credited.plus(line.kept).unwrap(), line.billed);
            prop_assert!(line.credited.minor >= 0 && line.kept.minor >= 0);
        }
    }

    #[test]
    fn a_chain_of_one_price_keeps_that_price_exactly(
        period in period(),
        basis in basis(),
        price in price(),
        steps in proptest::collection::vec(0..=1_000_000_i64, 0..8),
    ) {
        let mut changes: Vec<_> =
            steps.into_iter().map(|part| (within(period, part), usd(price))).collect();
        changes.sort_by_key(|(at, _)| *at);
        let chain = settle_chain(period, basis, usd(price), &changes).unwrap();
        let kept: i128 = chain.iter().map(|line| i128::from(line.kept.minor)).sum();
        prop_assert_eq!(kept, i128::from(price));
    }

    #[test]
    fn the_whole_credit_goes_somewhere(credit in price(), due in price()) {
        let split = credit_open_invoice_first(usd(credit), usd(due)).unwrap();
        prop_assert_eq!(split.to_open_invoice.plus(split.to_balance).unwrap(), usd(credit));
        prop_assert!(split.to_open_invoice.minor <= due);
        prop_assert!(split.to_balance.is_zero() || split.to_open_invoice.minor == due);
    }
}
