//! Plays a test clock forward: from one due instant to the next, at rest after each.
//!
//! Running workers do the work. It is done when nothing is due on the clock any more: each due
//! column moves on in the transaction of the job that was due.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::set;

/// How often it is looked whether the work is done.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Without any progress for so long, something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a clock did not get to where it should. It stays at the last instant it was set to.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// Nobody does what is due.
    #[error(
        "something is due at {at}, and no worker runs: the clock stays there; start `perennial work`, or move it with --jump"
    )]
    NoWorker {
        /// Where the clock stands.
        at: DateTime<Utc>,
    },
    /// The work does not end.
    #[error(
        "what is due at {at} was not done within {PATIENCE:?}: the clock stays there; `perennial check` says what is in the way"
    )]
    Restless {
        /// Where the clock stands.
        at: DateTime<Utc>,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Moves a test clock to `to`, through every instant at which something is due until then. A clock
/// that follows another one's time first stands still where it is.
///
/// # Errors
/// [`PlayError`], which says where the clock stands.
pub async fn play(
    conn: &mut PgConnection,
    name: &str,
    to: DateTime<Utc>,
    mut stopped_at: impl FnMut(DateTime<Utc>),
) -> Result<(), PlayError> {
    let mut now = stop(&mut *conn, name).await?;
    loop {
        rest(&mut *conn, name, now).await?;
        let next = due(&mut *conn, name).await?.at.filter(|next| *next <= to);
        let Some(next) = next else { break };
        now = next;
        set(&mut *conn, name, now).await?;
        stopped_at(now);
    }
    Ok(set(conn, name, to).await?)
}

/// Makes the clock stand, and answers where.
async fn stop(conn: &mut PgConnection, name: &str) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"update perennial.clocks set frozen_at = perennial.business_now(id) where name = $1
           returning frozen_at as "now!""#,
        name
    )
    .fetch_one(conn)
    .await
}

/// What is due on a clock, and by what progress shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    at: Option<DateTime<Utc>>,
    /// Mail has its business time when it is queued, and is sent at once.
    mail: Option<DateTime<Utc>>,
    jobs: i64,
    attended: bool,
}

async fn due(conn: &mut PgConnection, name: &str) -> sqlx::Result<Due> {
    sqlx::query_as!(
        Due,
        r#"select (select min(d.at) from perennial.next_due d where d.clock_id = any(c.ids)) as at,
                  (select min(e.due_at) from perennial.emails e
                    where e.clock_id = any(c.ids) and e.due_at is not null and e.attempts = 0) as mail,
                  (select count(*) from perennial.jobs) as "jobs!",
                  exists (select from perennial.job_workers
                           where seen_at > now() - interval '30 seconds') as "attended!"
             from (select array_agg(k.id) as ids from perennial.clocks k
                    where k.name = $1 or $1 = 'global' and k.frozen_at is null) c"#,
        name
    )
    .fetch_one(conn)
    .await
}

/// Waits until nothing is due any more.
async fn rest(conn: &mut PgConnection, name: &str, now: DateTime<Utc>) -> Result<(), PlayError> {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut seen = None;
    let mut since = tokio::time::Instant::now();
    loop {
        look.tick().await;
        let due = due(&mut *conn, name).await?;
        if [due.at, due.mail].into_iter().flatten().all(|at| at > now) {
            return Ok(());
        }
        if !due.attended {
            return Err(PlayError::NoWorker { at: now });
        }
        if seen != Some(due) {
            (seen, since) = (Some(due), tokio::time::Instant::now());
        } else if since.elapsed() > PATIENCE {
            return Err(PlayError::Restless { at: now });
        }
    }
}
