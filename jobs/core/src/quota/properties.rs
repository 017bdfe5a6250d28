//! Resets against jiff, overage against a price per unit, rollover against its sum.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use jiff::tz::TimeZoneDatabase;
use jiff::{Timestamp, ToSpan, civil};
use proptest::prelude::*;

use super::*;
use crate::calendar::{Anchor, wall_time};
use crate::currency::Currency;
use crate::money::{Fraction, round_half_up};

/// All kinds of gaps and overlaps: half an hour in Lord Howe, one across
/// midnight in St John's, a whole day in Apia.
fn zone() -> impl Strategy<Value = Tz> {
    proptest::sample::select(
        &[
            Tz::UTC,
            Tz::America__New_York,
            Tz::America__Sao_Paulo,
            Tz::America__St_Johns,
            Tz::Asia__Beirut,
            Tz::Asia__Kathmandu,
            Tz::Australia__Lord_Howe,
            Tz::Europe__Berlin,
            Tz::Pacific__Apia,
            Tz::Pacific__Chatham,
        ][..],
    )
}

/// The small hours, where clocks change, and the ends of months more often than the rest.
fn anchor() -> impl Strategy<Value = Anchor> {
    let day = prop_oneof![1 => 1..=28_u32, 1 => 28..=31_u32];
    let second = prop_oneof![1 => 0..86_400_u32, 1 => (0..=16_u32).prop_map(|step| step * 900)];
    (1990..2060_i32, 1..=12_u32, day, second, zone()).prop_map(
        |(year, month, day, second, zone)| {
            let date = (28..=day).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day));
            let date = date.or_else(|| NaiveDate::from_ymd_opt(year, month, day)).unwrap();
            let time = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
            Anchor::new(date.and_time(time), zone)
        },
    )
}

fn reset() -> impl Strategy<Value = Reset> {
    prop_oneof![Just(Reset::Anniversary), Just(Reset::CalendarMonth)]
}

/// An anchor and an instant from ten years before it to fifty years after it;
/// every other time within two hours of a boundary.
fn anchor_and_now() -> impl Strategy<Value = (Anchor, Reset, DateTime<Utc>)> {
    let near = (any::<bool>(), -7_200..=7_200_i64);
    (anchor(), reset(), -310_000_000..1_500_000_000_i64, near).prop_map(
        |(anchor, reset, after, (near, off))| {
            let anchored = crate::calendar::instant_of(anchor.local, anchor.zone).unwrap();
            let now = anchored + chrono::TimeDelta::seconds(after);
            let boundary = period_of(anchor, reset, now).unwrap().unwrap().start;
            let beside = boundary + chrono::TimeDelta::seconds(off);
            (anchor, reset, if near { beside } else { now })
        },
    )
}

/// The first of jiff's boundaries after `now`, by trying those around it.
fn oracle(anchor: Anchor, reset: Reset, now: DateTime<Utc>) -> i64 {
    let zone = TimeZoneDatabase::bundled().get(anchor.zone.name()).unwrap();
    let local: civil::DateTime = anchor.local.to_string().replace(' ', "T").parse().unwrap();
    let from = match reset {
        Reset::Anniversary => local,
        _ => civil::date(local.year(), local.month(), 1).at(0, 0, 0, 0),
    };
    let now = Timestamp::from_second(now.timestamp()).unwrap();
    let there = now.to_zoned(zone.clone()).datetime();
    let months = (i64::from(there.year()) - i64::from(from.year())) * 12
        + (i64::from(there.month()) - i64::from(from.month()));
    let boundary = |index: i64| {
        let local = from.checked_add(index.months()).unwrap();
        zone.to_ambiguous_timestamp(local).compatible().unwrap()
    };
    let next = (months - 2..=months + 2).map(boundary).find(|at| *at > now).unwrap();
    next.as_second()
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let tier = (1..200_i64, 0..1_000_i64, prop_oneof![Just(1), Just(3), Just(7), Just(1_000)]);
    (proptest::collection::vec(tier, 0..5), any::<bool>()).prop_map(|(steps, open)| {
        let last = steps.len().saturating_sub(1);
        let ends = steps.iter().scan(0, |end, (length, ..)| {
            *end += length;
            Some(*end)
        });
        let ends: Vec<i64> = ends.collect();
        let prices = steps.iter().map(|(_, amount, per)| (*amount, *per));
        (0..)
            .zip(ends)
            .zip(prices)
            .map(|((at, end), (amount_minor, per_units))| {
                let up_to = (at != last || !open).then_some(end);
                Tier { up_to, amount_minor, per_units }
            })
            .collect()
    })
}

