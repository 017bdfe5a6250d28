//! The calendar against jiff, and against itself.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use jiff::ToSpan;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;

use super::*;

/// Zones on which the two time zone databases agree: all kinds of gaps and
/// overlaps (half an hour in Lord Howe, a whole day in Apia and Kwajalein).
const ZONES: [Tz; 24] = [
    Tz::UTC,
    Tz::Africa__Cairo,
    Tz::Africa__Johannesburg,
    Tz::America__Argentina__Buenos_Aires,
    Tz::America__Los_Angeles,
    Tz::America__Mexico_City,
    Tz::America__New_York,
    Tz::America__Santiago,
    Tz::America__Sao_Paulo,
    Tz::America__St_Johns,
    Tz::Asia__Beirut,
    Tz::Asia__Kathmandu,
    Tz::Asia__Kolkata,
    Tz::Asia__Tehran,
    Tz::Asia__Tokyo,
    Tz::Australia__Lord_Howe,
    Tz::Australia__Sydney,
    Tz::Europe__Berlin,
    Tz::Europe__Dublin,
    Tz::Europe__London,
    Tz::Europe__Moscow,
    Tz::Pacific__Apia,
    Tz::Pacific__Chatham,
    Tz::Pacific__Kwajalein,
];

fn zone() -> impl Strategy<Value = Tz> {
    proptest::sample::select(&ZONES[..])
}

/// Wall times of 1970 to 2119, the small hours (where clocks change) and the
/// ends of months more often than the rest.
fn wall_time() -> impl Strategy<Value = NaiveDateTime> {
    let day = prop_oneof![2 => 1..=31_u32, 1 => 28..=31_u32];
    let second = prop_oneof![2 => 0..86_400_u32, 1 => (0..=16_u32).prop_map(|step| step * 900)];
    (1970..2120_i32, 1..=12_u32, day, second).prop_map(|(year, month, day, second)| {
        let last = (28..=day).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day));
        let date = last.or_else(|| NaiveDate::from_ymd_opt(year, month, day)).unwrap();
        date.and_time(chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap())
    })
}

fn interval() -> impl Strategy<Value = Interval> {
    let unit = proptest::sample::select(&[Unit::Day, Unit::Week, Unit::Month, Unit::Year][..]);
    let count = prop_oneof![3 => Just(1), 1 => 1..=12_u32];
    (unit, count).prop_map(|(unit, count)| Interval::new(unit, count).unwrap())
}

fn cycle() -> impl Strategy<Value = Cycle> {
    (wall_time(), zone(), interval())
        .prop_map(|(local, zone, interval)| Anchor::new(local, zone).every(interval))
}

/// An index whose boundary is not before 1970 nor absurdly late.
fn cycle_and_index() -> impl Strategy<Value = (Cycle, i64)> {
    (cycle(), -400..=400_i64).prop_filter("before zones are well known", |(cycle, index)| {
        cycle.local_boundary(*index).is_some_and(|local| (1970..2200).contains(&local.year()))
    })
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0..6_000_000_000_i64).prop_map(|second| DateTime::from_timestamp(second, 0).unwrap())
}

