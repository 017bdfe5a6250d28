//! From a policy's offsets to instants.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{DunningPolicy, Rung, Span};
use crate::calendar::{instant_of, wall_time};

impl DunningPolicy {
    /// When access ends for a failure at `failed_at`.
    #[must_use]
    pub fn access_ends_at(&self, failed_at: DateTime<Utc>) -> DateTime<Utc> {
        failed_at + self.access_ends_after.delta()
    }

    /// When rung `number` (from 0) comes for a failure at `failed_at`; `None` past the last.
    ///
    /// An hour of the day is looked for from the offset's own day on, after the rung before; where
    /// that would leave the rungs after it no time before access ends, the offset itself counts.
    #[must_use]
    pub fn rung_at(
        &self,
        number: usize,
        failed_at: DateTime<Utc>,
        zone: Tz,
    ) -> Option<DateTime<Utc>> {
        let ends_at = self.access_ends_at(failed_at);
        let mut previous = failed_at;
        // Each rung is at least a second after the one before.
        let mut seconds_needed = i64::try_from(self.rungs.len()).ok()?;
        for rung in self.rungs.get(..=number)? {
            seconds_needed -= 1;
            let latest = ends_at - TimeDelta::seconds(seconds_needed);
            let exact = failed_at + self.offset_of(rung)?.delta();
            let at_hour = rung.at_hour.and_then(|hour| at_hour_of_day(exact, hour, zone, previous));
            previous = match at_hour.filter(|at| *at < latest) {
                Some(at) => at,
                None => exact.max(previous + TimeDelta::seconds(1)),
            };
        }
        Some(previous)
    }

    /// When a rung comes, counted from the original failure.
    fn offset_of(&self, rung: &Rung) -> Option<Span> {
        match (rung.after, rung.before_access_ends) {
            (Some(after), None) => Some(after),
            (None, Some(before)) => self.access_ends_after.minus(before),
            _ => None,
        }
    }
}

/// `hour` o'clock of the day on which `exact` falls in `zone`, or of the first day after on which
/// that is later than `after`.
fn at_hour_of_day(
    exact: DateTime<Utc>,
    hour: u32,
    zone: Tz,
    after: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let time = NaiveTime::from_hms_opt(hour, 0, 0)?;
    let mut date = wall_time(exact.max(after), zone).date();
    loop {
        let at = instant_of(date.and_time(time), zone)?;
        if at > after {
            return Some(at);
        }
        date = date.succ_opt()?;
    }
}
