//! Sweeps what is due into the queue, and lets the clock of periodic jobs tick.
//!
//! Any number of schedulers may run: what one enqueued, another finds enqueued, and of each tick
//! one row lets one win.

mod timetable;

use std::time::Duration;

use chrono::{DateTime, Utc};
use perennial_jobs::clock::machine_now;
use perennial_jobs::store::Said;
use perennial_jobs::sweep;
use perennial_queue::ticks;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub use timetable::{InvalidSchedule, Periodic, Timetable};

/// The channel on which business time and new events are announced.
const CHANNEL: &str = "perennial_due";
/// Without an announcement, this often: what comes due by the passing of time is found by it.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Cron expressions have seconds.
const TICK_EVERY: Duration = Duration::from_secs(1);
impl Timetable {
    async fn tick(&self, pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<()> {
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
    let mut skewed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        match tick(pool, timetables, machine_now).await {
            Err(TickError::Skew(skew)) => {
                // Once, until it is right again.
                if !std::mem::replace(&mut skewed, true) {
                    tracing::error!(clock.skew_seconds = skew.seconds(), "{skew}");
                }
            }
            Err(TickError::Database(error)) => {
                tracing::warn!("no schedule ticked: {}", Said(&error))
            }
            Ok(()) if std::mem::take(&mut skewed) => {
                tracing::info!("this machine's clock is right again: its schedules tick");
            }
            Ok(()) => {}
        }
    }
}

/// Why no schedule ticked.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// Somebody has to mend this machine.
    #[error(transparent)]
    Skew(#[from] ClockSkew),
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// This machine's clock and the database's differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine's clock says {machine}, the database's {database}: mend it; until then no \
     schedule ticks here"
)]
pub struct ClockSkew {
    machine: DateTime<Utc>,
    database: DateTime<Utc>,
}

impl ClockSkew {
    /// How far this machine is ahead (behind: below zero).
    #[must_use]
    pub fn seconds(&self) -> i64 {
        (self.machine - self.database).num_seconds()
    }

    /// The database's time, if the machine's does not differ: asked `before` and answered `after`.
    fn check(
        before: DateTime<Utc>,
        database: DateTime<Utc>,
        after: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Self> {
        if before - database > ticks::CLOCK_SKEW_MAX {
            return Err(Self { machine: before, database });
        }
        if database - after > ticks::CLOCK_SKEW_MAX {
            return Err(Self { machine: after, database });
        }
        Ok(database)
    }
}

/// Lets every schedule tick once, by the database's clock. One that fails does not keep the others
/// from it.
///
/// # Errors
/// Where this machine's clock differs from the database's, or the database does not answer.
pub async fn tick(
    pool: &PgPool,
    timetables: &[Timetable],
    machine: impl Fn() -> DateTime<Utc>,
) -> Result<(), TickError> {
    let before = machine();
    let database = ticks::database_now(pool).await?;
    let now = ClockSkew::check(before, database, machine())?;
    for timetable in timetables {
        if let Err(error) = timetable.tick(pool, now).await {
            tracing::warn!("schedule {} did not tick: {}", timetable.name, Said(&error));
        }
    }
    Ok(())
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

    #[test]
    fn a_clock_that_differs_by_more_than_a_minute_is_said_to_be_wrong() {
        let database: DateTime<Utc> = "2026-03-28T00:00:00Z".parse().unwrap();
        let minute = chrono::Duration::minutes(1);
        let check = |before, after| ClockSkew::check(before, database, after);
        assert_eq!(check(database - minute, database), Ok(database));
        assert_eq!(check(database, database + minute), Ok(database));
        // A slow answer is no skew.
        assert_eq!(check(database - minute * 5, database + minute * 5), Ok(database));
        let ahead = database + chrono::Duration::days(30);
        assert_eq!(check(ahead, ahead).unwrap_err().seconds(), 30 * 86_400);
        let behind = database - minute * 2;
        assert_eq!(check(behind, behind).unwrap_err().seconds(), -120);
    }
}