/// What jiff says boundary `index` is, as a Unix timestamp.
fn oracle(cycle: &Cycle, index: i64, zones: &TimeZoneDatabase) -> i64 {
    let steps = index * i64::from(cycle.interval.count());
    let span = match cycle.interval.unit() {
        Unit::Day => steps.days(),
        Unit::Week => steps.weeks(),
        Unit::Month => steps.months(),
        Unit::Year => steps.years(),
    };
    let anchor: jiff::civil::DateTime =
        cycle.anchor.local.to_string().replace(' ', "T").parse().unwrap();
    let zone: TimeZone = zones.get(cycle.anchor.zone.name()).unwrap();
    let local = anchor.checked_add(span).unwrap();
    // "Compatible": a gap shifts forward by its length, an overlap takes the first.
    zone.to_ambiguous_timestamp(local).compatible().unwrap().as_second()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_boundary_is_where_jiff_puts_it((cycle, index) in cycle_and_index()) {
        let zones = TimeZoneDatabase::bundled();
        let boundary = cycle.boundary(index).unwrap();
        prop_assert_eq!(boundary.timestamp(), oracle(&cycle, index, &zones));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn an_instant_belongs_to_exactly_one_period(cycle in cycle(), at in instant()) {
        let index = cycle.period_containing(at).unwrap();
        prop_assert!(cycle.period(index).unwrap().contains(at));
        prop_assert!(!cycle.period(index - 1).unwrap().contains(at));
        prop_assert!(!cycle.period(index + 1).unwrap().contains(at));
    }

    #[test]
    fn a_boundary_begins_its_own_period((cycle, index) in cycle_and_index()) {
        let period = cycle.period(index).unwrap();
        // A day that a zone leaves out (Apia, 30 December 2011) is an empty period.
        prop_assume!(period.start < period.end);
        prop_assert_eq!(cycle.period_containing(period.start).unwrap(), index);
        let last = period.end - TimeDelta::nanoseconds(1);
        prop_assert_eq!(cycle.period_containing(last).unwrap(), index);
    }

    #[test]
    fn boundaries_never_go_back((cycle, index) in cycle_and_index()) {
        let period = cycle.period(index).unwrap();
        prop_assert!(period.start <= period.end);
    }

    #[test]
    fn the_day_is_the_anchors_or_the_months_last((cycle, index) in cycle_and_index()) {
        let local = cycle.local_boundary(index).unwrap();
        let by_day = matches!(cycle.interval.unit(), Unit::Day | Unit::Week);
        let kept = local.day() == cycle.anchor.day;
        let is_last_of_month = local.date().succ_opt().unwrap().day() == 1;
        prop_assert!(by_day || kept || (is_last_of_month && local.day() < cycle.anchor.day));
        prop_assert_eq!(local.time(), cycle.anchor.local.time());
    }

    #[test]
    fn any_cycle_at_any_index_is_an_instant_or_an_error(
        (cycle, index) in (cycle(), any::<i64>()),
        count in 1..u32::MAX,
        at in any::<i64>(),
    ) {
        let wide = Interval::new(cycle.interval.unit(), count).unwrap();
        let _ = cycle.anchor.every(wide).boundary(index);
        let _ = cycle.period(index);
        if let Some(at) = DateTime::from_timestamp(at / 1_000_000, 0) {
            let _ = cycle.period_containing(at);
            let _ = cycle.period_after(at, index);
            let _ = cycle.due_boundaries(index, at, 3);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_stub_ends_at_the_first_billing_day_after_the_start(
        start in instant(),
        zone in zone(),
        by_year in any::<bool>(),
        count in 1..=6_u32,
        day in 1..=31_u32,
    ) {
        let unit = if by_year { Unit::Year } else { Unit::Month };
        let stub = Stub::new(start, zone, Interval::new(unit, count).unwrap(), day).unwrap();
        let first = stub.cycle.boundary(0).unwrap();
        prop_assert!(first > start);
        prop_assert!(stub.cycle.boundary(-1).unwrap() <= start);
        prop_assert_eq!(stub.period, Period { index: -1, start, end: first });
        prop_assert_eq!(stub.full, stub.cycle.period(-1).unwrap());
        prop_assert_eq!(stub.cycle.period_containing(start).unwrap(), -1);
        let (anchor, wall) = (stub.cycle.anchor, Anchor::at(start, zone));
        prop_assert_eq!((anchor.local.time(), anchor.day), (wall.local.time(), day));
        let is_last_of_month = anchor.local.date().succ_opt().unwrap().day() == 1;
        prop_assert!(anchor.local.day() == day || (is_last_of_month && anchor.local.day() < day));
    }

    #[test]
    fn a_move_to_another_zone_neither_repeats_nor_skips_time(
        (cycle, index) in cycle_and_index(),
        elsewhere in zone(),
    ) {
        let billed_to = cycle.boundary(index + 1).unwrap();
        let moved = cycle.anchor.moved_to(elsewhere).every(cycle.interval);
        let next = moved.period_after(billed_to, index + 1).unwrap();
        prop_assert_eq!(next.start, billed_to);
        prop_assert!(next.end > billed_to);
        prop_assert!(next.index > index, "an index that was billed is never used again");
        prop_assert_eq!(next.end, moved.boundary(next.index + 1).unwrap());
        let after = moved.period_after(next.end, next.index + 1).unwrap();
        prop_assert_eq!(after.start, next.end);
        prop_assert!(after.index > next.index);
    }

    #[test]
    fn staying_in_the_zone_bills_the_next_period((cycle, index) in cycle_and_index()) {
        let period = cycle.period(index).unwrap();
        prop_assume!(period.start < period.end);
        prop_assert_eq!(cycle.period_after(period.start, index).unwrap(), period);
    }

    #[test]
    fn catching_up_bills_each_period_once_and_in_order(
        cycle in cycle(),
        next in -50..=50_i64,
        behind in -3..=45_i64,
        cap in 1..=10_usize,
    ) {
        let now = cycle.boundary(next + behind - 1).unwrap();
        let due = cycle.period_containing(now).unwrap() - next + 1;
        let mut expected = next;
        loop {
            let run = cycle.due_boundaries(expected, now, cap).unwrap();
            let left = (due - (expected - next)).max(0);
            prop_assert_eq!((run.total(), run.is_too_far_behind()), (left, left > PERIODS_BEHIND_MAX));
            prop_assert!(run.boundaries.len() <= cap);
            for (index, at) in &run.boundaries {
                prop_assert_eq!(*index, expected);
                prop_assert_eq!(*at, cycle.boundary(expected).unwrap());
                prop_assert!(*at <= now);
                expected += 1;
            }
            if run.remaining == 0 {
                break;
            }
        }
        prop_assert!(cycle.boundary(expected).unwrap() > now);
        prop_assert_eq!(expected - next, due.max(0));
    }
}
