//! The first, shorter period of a subscription with a fixed billing day.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Anchor, CalendarError, Cycle, Interval, Period, Unit, instant_of, months};

/// A subscription that starts before its billing day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stub {
    /// The cycle; boundary 0 is the first billing day strictly after the start.
    pub cycle: Cycle,
    /// What is billed at the start: from the start to boundary 0, index −1.
    pub period: Period,
    /// The full interval that ends at boundary 0, day re-clamped from the
    /// billing day: the denominator of the stub's price.
    pub full: Period,
}

impl Stub {
    /// Puts `billing_day` (clamped, at the start's time of day) into the start's
    /// month; if that is not after the start, steps one whole interval.
    pub fn new(
        start: DateTime<Utc>,
        zone: Tz,
        interval: Interval,
        billing_day: u32,
    ) -> Result<Stub, CalendarError> {
        if !(1..=31).contains(&billing_day) {
            return Err(CalendarError::NotADay { day: billing_day });
        }
        if matches!(interval.unit(), Unit::Day | Unit::Week) {
            return Err(CalendarError::BillingDayWithoutMonths);
        }
        let cycle = first_billing_day(start, zone, interval, billing_day)?;
        let full = cycle.period(-1)?;
        Ok(Stub { cycle, period: Period { start, ..full }, full })
    }
}

/// The cycle whose boundary 0 is the first billing day after the start.
fn first_billing_day(
    start: DateTime<Utc>,
    zone: Tz,
    interval: Interval,
    day: u32,
) -> Result<Cycle, CalendarError> {
    let begun = Anchor::at(start, zone);
    let same_month = months::add_months(begun.local.date(), 0, day)
        .ok_or(CalendarError::OutOfRange { index: 0 })?;
    let in_start_month = Anchor { local: same_month.and_time(begun.local.time()), zone, day };
    let cycle = in_start_month.every(interval);
    if instant_of(in_start_month.local, zone).is_some_and(|boundary| boundary > start) {
        return Ok(cycle);
    }
    let local = cycle.local_boundary(1).ok_or(CalendarError::OutOfRange { index: 1 })?;
    Ok(Anchor { local, zone, day }.every(interval))
}
