//! Instants on the command line.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use perennial_core::quote::quoted;

/// An instant, or a day, which means its first instant in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: DateTime<Utc>,
    /// Only the day was given.
    day: bool,
}

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no instant; write 2026-03-01T00:00:00Z, or 2026-03-01 for the first instant of the day in UTC",
    quoted(.0)
)]
pub(super) struct NoMoment(String);

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        if let Ok(day) = text.parse::<NaiveDate>() {
            return Ok(Self { at: day.and_time(NaiveTime::MIN).and_utc(), day: true });
        }
        let instant = DateTime::parse_from_rfc3339(text);
        let instant = instant.map_err(|_| NoMoment(text.to_owned()))?;
        Ok(Self { at: instant.to_utc(), day: false })
    }
}

impl Moment {
    /// Which instant a day was taken as, for the person who gave it.
    pub(super) fn note(self, field: &str) -> Option<String> {
        self.day.then(|| format!("perennial: {field}: taken as {self}"))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_first_instant_in_utc_and_is_said_to_be() {
        let day: Moment = "2026-12-28".parse().unwrap();
        assert_eq!(day.to_string(), "2026-12-28T00:00:00Z");
        assert_eq!(day.note("clock").unwrap(), "perennial: clock: taken as 2026-12-28T00:00:00Z");
        let instant: Moment = "2026-12-28T01:00:00+02:00".parse().unwrap();
        assert_eq!(
            (instant.to_string().as_str(), instant.note("clock")),
            ("2026-12-27T23:00:00Z", None)
        );
    }

    #[test]
    fn what_is_no_instant_is_refused_with_the_form() {
        for wrong in ["", "tomorrow", "2026-02-30", "28.12.2026", "2026-12-28 10:00"] {
            let said = wrong.parse::<Moment>().unwrap_err().to_string();
            assert!(said.contains("2026-03-01T00:00:00Z"), "{said}");
        }
    }
}
