//! A periodic job as configured, and when it ticks.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use perennial_core::calendar::{instant_of, wall_time};
use perennial_core::nearest::suggestion;
use perennial_jobs::job::Door;
use perennial_queue::ticks::CatchUp;

/// A tick looks back over at most this many missed ones.
const MISSED_TICKS_MAX: usize = 1_000;

/// A periodic job as configured.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Periodic {
    /// The schedule's durable name.
    pub name: String,
    /// The job.
    pub job: String,
    /// When: seconds, minutes, hours, day of month, month, day of week.
    pub cron: String,
    /// On whose wall clock.
    pub zone: String,
    /// What becomes of ticks that nobody was there for: `all`, `latest` or `skip`.
    pub catch_up: String,
}

/// A periodic job, read.
#[derive(Debug, Clone)]
pub struct Timetable {
    pub(super) name: String,
    pub(super) job: String,
    cron: cron::Schedule,
    zone: Tz,
    pub(super) catch_up: CatchUp,
}

/// A schedule that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("schedule {name}: {field}: {problem}")]
pub struct InvalidSchedule {
    /// Which.
    pub name: String,
    /// Which of its fields.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl TryFrom<Periodic> for Timetable {
    type Error = InvalidSchedule;

    fn try_from(given: Periodic) -> Result<Self, InvalidSchedule> {
        let wrong =
            |field, problem: String| InvalidSchedule { name: given.name.clone(), field, problem };
        let known = perennial_jobs::catalogue::NAMES
            .iter()
            .any(|(name, door)| *name == given.job && *door == Door::Schedulable);
        if !known {
            let jobs = perennial_jobs::catalogue::NAMES.iter();
            let schedulable =
                jobs.filter(|(_, door)| *door == Door::Schedulable).map(|(name, _)| *name);
            let meant = suggestion(&given.job, schedulable);
            return Err(wrong("job", format!("`{}` is no schedulable job{meant}", given.job)));
        }
        let cron = cron::Schedule::from_str(&given.cron)
            .map_err(|error| wrong("cron", error.to_string()))?;
        let zone = given.zone.parse().map_err(|_| {
            let meant = suggestion(&given.zone, TZ_VARIANTS.iter().map(|zone| zone.name()));
            wrong("zone", format!("`{}` is no IANA zone{meant}", given.zone))
        })?;
        let catch_up = match given.catch_up.as_str() {
            "all" => CatchUp::All,
            "latest" => CatchUp::Latest,
            "skip" => CatchUp::Skip,
            other => {
                let meant = suggestion(other, ["all", "latest", "skip"]);
                let problem = format!("`{other}` is none of all, latest, skip{meant}");
                return Err(wrong("catch_up", problem));
            }
        };
        Ok(Self { name: given.name.clone(), job: given.job.clone(), cron, zone, catch_up })
    }
}

impl Timetable {
    /// The ticks after `cursor`, up to `now`.
    ///
    /// The expression is about wall times, and each wall time ticks once: one that the clocks skip
    /// at the instant it is moved to (rule T4), one that they show twice at the first.
    pub(super) fn due(&self, cursor: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let day = TimeDelta::days(1);
        // A wall time is read with an offset of the day before its instant, or with the instant's.
        let earliest =
            wall_time(cursor, self.zone).min(cursor.naive_utc() + self.offset(cursor - day));
        let latest = wall_time(now, self.zone).max(now.naive_utc() + self.offset(now - day));
        let mut ticks: Vec<_> = self
            .cron
            .after(&earliest.and_utc())
            .take_while(|tick| tick.naive_utc() <= latest)
            .filter_map(|tick| instant_of(tick.naive_utc(), self.zone))
            .filter(|tick| cursor < *tick && *tick <= now)
            .take(MISSED_TICKS_MAX)
            .collect();
        ticks.sort_unstable();
        ticks.dedup();
        ticks
    }

