//! When periods begin and end.
//!
//! A subscription has an [`Anchor`] (wall time in a zone) and an [`Interval`];
//! together they are a [`Cycle`], whose boundary number n is computed from n
//! alone, the day clamped from the anchor's day. Store the index, never a chain
//! of dates: 31 January leads to 28 February and then to 31 March.
//!
//! Must never panic on a date: what the calendar cannot express is a
//! [`CalendarError`].

mod catch_up;
mod interval;
mod local;
mod months;
mod stub;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use catch_up::{CatchUp, PERIODS_BEHIND_MAX};
pub use interval::{Interval, IntervalError, Unit};
pub use local::{instant_of, midnight_of, wall_time};
pub use stub::Stub;

/// Where the boundaries are counted from: wall time in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Anchor {
    /// Wall time of boundary 0.
    pub local: NaiveDateTime,
    /// Whose wall.
    pub zone: Tz,
    /// The day of the month that boundaries are clamped from. It is the day of
    /// `local` unless that one is itself clamped: a billing day of 31 whose
    /// first boundary falls on 28 February.
    pub day: u32,
}

/// An anchor and the interval it repeats by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cycle {
    /// Boundary 0.
    pub anchor: Anchor,
    /// From one boundary to the next.
    pub interval: Interval,
}

/// Period `index` of a subscription: half-open, `start` belongs to it and `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// Number of the boundary it starts at.
    pub index: i64,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

/// Why there is no such instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Outside the years 1 to 9999.
    #[error("boundary {index} is outside the years 1 to 9999")]
    OutOfRange {
        /// Which boundary was asked for.
        index: i64,
    },
    /// No month has such a day.
    #[error("{day} is not a day of a month: 1 to 31")]
    NotADay {
        /// What was given.
        day: u32,
    },
    /// A billing day was given for an interval of days or weeks.
    #[error("a billing day needs an interval of months or years")]
    BillingDayWithoutMonths,
}

impl Anchor {
    /// An anchor at this wall time.
    pub fn new(local: NaiveDateTime, zone: Tz) -> Anchor {
        Anchor { local, zone, day: local.day() }
    }

    /// An anchor at what the wall clock of `zone` shows at `instant`.
    pub fn at(instant: DateTime<Utc>, zone: Tz) -> Anchor {
        Anchor::new(local::wall_time(instant, zone), zone)
    }

    /// An anchor at local midnight.
    pub fn on(date: NaiveDate, zone: Tz) -> Anchor {
        Anchor::new(date.and_time(chrono::NaiveTime::MIN), zone)
    }

    /// The cycle that repeats every `interval` from here.
    pub fn every(self, interval: Interval) -> Cycle {
        Cycle { anchor: self, interval }
    }

    /// The same wall time in another zone.
    ///
    /// What was billed stays billed: continue with [`Cycle::period_after`].
    pub fn moved_to(self, zone: Tz) -> Anchor {
        Anchor { zone, ..self }
    }
}

impl Cycle {
    /// Boundary `index`: 0 is the anchor, negative ones lie before it.
    pub fn boundary(&self, index: i64) -> Result<DateTime<Utc>, CalendarError> {
        let out_of_range = CalendarError::OutOfRange { index };
        self.local_boundary(index)
            .and_then(|local| instant_of(local, self.anchor.zone))
            .ok_or(out_of_range)
    }

    /// Period `index`, from its boundary to the next.
    pub fn period(&self, index: i64) -> Result<Period, CalendarError> {
        let next = index.checked_add(1).ok_or(CalendarError::OutOfRange { index })?;
        Ok(Period { index, start: self.boundary(index)?, end: self.boundary(next)? })
    }

    /// The number n of the period with `B(n) <= instant < B(n + 1)`.
    pub fn period_containing(&self, instant: DateTime<Utc>) -> Result<i64, CalendarError> {
        // The wall clock gives n but for the time of day, clamping and the zone's
        // jumps, which are worth a step or two.
        let mut index = self.estimate(local::wall_time(instant, self.anchor.zone));
        while self.boundary(index)? > instant {
            index -= 1;
        }
        while self.boundary(index + 1)? <= instant {
            index += 1;
        }
        Ok(index)
    }

    /// The period to bill after everything up to `billed_to`: number `index` or,
    /// if that one ends at or before `billed_to`, the first that does not.
    ///
    /// It starts at `billed_to` whatever the cycle says, so that a change of
    /// zone neither bills an hour twice nor leaves one out: the new zone
    /// applies from the next boundary.
    pub fn period_after(
        &self,
        billed_to: DateTime<Utc>,
        index: i64,
    ) -> Result<Period, CalendarError> {
        let index = index.max(self.period_containing(billed_to)?);
        Ok(Period { start: billed_to, ..self.period(index)? })
    }

    /// Wall time of boundary `index`, before the zone has its say.
    fn local_boundary(&self, index: i64) -> Option<NaiveDateTime> {
        let Anchor { local, day, .. } = self.anchor;
        let steps = index.checked_mul(self.interval.count().into())?;
        let date = match self.interval.unit() {
            Unit::Day => months::add_days(local.date(), steps)?,
            Unit::Week => months::add_days(local.date(), steps.checked_mul(7)?)?,
            Unit::Month => months::add_months(local.date(), steps, day)?,
            Unit::Year => months::add_months(local.date(), steps.checked_mul(12)?, day)?,
        };
        Some(date.and_time(local.time()))
    }

    /// About the number of the period that `local` falls into.
    fn estimate(&self, local: NaiveDateTime) -> i64 {
        let from = self.anchor.local.date();
        let days = local.date().signed_duration_since(from).num_days();
        let months = months::between(from, local.date());
        let steps = match self.interval.unit() {
            Unit::Day => days,
            Unit::Week => days.div_euclid(7),
            Unit::Month => months,
            Unit::Year => months.div_euclid(12),
        };
        steps.div_euclid(self.interval.count().into())
    }
}

impl Period {
    /// Whether `instant` belongs to the period.
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// Names one occasion of a subscription, for a unique constraint:
/// `sub_…#12#renewal`. Billing is at most once because this is unique in the
/// data, never because a queue said so.
pub fn occasion_key(subscription: impl std::fmt::Display, index: i64, kind: &str) -> String {
    format!("{subscription}#{index}#{kind}")
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
