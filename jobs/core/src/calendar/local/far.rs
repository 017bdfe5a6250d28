//! The years that the time zone tables do not reach.
//!
//! chrono-tz lists each zone's changes up to 2099 and would keep the last one
//! for ever. Summer time is ruled by months and weekdays, so a later year has
//! the clocks of a listed year whose days fall on the same weekdays. (In Morocco
//! and Gaza it follows the moon: nobody knows their clocks so far ahead.)

use chrono::{Datelike, NaiveDate, TimeDelta};

/// The listed years that stand in: 28 in a row have every kind of calendar.
const STAND_INS: std::ops::Range<i32> = 2072..2100;

/// How much later `date` is than the day that stands in for it; zero if it is listed.
pub(super) fn later_than_known(date: NaiveDate) -> TimeDelta {
    if date.year() < STAND_INS.end {
        return TimeDelta::zero();
    }
    STAND_INS
        .filter(|year| calendar_of(*year) == calendar_of(date.year()))
        .find_map(|year| date.with_year(year))
        .map_or(TimeDelta::zero(), |stand_in| date.signed_duration_since(stand_in))
}

/// What tells one year's calendar from another's: its length and first weekday.
fn calendar_of(year: i32) -> Option<(u32, chrono::Weekday)> {
    let last = NaiveDate::from_ymd_opt(year, 12, 31)?;
    Some((last.ordinal(), NaiveDate::from_ymd_opt(year, 1, 1)?.weekday()))
}
