//! When a meter starts again at zero.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::{Anchor, CalendarError, Cycle, Interval, Period};

/// What a meter's periods follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// Months counted from the subscription's anchor, whatever it is billed by.
    Anniversary,
    /// The months of the calendar, from local midnight of the first.
    CalendarMonth,
    /// One period without end: members, projects.
    Never,
}

/// Not a way to reset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a reset: anniversary (or month), calendar_month or never")]
pub struct UnknownReset {
    /// What was given, shortened.
    pub given: String,
}

impl Reset {
    /// Its name as stored: `calendar_month`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reset::Anniversary => "anniversary",
            Reset::CalendarMonth => "calendar_month",
            Reset::Never => "never",
        }
    }

    /// The boundaries of the periods, if there are any.
    fn cycle(self, anchor: Anchor) -> Option<Cycle> {
        match self {
            Reset::Anniversary => Some(anchor.every(Interval::MONTH)),
            // Any first of a month would do; a fixed one keeps the indices comparable.
            Reset::CalendarMonth => {
                Some(Anchor::on(NaiveDate::default(), anchor.zone).every(Interval::MONTH))
            }
            Reset::Never => None,
        }
    }
}

impl FromStr for Reset {
    type Err = UnknownReset;

    fn from_str(given: &str) -> Result<Reset, UnknownReset> {
        match given {
            "anniversary" | "month" => Ok(Reset::Anniversary),
            "calendar_month" => Ok(Reset::CalendarMonth),
            "never" => Ok(Reset::Never),
            _ => Err(UnknownReset { given: given.chars().take(32).collect() }),
        }
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The meter's period that `now` belongs to; `None` if it never resets.
///
/// There are periods before the anchor too: a trial or a stub may end, and the
/// anchor lie, many months after the subscription began.
pub fn period_of(
    anchor: Anchor,
    reset: Reset,
    now: DateTime<Utc>,
) -> Result<Option<Period>, CalendarError> {
    let period = |cycle: Cycle| cycle.period(cycle.period_containing(now)?);
    reset.cycle(anchor).map(period).transpose()
}

/// The first reset strictly after `now` and before the subscription's end.
///
/// `now` on a boundary belongs to the period that begins there.
pub fn next_reset(
    anchor: Anchor,
    reset: Reset,
    now: DateTime<Utc>,
    subscription_end: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>, CalendarError> {
    let before_the_end = |at: DateTime<Utc>| subscription_end.is_none_or(|end| at < end);
    // An ended subscription has no resets, not even where the calendar has no dates.
    if !before_the_end(now) {
        return Ok(None);
    }
    let end = period_of(anchor, reset, now)?.map(|period| period.end);
    Ok(end.filter(|at| before_the_end(*at)))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[track_caller]
    fn next(anchor: &str, zone: Tz, reset: Reset, now: &str) -> String {
        let next = next_reset(Anchor::at(at(anchor), zone), reset, at(now), None).unwrap();
        next.map_or("none".to_owned(), |next| next.format("%FT%TZ").to_string())
    }

    #[test]
    fn a_meter_from_the_31st_resets_on_the_last_of_february_and_on_31_march() {
        let next = |now| next("2026-01-31T09:00:00Z", Tz::UTC, Reset::Anniversary, now);
        assert_eq!(next("2026-02-01T00:00:00Z"), "2026-02-28T09:00:00Z");
        assert_eq!(next("2026-02-28T08:59:59Z"), "2026-02-28T09:00:00Z");
        assert_eq!(next("2026-02-28T09:00:00Z"), "2026-03-31T09:00:00Z");
    }

    #[test]
    fn an_anniversary_keeps_its_wall_time_over_a_change_of_clocks() {
        let next =
            |now| next("2026-02-15T08:00:00Z", Tz::America__New_York, Reset::Anniversary, now);
        assert_eq!(next("2026-03-01T00:00:00Z"), "2026-03-15T07:00:00Z");
        assert_eq!(next("2026-10-20T00:00:00Z"), "2026-11-15T08:00:00Z");
    }

    #[test]
    fn a_calendar_month_begins_at_local_midnight_of_the_first() {
        let next = |now| next("2026-01-17T12:00:00Z", Tz::Asia__Kolkata, Reset::CalendarMonth, now);
        assert_eq!(next("2026-01-31T18:29:59Z"), "2026-01-31T18:30:00Z");
        assert_eq!(next("2026-01-31T18:30:00Z"), "2026-02-28T18:30:00Z");
    }

    #[test]
    fn a_first_of_the_month_that_begins_twice_resets_once() {
        // On 1 November 2009 at 00:01 the clocks of St John's went back to 23:01 of 31 October.
        let next =
            |now| next("2009-01-01T12:00:00Z", Tz::America__St_Johns, Reset::CalendarMonth, now);
        assert_eq!(next("2009-11-01T02:29:59Z"), "2009-11-01T02:30:00Z");
        assert_eq!(next("2009-11-01T03:00:00Z"), "2009-12-01T03:30:00Z");
    }

    #[test]
    fn a_meter_before_its_anchor_resets_by_the_month_too() {
        let next = |now| next("2027-01-31T00:00:00Z", Tz::UTC, Reset::Anniversary, now);
        assert_eq!(next("2026-06-15T00:00:00Z"), "2026-06-30T00:00:00Z");
        assert_eq!(next("2027-01-30T00:00:00Z"), "2027-01-31T00:00:00Z");
    }

    #[test]
    fn a_meter_without_resets_has_no_next_one() {
        assert_eq!(
            next("2026-01-31T00:00:00Z", Tz::UTC, Reset::Never, "2026-06-15T00:00:00Z"),
            "none"
        );
    }

    #[test]
    fn a_boundary_at_the_subscriptions_end_is_no_reset() {
        let anchor = Anchor::at(at("2026-01-10T00:00:00Z"), Tz::UTC);
        let boundary = at("2026-03-10T00:00:00Z");
        let next = |end| {
            let now = at("2026-02-20T00:00:00Z");
            next_reset(anchor, Reset::Anniversary, now, Some(end)).unwrap()
        };
        assert_eq!(next(boundary), None);
        assert_eq!(next(boundary + chrono::TimeDelta::nanoseconds(1)), Some(boundary));
        assert_eq!(next(at("2026-02-20T00:00:00Z")), None);
    }

    #[test]
    fn a_reset_is_read_by_its_name_and_by_its_alias() {
        for reset in [Reset::Anniversary, Reset::CalendarMonth, Reset::Never] {
            assert_eq!(reset.to_string().parse(), Ok(reset));
        }
        assert_eq!("month".parse(), Ok(Reset::Anniversary));
        assert_eq!("".parse::<Reset>(), Err(UnknownReset { given: String::new() }));
    }
}
