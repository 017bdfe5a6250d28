//! Sweeps what is due into the queue, and lets the clock of periodic jobs tick.
//!
//! Any number of schedulers may run: what one enqueued, another finds enqueued, and of each tick
//! one row lets one win.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use perennial_jobs::clock::machine_now;
use perennial_jobs::store::Said;
use perennial_jobs::sweep;
use perennial_queue::ticks::{self, CatchUp};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// The channel on which business time and new events are announced.
const CHANNEL: &str = "perennial_due";
/// Without an announcement, this often: what comes due by the passing of time is found by it.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Cron expressions have seconds.
const TICK_EVERY: Duration = Duration::from_secs(1);
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
    name: String,
    job: String,
    cron: cron::Schedule,
    zone: Tz,
    catch_up: CatchUp,
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
        let known = perennial_jobs::catalogue::NAMES.iter().any(|(name, door)| {
            *name == given.job && *door == perennial_jobs::job::Door::Schedulable
        });
        if !known {
            return Err(wrong("job", format!("`{}` is no schedulable job", given.job)));
        }
        let cron = cron::Schedule::from_str(&given.cron)
            .map_err(|error| wrong("cron", error.to_string()))?;
        let zone = given
            .zone
            .parse()
            .map_err(|_| wrong("zone", format!("`{}` is no IANA zone", given.zone)))?;
        let catch_up = match given.catch_up.as_str() {
            "all" => CatchUp::All,
            "latest" => CatchUp::Latest,
            "skip" => CatchUp::Skip,
            other => {
                return Err(wrong("catch_up", format!("`{other}` is none of all, latest, skip")));
            }
        };
        Ok(Self { name: given.name.clone(), job: given.job.clone(), cron, zone, catch_up })
    }
}

impl Timetable {
    /// The ticks after `cursor`, up to `now`.
    fn due(&self, cursor: DateTime<Utc>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let after = cursor.with_timezone(&self.zone);
        let ticks = self.cron.after(&after).map(|tick| tick.to_utc());
        ticks.take_while(|tick| *tick <= now).take(MISSED_TICKS_MAX).collect()
    }

    async fn tick(&self, pool: &PgPool) -> sqlx::Result<()> {
        let now = machine_now();
        let due = self.due(ticks::cursor(pool, &self.name, now).await?, now);
        if due.is_empty() {
            return Ok(());
        }
        let schedule = ticks::Schedule {
            name: &self.name,
            job: &self.job,
            payload: serde_json::json!({}),
            catch_up: self.catch_up,
        };
        ticks::fire(pool, &schedule, &due, now).await?;
        Ok(())
    }
}

/// Sweeps and ticks until `stop`. An outage of the database is waited out.
pub async fn run(pool: PgPool, timetables: Vec<Timetable>, stop: CancellationToken) {
    tokio::join!(keep_sweeping(&pool, &stop), keep_ticking(&pool, &timetables, &stop));
}

async fn keep_ticking(pool: &PgPool, timetables: &[Timetable], stop: &CancellationToken) {
    let mut clock = tokio::time::interval(TICK_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        for timetable in timetables {
            if let Err(error) = timetable.tick(pool).await {
                tracing::warn!("schedule {} did not tick: {}", timetable.name, Said(&error));
            }
        }
    }
}

async fn keep_sweeping(pool: &PgPool, stop: &CancellationToken) {
    let mut announcements = None;
    while !stop.is_cancelled() {
        if announcements.is_none() {
            announcements = listen(pool).await;
        }
        if let Err(error) = sweep_all(pool).await {
            tracing::warn!("nothing could be swept: {}", Said(&error));
        }
        let waited = tokio::select! {
            () = stop.cancelled() => return,
            waited = tokio::time::timeout(SWEEP_EVERY, announcement(&mut announcements)) => waited,
        };
        if waited == Ok(Heard::ConnectionLost) {
            announcements = None;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Something,
    ConnectionLost,
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(CHANNEL).await.ok()?;
    Some(listener)
}

async fn announcement(listener: &mut Option<PgListener>) -> Heard {
    match listener {
        None => std::future::pending().await,
        Some(listener) => match listener.try_recv().await {
            Ok(Some(_)) => Heard::Something,
            Ok(None) | Err(_) => Heard::ConnectionLost,
        },
    }
}

/// Sweeps until nothing more is found.
async fn sweep_all(pool: &PgPool) -> sqlx::Result<()> {
    let mut conn = pool.acquire().await?;
    while sweep::sweep(&mut conn).await?.enqueued >= sweep::BATCH_MAX {}
    Ok(())
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

    #[test]
    fn a_schedule_that_cannot_be_read_names_its_field() {
        for (cron, zone, field) in
            [("every day", "UTC", "cron"), ("0 0 3 * * *", "Mars/Olympus", "zone")]
        {
            assert_eq!(timetable(cron, zone).unwrap_err().field, field);
        }
    }
}
