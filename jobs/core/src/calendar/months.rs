//! Dates some days or months away.

use chrono::{Datelike, NaiveDate, TimeDelta};

/// `date` moved by `days`.
pub(super) fn add_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    date.checked_add_signed(TimeDelta::try_days(days)?)
}

/// `day` of the month that lies `months` after the month of `date`, or that
/// month's last day if it is shorter.
pub(super) fn add_months(date: NaiveDate, months: i64, day: u32) -> Option<NaiveDate> {
    let month = months_since_year_0(date).checked_add(months)?;
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    day_of(year, u32::try_from(month.rem_euclid(12)).ok()? + 1, day)
}

/// Months from the month of `from` to the month of `to`.
pub(super) fn between(from: NaiveDate, to: NaiveDate) -> i64 {
    months_since_year_0(to) - months_since_year_0(from)
}

/// The day, clamped to the month's length.
fn day_of(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    (28..=31)
        .rev()
        .find(|last| NaiveDate::from_ymd_opt(year, month, *last).is_some())
        .and_then(|last| NaiveDate::from_ymd_opt(year, month, day.min(last)))
}

fn months_since_year_0(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}
