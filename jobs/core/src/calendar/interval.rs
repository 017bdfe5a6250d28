//! How often: a unit and a count.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an interval is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Calendar days.
    Day,
    /// Seven calendar days.
    Week,
    /// Calendar months.
    Month,
    /// Twelve calendar months.
    Year,
}

/// `count` units: every month, every 3 months, every year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    unit: Unit,
    count: NonZeroU32,
}

/// Why something is not an interval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// Zero of anything.
    #[error("an interval's count is at least 1")]
    Zero,
    /// Not a unit.
    #[error("{given:?} is not an interval: day, week, month or year")]
    UnknownUnit {
        /// What was given, shortened.
        given: String,
    },
}

impl Interval {
    /// Every day.
    pub const DAY: Interval = Interval { unit: Unit::Day, count: NonZeroU32::MIN };
    /// Every week.
    pub const WEEK: Interval = Interval { unit: Unit::Week, count: NonZeroU32::MIN };
    /// Every month.
    pub const MONTH: Interval = Interval { unit: Unit::Month, count: NonZeroU32::MIN };
    /// Every year.
    pub const YEAR: Interval = Interval { unit: Unit::Year, count: NonZeroU32::MIN };

    /// Every `count` units.
    pub fn new(unit: Unit, count: u32) -> Result<Interval, IntervalError> {
        Ok(Interval { unit, count: NonZeroU32::new(count).ok_or(IntervalError::Zero)? })
    }

    /// What it is counted in.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// How many units: at least one.
    pub fn count(&self) -> u32 {
        self.count.get()
    }
}

impl Unit {
    /// Its name as stored: `month`.
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Year => "year",
        }
    }
}

impl FromStr for Unit {
    type Err = IntervalError;

    fn from_str(given: &str) -> Result<Unit, IntervalError> {
        [Unit::Day, Unit::Week, Unit::Month, Unit::Year]
            .into_iter()
            .find(|unit| unit.as_str() == given)
            .ok_or_else(|| IntervalError::UnknownUnit { given: given.chars().take(32).collect() })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `month`, `3 months`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => write!(f, "{}", self.unit),
            count => write!(f, "{count} {}s", self.unit),
        }
    }
}
