use chrono::TimeDelta;
use chrono_tz::Tz;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn monthly(anchor: &str, zone: Tz) -> Cycle {
    every(Interval::MONTH, anchor, zone)
}

fn every(interval: Interval, anchor: &str, zone: Tz) -> Cycle {
    Anchor::new(anchor.parse().unwrap(), zone).every(interval)
}

#[track_caller]
fn check(cycle: &Cycle, from: i64, expected: &[&str]) {
    let boundaries: Vec<String> = (from..)
        .take(expected.len())
        .map(|index| cycle.boundary(index).unwrap().format("%FT%RZ").to_string())
        .collect();
    assert_eq!(boundaries, expected);
}

#[test]
fn the_31st_is_clamped_from_the_anchor_and_not_from_the_month_before() {
    let cycle = monthly("2023-01-31T00:00:00", Tz::UTC);
    let expected =
        ["2023-01-31T00:00Z", "2023-02-28T00:00Z", "2023-03-31T00:00Z", "2023-04-30T00:00Z"];
    check(&cycle, 0, &expected);
    check(&cycle, 13, &["2024-02-29T00:00Z", "2024-03-31T00:00Z"]);
    check(&cycle, -2, &["2022-11-30T00:00Z", "2022-12-31T00:00Z"]);
}

#[test]
fn the_28th_of_february_stays_the_28th_and_the_30th_comes_back() {
    check(&monthly("2023-02-28T00:00:00", Tz::UTC), 1, &["2023-03-28T00:00Z"]);
    let cycle = monthly("2024-01-30T00:00:00", Tz::UTC);
    check(&cycle, 1, &["2024-02-29T00:00Z", "2024-03-30T00:00Z"]);
}

#[test]
fn a_leap_day_is_the_28th_in_common_years() {
    let cycle = every(Interval::YEAR, "2024-02-29T00:00:00", Tz::UTC);
    let expected = ["2025-02-28T00:00Z", "2026-02-28T00:00Z", "2027-02-28T00:00Z"];
    check(&cycle, 1, &expected);
    check(&cycle, 4, &["2028-02-29T00:00Z"]);
    check(&cycle, 76, &["2100-02-28T00:00Z"]);
}

#[test]
fn wall_time_is_kept_when_the_clocks_change() {
    let cycle = monthly("2023-01-31T00:00:00", Tz::America__New_York);
    let expected =
        ["2023-01-31T05:00Z", "2023-02-28T05:00Z", "2023-03-31T04:00Z", "2023-04-30T04:00Z"];
    check(&cycle, 0, &expected);
}

#[test]
fn a_skipped_time_moves_forward_by_what_was_skipped() {
    // 10 March 2024: from 02:00 to 03:00 in New York; 02:30 becomes 03:30.
    let daily = every(Interval::DAY, "2024-03-09T02:30:00", Tz::America__New_York);
    check(&daily, 0, &["2024-03-09T07:30Z", "2024-03-10T07:30Z", "2024-03-11T06:30Z"]);
    // Half an hour on Lord Howe: 02:15 becomes 02:45.
    let daily = every(Interval::DAY, "2024-10-05T02:15:00", Tz::Australia__Lord_Howe);
    check(&daily, 1, &["2024-10-05T15:45Z"]);
    // Midnight itself in São Paulo.
    let daily = every(Interval::DAY, "2018-11-03T00:00:00", Tz::America__Sao_Paulo);
    check(&daily, 0, &["2018-11-03T03:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"]);
}

#[test]
fn of_a_time_that_comes_twice_the_first_counts() {
    let daily = every(Interval::DAY, "2024-11-02T01:30:00", Tz::America__New_York);
    check(&daily, 0, &["2024-11-02T05:30Z", "2024-11-03T05:30Z", "2024-11-04T06:30Z"]);
}

#[test]
fn a_day_that_a_zone_leaves_out_is_an_empty_period() {
    // Samoa went from 29 to 31 December 2011.
    let daily = every(Interval::DAY, "2011-12-29T12:00:00", Tz::Pacific__Apia);
    assert_eq!(daily.boundary(1), daily.boundary(2));
    assert_eq!(daily.period_containing(daily.boundary(1).unwrap()).unwrap(), 2);
}

