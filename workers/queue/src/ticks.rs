//! Periodic ticks that fire exactly once however many schedulers run.
//!
//! The clock (a cron expression and its zone) belongs to the caller. This module keeps how far a
//! schedule has ticked, and decides which of the due ticks fire, in one transaction with the jobs
//! they enqueue.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::{NewJob, enqueue_all};

/// What becomes of ticks that were missed because nobody ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUp {
    /// Each fires.
    All,
    /// Only the newest fires.
    Latest,
    /// None fires: only a tick no older than [`LATE_MAX`] does.
    Skip,
}

/// How late a tick of a [`CatchUp::Skip`] schedule may fire.
pub const LATE_MAX: Duration = Duration::minutes(1);

/// A periodic job.
#[derive(Debug, Clone)]
pub struct Schedule<'a> {
    /// The schedule's durable name.
    pub name: &'a str,
    /// The job each tick enqueues.
    pub job: &'a str,
    /// Its payload, an object; the field `tick` is added: the tick's instant.
    pub payload: Value,
    /// What becomes of missed ticks.
    pub catch_up: CatchUp,
}

/// A machine's clock and the database's may differ by this much: longer than any of their
/// corrections, shorter than a schedule whose ticks would be missed.
pub const CLOCK_SKEW_MAX: Duration = Duration::minutes(1);

/// The database's time: it decides which ticks are due, whatever the hosts' clocks say.
///
/// # Errors
/// The statement failed.
pub async fn database_now(pool: &PgPool) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#).fetch_one(pool).await
}

/// How far the schedule has ticked. A schedule never seen before starts at `now`, and so does one
/// that ticked in the future: a host with a wrong clock did that, and its ticks come again.
///
/// # Errors
/// The statement failed.
pub async fn cursor(
    pool: &PgPool,
    schedule: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query!(
        "insert into perennial.schedules (name, cursor) values ($1, $2) on conflict do nothing",
        schedule,
        now
    )
    .execute(pool)
    .await?;
    let cursor =
        sqlx::query_scalar!("select cursor from perennial.schedules where name = $1", schedule)
            .fetch_one(pool)
            .await?;
    if cursor <= now + CLOCK_SKEW_MAX {
        return Ok(cursor);
    }
    tracing::error!(
        schedule,
        "schedule {schedule} had ticked up to {cursor}, which is still to come: it goes on from now"
    );
    mend(pool, schedule, now).await?;
    Ok(now)
}

/// Takes back what a host with a wrong clock ticked ahead.
async fn mend(pool: &PgPool, schedule: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "update perennial.schedules set cursor = $2 where name = $1 and cursor > $3",
        schedule,
        now,
        now + CLOCK_SKEW_MAX
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("delete from perennial.ticks where schedule = $1 and tick > $2", schedule, now)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// Fires the due ticks that nobody fired yet and enqueues a job for each, in one transaction.
/// Answers the ticks this caller won.
///
/// # Errors
/// A statement failed, and nothing fired.
pub async fn fire(
    pool: &PgPool,
    schedule: &Schedule<'_>,
    due: &[DateTime<Utc>],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    let mut transaction = pool.begin().await?;
    let won = win(&mut transaction, schedule.name, due, schedule.catch_up, now).await?;
    let jobs: Vec<NewJob> = won.iter().map(|tick| job(schedule, *tick)).collect();
    enqueue_all(&mut transaction, &jobs).await?;
    transaction.commit().await?;
    Ok(won)
}

fn job(schedule: &Schedule<'_>, tick: DateTime<Utc>) -> NewJob {
    let tick = tick.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let mut payload = schedule.payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        fields.insert("tick".to_owned(), Value::String(tick.clone()));
    }
    NewJob::new(schedule.job, &payload).key(format!("{}@{tick}", schedule.name))
}

/// As [`fire`], in the caller's transaction and without a job: the caller does what the ticks ask
/// for before it commits.
///
/// # Errors
/// A statement failed; the transaction must not be committed.
pub async fn win(
    connection: &mut PgConnection,
    schedule: &str,
    due: &[DateTime<Utc>],
    catch_up: CatchUp,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    let Some(newest) = due.iter().max() else { return Ok(vec![]) };
    // The row lock lets schedulers in one at a time; the cursor then shows what the last one did.
    let cursor = sqlx::query_scalar!(
        "insert into perennial.schedules as s (name, cursor) values ($1, '-infinity')
         on conflict (name) do update set cursor = s.cursor
         returning nullif(cursor, '-infinity') as cursor",
        schedule
    )
    .fetch_one(&mut *connection)
    .await?;
    let chosen = choose(due, cursor, catch_up, now);
    let won = sqlx::query_scalar!(
        "insert into perennial.ticks (schedule, tick)
         select $1, t from unnest($2::timestamptz[]) t order by t
         on conflict do nothing returning tick",
        schedule,
        &chosen,
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query!(
        "update perennial.schedules set cursor = greatest(cursor, $2) where name = $1",
        schedule,
        newest
    )
    .execute(connection)
    .await?;
    Ok(won)
}

/// Which of the due ticks fire.
fn choose(
    due: &[DateTime<Utc>],
    cursor: Option<DateTime<Utc>>,
    catch_up: CatchUp,
    now: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let mut fresh: Vec<_> = due.iter().copied().filter(|t| cursor.is_none_or(|c| *t > c)).collect();
    fresh.sort_unstable();
    fresh.dedup();
    match catch_up {
        CatchUp::All => {}
        CatchUp::Latest => drop(fresh.drain(..fresh.len().saturating_sub(1))),
        CatchUp::Skip => fresh.retain(|tick| now - *tick <= LATE_MAX),
    }
    fresh
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + 60 * minute, 0).unwrap()
    }

    #[test]
    fn missed_ticks_fire_as_the_policy_says() {
        let due = [minute(3), minute(1), minute(2), minute(9), minute(10)];
        let chosen = |catch_up| choose(&due, Some(minute(1)), catch_up, minute(10));
        assert_eq!(chosen(CatchUp::All), [minute(2), minute(3), minute(9), minute(10)]);
        assert_eq!(chosen(CatchUp::Latest), [minute(10)]);
        assert_eq!(chosen(CatchUp::Skip), [minute(9), minute(10)]);
    }

    #[test]
    fn a_tick_behind_the_cursor_never_fires() {
        assert!(choose(&[minute(1)], Some(minute(1)), CatchUp::All, minute(1)).is_empty());
        assert!(choose(&[], None, CatchUp::Latest, minute(1)).is_empty());
    }
}
