//! What time is counted in: seconds, or the days of a zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::calendar::wall_time;

/// The unit of a proration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "unit", content = "zone")]
pub enum Basis {
    /// Whole seconds.
    Second,
    /// Calendar days of this zone; the day of a change belongs to the new price.
    Day(Tz),
}

impl Basis {
    /// Units from `start` to `end`; negative if `end` is earlier.
    pub(super) fn units(self, start: DateTime<Utc>, end: DateTime<Utc>) -> i64 {
        match self {
            Basis::Second => end.timestamp() - start.timestamp(),
            Basis::Day(zone) => {
                let date = |instant| wall_time(instant, zone).date();
                date(end).signed_duration_since(date(start)).num_days()
            }
        }
    }
}