    fn offset(&self, at: DateTime<Utc>) -> TimeDelta {
        wall_time(at, self.zone) - at.naive_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(cron: &str, zone: &str) -> Result<Timetable, InvalidSchedule> {
        let text = |text: &str| text.to_owned();
        Periodic {
            name: text("nightly"),
            job: text("check_invariants"),
            cron: text(cron),
            zone: text(zone),
            catch_up: text("latest"),
        }
        .try_into()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn ticks_keep_the_wall_clock_of_their_zone_over_a_change_of_offset() {
        let nightly = timetable("0 30 6 * * *", "Europe/Berlin").unwrap();
        assert_eq!(
            nightly.due(at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z")),
            [at("2026-03-28T05:30:00Z"), at("2026-03-29T04:30:00Z")]
        );
    }

    /// The ticks of two days, found as a scheduler finds them: it looks every minute.
    fn ticks(timetable: &Timetable, from: &str, days: i64) -> Vec<DateTime<Utc>> {
        let (mut cursor, mut now) = (at(from), at(from));
        let end = now + TimeDelta::days(days);
        let mut ticks = vec![];
        while now < end {
            now += TimeDelta::minutes(1);
            let due = timetable.due(cursor, now);
            cursor = due.last().copied().unwrap_or(cursor);
            ticks.extend(due);
        }
        ticks
    }

    #[test]
    fn a_wall_time_that_the_clocks_skip_ticks_once_at_the_shifted_instant() {
        let nightly = timetable("0 30 2 * * *", "Europe/Berlin").unwrap();
        let expected =
            ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"].map(at);
        assert_eq!(ticks(&nightly, "2026-03-28T00:00:00Z", 3), expected);
        assert_eq!(nightly.due(at("2026-03-28T00:00:00Z"), at("2026-03-31T00:00:00Z")), expected);
        let half_hours = timetable("0 0,30 2,3 * * *", "Europe/Berlin").unwrap();
        assert_eq!(
            ticks(&half_hours, "2026-03-28T23:00:00Z", 1),
            ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"].map(at)
        );
    }

    #[test]
    fn a_wall_time_that_the_clocks_show_twice_ticks_once_at_the_first() {
        let nightly = timetable("0 30 2 * * *", "Europe/Berlin").unwrap();
        let expected =
            ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"].map(at);
        assert_eq!(ticks(&nightly, "2026-10-24T00:00:00Z", 3), expected);
        assert_eq!(nightly.due(at("2026-10-24T00:00:00Z"), at("2026-10-27T00:00:00Z")), expected);
        // A worker that was down over the first showing catches up within the second.
        assert_eq!(
            nightly.due(at("2026-10-25T00:10:00Z"), at("2026-10-25T01:10:00Z")),
            ["2026-10-25T00:30:00Z"].map(at)
        );
    }

    #[test]
    fn a_day_that_the_clocks_skip_ticks_on_the_next() {
        let noon = timetable("0 0 12 * * *", "Pacific/Apia").unwrap();
        // There was no 30 December 2011 in Samoa.
        assert_eq!(
            ticks(&noon, "2011-12-29T12:00:00Z", 3),
            ["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"].map(at)
        );
    }

    #[test]
    fn a_misspelt_schedule_is_told_the_nearest_right_name() {
        for (cron, zone, catch_up, meant) in [
            ("0 0 3 * * *", "Europe/Berln", "latest", "Europe/Berlin"),
            ("0 0 3 * * *", "UTC", "lastest", "latest"),
        ] {
            let text = |text: &str| text.to_owned();
            let given = Periodic {
                name: text("nightly"),
                job: text("check_invariants"),
                cron: text(cron),
                zone: text(zone),
                catch_up: text(catch_up),
            };
            let said = Timetable::try_from(given).unwrap_err().to_string();
            assert!(said.contains(&format!("did you mean `{meant}`?")), "{said}");
        }
    }

    #[test]
    fn a_schedule_that_cannot_be_read_names_its_field() {
        for (cron, zone, field) in
            [("every day", "UTC", "cron"), ("0 0 3 * * *", "Mars/Olympus", "zone")]
        {
            assert_eq!(timetable(cron, zone).unwrap_err().field, field);
        }
    }
}