#[test]
fn an_instant_on_a_boundary_belongs_to_the_new_period() {
    let cycle = monthly("2023-01-31T00:00:00", Tz::UTC);
    assert_eq!(cycle.period_containing(at("2023-02-27T23:59:59Z")).unwrap(), 0);
    assert_eq!(cycle.period_containing(at("2023-02-28T00:00:00Z")).unwrap(), 1);
    assert_eq!(cycle.period_containing(at("2023-01-30T23:59:59Z")).unwrap(), -1);
}

#[test]
fn what_the_calendar_cannot_express_is_an_error() {
    let cycle = every(Interval::YEAR, "2023-01-31T00:00:00", Tz::UTC);
    assert_eq!(cycle.boundary(7976).unwrap().year(), 9999);
    assert_eq!(cycle.boundary(7977), Err(CalendarError::OutOfRange { index: 7977 }));
    assert_eq!(cycle.boundary(-2022).unwrap().year(), 1);
    assert_eq!(cycle.boundary(-2023), Err(CalendarError::OutOfRange { index: -2023 }));
    for index in [i64::MIN, i64::MAX] {
        assert_eq!(cycle.boundary(index), Err(CalendarError::OutOfRange { index }));
        assert!(cycle.period(index).is_err());
    }
    assert!(cycle.period_containing(DateTime::<Utc>::MAX_UTC).is_err());
    assert!(cycle.period_containing(DateTime::<Utc>::MIN_UTC).is_err());
}

#[test]
fn a_billing_day_later_than_the_start_is_in_the_same_month() {
    let stub = Stub::new(at("2024-01-10T09:00:00Z"), Tz::UTC, Interval::MONTH, 25).unwrap();
    assert_eq!(stub.period.start, at("2024-01-10T09:00:00Z"));
    assert_eq!(stub.period.end, at("2024-01-25T09:00:00Z"));
    assert_eq!(stub.full.start, at("2023-12-25T09:00:00Z"));
    check(&stub.cycle, 0, &["2024-01-25T09:00Z", "2024-02-25T09:00Z"]);
}

#[test]
fn a_billing_day_not_after_the_start_steps_one_whole_interval() {
    let stub = |day| Stub::new(at("2024-01-10T09:00:00Z"), Tz::UTC, Interval::MONTH, day).unwrap();
    assert_eq!(stub(10).period.end, at("2024-02-10T09:00:00Z"));
    assert_eq!(stub(9).period.end, at("2024-02-09T09:00:00Z"));
    let quarterly = Interval::new(Unit::Month, 3).unwrap();
    let stub = Stub::new(at("2024-01-10T09:00:00Z"), Tz::UTC, quarterly, 5).unwrap();
    assert_eq!(stub.period.end, at("2024-04-05T09:00:00Z"));
    let stub = Stub::new(at("2024-01-10T09:00:00Z"), Tz::UTC, Interval::YEAR, 5).unwrap();
    assert_eq!(stub.period.end, at("2025-01-05T09:00:00Z"));
}

#[test]
fn a_stubs_denominator_is_clamped_again_from_the_billing_day() {
    let stub = Stub::new(at("2023-02-10T00:00:00Z"), Tz::UTC, Interval::MONTH, 31).unwrap();
    assert_eq!(stub.period.end, at("2023-02-28T00:00:00Z"));
    assert_eq!(stub.full.start, at("2023-01-31T00:00:00Z"));
    check(&stub.cycle, 1, &["2023-03-31T00:00Z", "2023-04-30T00:00Z"]);
}

#[test]
fn a_stub_that_steps_into_february_comes_back_to_the_31st() {
    let stub = Stub::new(at("2024-01-31T00:00:00Z"), Tz::UTC, Interval::MONTH, 31).unwrap();
    assert_eq!(stub.full.start, at("2024-01-31T00:00:00Z"));
    check(&stub.cycle, 0, &["2024-02-29T00:00Z", "2024-03-31T00:00Z", "2024-04-30T00:00Z"]);
}

