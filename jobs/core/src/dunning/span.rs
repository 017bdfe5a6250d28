//! Lengths of time as one writes them in a policy: `30m`, `36h`, `3d`, `2w`.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time of whole minutes; a day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    minutes: u32,
}

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a length of time: write a number and m, h, d or w, such as 36h or 3d")]
pub struct InvalidSpan {
    /// What was given.
    pub text: String,
}

const MINUTES_PER_HOUR: u32 = 60;
const MINUTES_PER_DAY: u32 = 24 * MINUTES_PER_HOUR;
/// Longer than any policy needs, short enough for every sum to fit.
const MINUTES_MAX: u32 = 10_000 * MINUTES_PER_DAY;

impl Span {
    /// `days` times 24 hours.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { minutes: days * MINUTES_PER_DAY }
    }

    /// As chrono has it.
    #[must_use]
    pub fn delta(self) -> TimeDelta {
        TimeDelta::minutes(self.minutes.into())
    }

    /// What is left without `other`; `None` where nothing is.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.minutes.checked_sub(other.minutes).map(|minutes| Self { minutes })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes {
            m if m % MINUTES_PER_DAY == 0 => write!(f, "{}d", m / MINUTES_PER_DAY),
            m if m % MINUTES_PER_HOUR == 0 => write!(f, "{}h", m / MINUTES_PER_HOUR),
            m => write!(f, "{m}m"),
        }
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let invalid = || InvalidSpan { text: text.to_owned() };
        let (digits, unit) =
            text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
        let unit_minutes = match unit {
            "m" => 1,
            "h" => MINUTES_PER_HOUR,
            "d" => MINUTES_PER_DAY,
            "w" => 7 * MINUTES_PER_DAY,
            _ => return Err(invalid()),
        };
        let number: u32 = digits.parse().map_err(|_| invalid())?;
        match number.checked_mul(unit_minutes) {
            Some(minutes) if minutes <= MINUTES_MAX => Ok(Self { minutes }),
            _ => Err(invalid()),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
