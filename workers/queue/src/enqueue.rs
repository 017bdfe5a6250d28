//! New jobs, written in the caller's transaction.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

/// A job to be added.
#[derive(Debug, Clone)]
pub struct NewJob {
    queue: String,
    payload: Value,
    key: Option<String>,
    run_at: Option<DateTime<Utc>>,
    priority: i16,
    attempts_max: Option<i16>,
    trace: Option<String>,
}

impl NewJob {
    /// A job of the queue `queue`, to run as soon as may be.
    ///
    /// # Panics
    /// If the payload has no JSON form (a map with keys that are not strings): a payload type
    /// either always has one or never.
    pub fn new(queue: &str, payload: &impl Serialize) -> Self {
        Self {
            queue: queue.to_owned(),
            payload: serde_json::to_value(payload).expect("a job's payload has a JSON form"),
            key: None,
            run_at: None,
            priority: 0,
            attempts_max: None,
            trace: None,
        }
    }

    /// Names the occasion: while a job with this key lives in the queue, no other is added.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Not before this instant of machine time.
    #[must_use]
    pub fn run_at(self, at: DateTime<Utc>) -> Self {
        Self { run_at: Some(at), ..self }
    }

    /// Lower runs first; 0 is usual.
    #[must_use]
    pub fn priority(self, priority: i16) -> Self {
        Self { priority, ..self }
    }

    /// Attempts before the job is dead, other than the worker's own setting.
    #[must_use]
    pub fn attempts_max(self, attempts: i16) -> Self {
        Self { attempts_max: Some(attempts), ..self }
    }

    /// The trace the job belongs to (W3C `traceparent`).
    #[must_use]
    pub fn trace(self, traceparent: impl Into<String>) -> Self {
        Self { trace: Some(traceparent.into()), ..self }
    }
}

/// Adds a job. False, and nothing done, if a live job has its key, or a dead one holds it.
///
/// # Errors
/// The statement failed.
pub async fn enqueue(connection: &mut PgConnection, job: &NewJob) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select perennial.enqueue_job($1, $2, $3, $4, $5, $6, $7) as "added!""#,
        job.queue,
        job.payload,
        job.key.as_deref() as Option<&str>,
        job.run_at as Option<DateTime<Utc>>,
        job.priority,
        job.attempts_max as Option<i16>,
        job.trace.as_deref() as Option<&str>,
    )
    .fetch_one(connection)
    .await
}

/// Rows of one insert: large enough to be cheap, small enough to lock nobody out for long.
const ROWS_MAX: usize = 5000;

/// Adds many jobs and answers how many were new. `attempts_max` and `trace` are for single ones.
///
/// # Errors
/// A statement failed; in the caller's transaction then nothing was added.
pub async fn enqueue_all(connection: &mut PgConnection, jobs: &[NewJob]) -> sqlx::Result<u64> {
    let mut added = 0;
    for rows in jobs.chunks(ROWS_MAX) {
        let queues: Vec<&str> = rows.iter().map(|job| job.queue.as_str()).collect();
        let payloads: Vec<&Value> = rows.iter().map(|job| &job.payload).collect();
        let keys = column(rows, |job| job.key.as_deref());
        let run_ats = column(rows, |job| job.run_at);
        let priorities = column(rows, |job| Some(job.priority).filter(|p| *p != 0));
        added += sqlx::query_scalar!(
            r#"select perennial.enqueue_jobs($1, $2, $3, $4, $5) as "added!""#,
            &queues as &[&str],
            &payloads as &[&Value],
            keys.as_deref() as Option<&[Option<&str>]>,
            run_ats.as_deref() as Option<&[Option<DateTime<Utc>>]>,
            priorities.as_deref() as Option<&[Option<i16>]>,
        )
        .fetch_one(&mut *connection)
        .await?
        .unsigned_abs();
    }
    Ok(added)
}

/// A column of a bulk insert; none if no row has a value, which spares the server the work.
fn column<'a, T>(
    rows: &'a [NewJob],
    value: impl Fn(&'a NewJob) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    let values: Vec<Option<T>> = rows.iter().map(value).collect();
    values.iter().any(Option::is_some).then_some(values)
}