#[test]
fn a_billing_day_needs_months() {
    let start = at("2024-01-10T00:00:00Z");
    for interval in [Interval::DAY, Interval::WEEK] {
        let refused = Stub::new(start, Tz::UTC, interval, 5);
        assert_eq!(refused, Err(CalendarError::BillingDayWithoutMonths));
    }
    for day in [0, 32] {
        let refused = Stub::new(start, Tz::UTC, Interval::MONTH, day);
        assert_eq!(refused, Err(CalendarError::NotADay { day }));
    }
}

#[test]
fn moving_east_or_west_starts_where_the_bill_ended() {
    let home = monthly("2024-01-31T00:00:00", Tz::America__New_York);
    let billed = home.period(0).unwrap();
    for zone in [Tz::Asia__Tokyo, Tz::Pacific__Honolulu] {
        let moved = home.anchor.moved_to(zone).every(home.interval);
        let next = moved.period_after(billed.end, 1).unwrap();
        assert_eq!((next.index, next.start), (1, billed.end));
        assert_eq!(next.end, moved.boundary(2).unwrap());
    }
}

#[test]
fn a_day_already_paid_for_is_not_billed_again_after_a_move_east() {
    let home = every(Interval::DAY, "2024-01-01T00:00:00", Tz::Pacific__Pago_Pago);
    let moved = home.anchor.moved_to(Tz::Pacific__Kiritimati).every(Interval::DAY);
    // 25 hours ahead: the whole of day 1 and an hour of day 2 are over there.
    let next = moved.period_after(home.boundary(1).unwrap(), 1).unwrap();
    assert_eq!(next.index, 2);
    assert_eq!(next.end - next.start, TimeDelta::hours(23));
}

#[test]
fn a_long_pause_is_billed_in_order_and_too_long_a_one_is_not() {
    let cycle = monthly("2020-01-15T00:00:00", Tz::UTC);
    let run = cycle.due_boundaries(1, at("2020-04-15T00:00:00Z"), 2).unwrap();
    let expected = vec![(1, at("2020-02-15T00:00:00Z")), (2, at("2020-03-15T00:00:00Z"))];
    assert_eq!(run, CatchUp { boundaries: expected, remaining: 1 });
    let none = cycle.due_boundaries(1, at("2020-02-14T23:59:59Z"), 2).unwrap();
    assert_eq!(none, CatchUp { boundaries: vec![], remaining: 0 });
    let bound = cycle.due_boundaries(1, at("2023-01-15T00:00:00Z"), 40).unwrap();
    assert_eq!((bound.total(), bound.is_too_far_behind()), (36, false));
    let beyond = cycle.due_boundaries(1, at("2023-02-15T00:00:00Z"), 12).unwrap();
    assert_eq!((beyond.total(), beyond.is_too_far_behind()), (37, true));
    assert_eq!(beyond.boundaries.len(), 12);
}

#[test]
fn an_occasion_is_named_by_subscription_period_and_kind() {
    assert_eq!(occasion_key("sub_1", 12, "renewal"), "sub_1#12#renewal");
}

#[test]
fn a_cycle_survives_json() {
    let cycle = monthly("2023-01-31T10:30:00", Tz::Australia__Lord_Howe);
    let json = serde_json::to_string(&cycle).unwrap();
    assert_eq!(
        json,
        r#"{"anchor":{"local":"2023-01-31T10:30:00","zone":"Australia/Lord_Howe","day":31},"interval":{"unit":"month","count":1}}"#
    );
    assert_eq!(serde_json::from_str::<Cycle>(&json).unwrap(), cycle);
    assert!(serde_json::from_str::<Interval>(r#"{"unit":"month","count":0}"#).is_err());
}

#[test]
fn summer_time_goes_on_after_the_tables_end() {
    let cycle = every(Interval::YEAR, "2098-07-01T00:00:00", Tz::America__New_York);
    check(&cycle, 0, &["2098-07-01T04:00Z", "2099-07-01T04:00Z", "2100-07-01T04:00Z"]);
    let cycle = every(Interval::YEAR, "2098-07-01T00:00:00", Tz::Australia__Sydney);
    check(&cycle, 1, &["2099-06-30T14:00Z", "2100-06-30T14:00Z"]);
}