/// The exact price of unit number `unit`, counted from 1.
fn price_of_unit(unit: i64, tiers: &[Tier]) -> Fraction {
    let tier = tiers.iter().find(|tier| tier.up_to.is_none_or(|up_to| unit <= up_to));
    tier.map_or(Fraction::from_integer(0), |tier| {
        Fraction::new(tier.amount_minor.into(), tier.per_units.into())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_next_reset_is_where_jiff_puts_it((anchor, reset, now) in anchor_and_now()) {
        let next = next_reset(anchor, reset, now, None).unwrap().unwrap();
        prop_assert!(next > now);
        prop_assert_eq!(next.timestamp(), oracle(anchor, reset, now));
    }

    #[test]
    fn the_reset_after_a_reset_is_the_next_periods_end((anchor, reset, now) in anchor_and_now()) {
        let period = period_of(anchor, reset, now).unwrap().unwrap();
        prop_assert!(period.contains(now));
        let next = next_reset(anchor, reset, now, None).unwrap().unwrap();
        prop_assert_eq!(next, period.end);
        let after = period_of(anchor, reset, next).unwrap().unwrap();
        prop_assert_eq!(after.start, next);
    }

    #[test]
    fn no_reset_is_at_or_after_the_end((anchor, reset, now) in anchor_and_now(), off in -3..=3_i64) {
        let next = next_reset(anchor, reset, now, None).unwrap().unwrap();
        let end = next + chrono::TimeDelta::seconds(off);
        let expected = (next < end && now < end).then_some(next);
        prop_assert_eq!(next_reset(anchor, reset, now, Some(end)).unwrap(), expected);
    }

    #[test]
    fn a_calendar_month_resets_at_the_first_moment_of_a_first((anchor, _, now) in anchor_and_now()) {
        let next = next_reset(anchor, Reset::CalendarMonth, now, None).unwrap().unwrap();
        let local = wall_time(next, anchor.zone);
        prop_assert_eq!(chrono::Datelike::day(&local), 1);
        // Where midnight is skipped the day begins later, by an hour at most.
        prop_assert!(local.time() <= NaiveTime::from_hms_opt(1, 0, 0).unwrap());
    }

    #[test]
    fn overage_is_the_sum_of_its_units_rounded_once(units in 0..1_500_i64, tiers in tiers()) {
        let exact = (1..=units).map(|unit| price_of_unit(unit, &tiers)).sum();
        let expected = round_half_up(exact).unwrap();
        prop_assert_eq!(overage(units, &tiers, Currency::USD).unwrap().minor, expected);
    }

    #[test]
    fn any_units_and_tiers_are_a_price_or_an_error(
        units in any::<i64>(),
        tiers in proptest::collection::vec((any::<Option<i64>>(), any::<i64>(), any::<i64>()), 0..5),
    ) {
        let tier = |(up_to, amount_minor, per_units)| Tier { up_to, amount_minor, per_units };
        let tiers: Vec<Tier> = tiers.into_iter().map(tier).collect();
        if let Ok(price) = overage(units, &tiers, Currency::JPY) {
            prop_assert!(price.minor >= 0);
        }
    }

    #[test]
    fn what_is_used_and_what_is_left_add_up_to_what_was_allowed(
        limit in 0..=i64::MAX / 2,
        rolled_in in 0..=i64::MAX / 2,
        used in 0..=i64::MAX,
        rollover_max in 0..=i64::MAX,
    ) {
        let closing = Closing { limit: Some(limit), rolled_in, used };
        let unused = closing.unused().unwrap();
        prop_assert_eq!(used - closing.over() + unused, limit + rolled_in);
        prop_assert!(unused == 0 || closing.over() == 0);
        let next = closing.rolls_over(rollover_max);
        prop_assert!(next >= 0 && next <= unused && next <= rollover_max);
        prop_assert!(next == unused || next == rollover_max);
        prop_assert_eq!(Closing { limit: None, ..closing }.rolls_over(rollover_max), 0);
    }
}
