//! The month a customer came in.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::calendar::wall_time;

/// A calendar month of the business's zone, such as `2026-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cohort {
    year: i32,
    month: u32,
}

/// A text that is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a month such as 2026-01")]
pub struct NotACohort {
    /// What was given, shortened.
    pub given: String,
}

impl Cohort {
    /// The month in which an instant falls on the wall clock of `zone`.
    #[must_use]
    pub fn of(instant: DateTime<Utc>, zone: Tz) -> Cohort {
        Cohort::on(wall_time(instant, zone).date())
    }

    /// The month of a day.
    #[must_use]
    pub fn on(date: NaiveDate) -> Cohort {
        Cohort { year: date.year(), month: date.month() }
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month, 1).expect("it was made from a day")
    }

    /// How many months lie between it and `later`; 0 for the same month, below 0 for one before.
    #[must_use]
    pub fn months_until(self, later: Cohort) -> i64 {
        (i64::from(later.year) - i64::from(self.year)) * 12
            + (i64::from(later.month) - i64::from(self.month))
    }
}

impl fmt::Display for Cohort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Cohort {
    type Err = NotACohort;

    fn from_str(given: &str) -> Result<Cohort, NotACohort> {
        let refused = || NotACohort { given: given.chars().take(16).collect() };
        let well_formed = given.len() == 7 && given.is_ascii();
        let date = well_formed.then(|| format!("{given}-01").parse().ok()).flatten();
        date.map(Cohort::on).ok_or_else(refused)
    }
}
