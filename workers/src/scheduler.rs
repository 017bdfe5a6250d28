//! Sweeps what is due into the queue, and lets the clock of periodic jobs tick.
//!
//! Any number of schedulers may run: what one enqueued, another finds enqueued, and of each tick
//! one row lets one win.

mod timetable;

use std::time::Duration;

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
