//! Every statement the workers send. They are thin: the rules are functions of the schema.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::ending::Outcome;

/// No statement of the queue takes longer. One that does has lost its connection.
const CALL_MAX: Duration = Duration::from_secs(15);

/// Runs one call on a connection of the pool, and throws the connection away if it hangs.
pub(crate) async fn call<T>(
    pool: &PgPool,
    work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
) -> sqlx::Result<T> {
    let mut connection = pool.acquire().await?;
    match tokio::time::timeout(CALL_MAX, work(&mut connection)).await {
        Ok(result) => result,
        Err(_) => {
            drop(connection.detach());
            Err(sqlx::Error::PoolTimedOut)
        }
    }
}

/// A claimed row.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) payload: String,
    pub(crate) attempt: i32,
    pub(crate) run: i32,
    pub(crate) max_attempts: Option<i16>,
    pub(crate) trace: Option<String>,
}

pub(crate) async fn claim(
    connection: &mut PgConnection,
    queue: &str,
    wanted: i32,
    worker: Uuid,
    lease: Duration,
) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as!(
        Claimed,
        r#"select id as "id!", payload as "payload!", attempt as "attempt!", run as "run!",
                  max_attempts, trace
             from perennial.claim_jobs($1, $2, $3, $4)"#,
        queue,
        wanted,
        worker,
        millis(lease),
    )
    .fetch_all(connection)
    .await
}

/// What an idle queue looks like: whether something is ready after all (or held back by a limit
/// or a pause), and in how many milliseconds the next job comes due.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) ready: bool,
    pub(crate) next_ms: Option<i64>,
}

pub(crate) async fn rest(
    connection: &mut PgConnection,
    queue: &str,
    worker: Uuid,
) -> sqlx::Result<Rest> {
    sqlx::query_as!(
        Rest,
        r#"select ready as "ready!", next_ms from perennial.rest_jobs($1, $2)"#,
        queue,
        worker,
    )
    .fetch_one(connection)
    .await
}

pub(crate) async fn promote(connection: &mut PgConnection, queue: &str) -> sqlx::Result<i32> {
    sqlx::query_scalar!(r#"select perennial.promote_jobs($1) as "promoted!""#, queue)
        .fetch_one(connection)
        .await
}

/// Which run of which job: with the worker's id, the fence of every acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fence {
    pub(crate) id: i64,
    pub(crate) run: i32,
}

fn columns(fences: impl Iterator<Item = Fence>) -> (Vec<i64>, Vec<i32>) {
    fences.map(|fence| (fence.id, fence.run)).unzip()
}

/// Writes outcomes of one kind. Rows that are no longer ours are left alone.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    worker: Uuid,
    outcomes: &[(Fence, Outcome)],
) -> sqlx::Result<i64> {
    let (ids, runs) = columns(outcomes.iter().map(|(fence, _)| *fence));
    match outcomes.first().map(|(_, outcome)| outcome) {
        None | Some(Outcome::Completed) => Ok(0),
        Some(Outcome::Done) => {
            sqlx::query_scalar!(
                r#"select perennial.settle_done($1, $2, $3) as "settled!""#,
                &ids,
                &runs,
                worker
            )
            .fetch_one(connection)
            .await
        }
        Some(Outcome::GivenBack) => {
            sqlx::query_scalar!(
                r#"select perennial.give_back_jobs($1, $2, $3) as "settled!""#,
                &ids,
                &runs,
                worker
            )
            .fetch_one(connection)
            .await
        }
        Some(Outcome::Later { .. }) => later(connection, worker, &ids, &runs, outcomes).await,
        Some(Outcome::Dead { .. }) => dead(connection, worker, &ids, &runs, outcomes).await,
    }
}

async fn later(
    connection: &mut PgConnection,
    worker: Uuid,
    ids: &[i64],
    runs: &[i32],
    outcomes: &[(Fence, Outcome)],
) -> sqlx::Result<i64> {
    let (mut delays, mut refunds, mut reasons) = (vec![], vec![], vec![]);
    for (_, outcome) in outcomes {
        if let Outcome::Later { delay, attempts_refunded, reason } = outcome {
            delays.push(millis(*delay));
            refunds.push(*attempts_refunded);
            reasons.push(reason.clone());
        }
    }
    sqlx::query_scalar!(
        r#"select perennial.settle_later($1, $2, $3, $4, $5, $6) as "settled!""#,
        ids,
        runs,
        worker,
        &delays,
        &refunds,
        &reasons as &[Option<String>],
    )
    .fetch_one(connection)
    .await
}

async fn dead(
    connection: &mut PgConnection,
    worker: Uuid,
    ids: &[i64],
    runs: &[i32],
    outcomes: &[(Fence, Outcome)],
) -> sqlx::Result<i64> {
    let (mut kinds, mut reasons, mut holds) = (vec![], vec![], vec![]);
    for (_, outcome) in outcomes {
        if let Outcome::Dead { kind, reason, key_hold } = outcome {
            kinds.push(kind.name().to_owned());
            reasons.push(reason.clone());
            holds.push(key_hold.map(millis));
        }
    }
    sqlx::query_scalar!(
        r#"select perennial.settle_dead($1, $2, $3, $4, $5, $6) as "settled!""#,
        ids,
        runs,
        worker,
        &kinds,
        &reasons,
        &holds as &[Option<i64>],
    )
    .fetch_one(connection)
    .await
}

/// Ends one job inside the caller's transaction. False: the job is no longer ours.
pub(crate) async fn complete(
    connection: &mut PgConnection,
    worker: Uuid,
    fence: Fence,
) -> sqlx::Result<bool> {
    settle(connection, worker, &[(fence, Outcome::Done)]).await.map(|settled| settled == 1)
}

/// Extends leases and answers with the jobs that are still ours.
pub(crate) async fn extend(
    connection: &mut PgConnection,
    worker: Uuid,
    leases: &[(Fence, Duration)],
) -> sqlx::Result<Vec<i64>> {
    let (ids, runs) = columns(leases.iter().map(|(fence, _)| *fence));
    let lengths: Vec<i64> = leases.iter().map(|(_, lease)| millis(*lease)).collect();
    sqlx::query_scalar!(
        r#"select perennial.extend_leases($1, $2, $3, $4) as "id!""#,
        &ids,
        &runs,
        worker,
        &lengths
    )
    .fetch_all(connection)
    .await
}

/// A job whose lease had run out.
#[derive(Debug)]
pub(crate) struct Reclaimed {
    pub(crate) id: i64,
    pub(crate) queue: String,
    pub(crate) deaths: i32,
    pub(crate) quarantined: bool,
}

/// A job that was running when its process died this often is quarantined.
const DEATHS_MAX: i32 = 3;

pub(crate) async fn reclaim(
    connection: &mut PgConnection,
    worker: Uuid,
) -> sqlx::Result<Vec<Reclaimed>> {
    sqlx::query_as!(
        Reclaimed,
        r#"select id as "id!", queue as "queue!", deaths as "deaths!",
                  quarantined as "quarantined!"
             from perennial.reclaim_jobs($1, $2)"#,
        worker,
        DEATHS_MAX,
    )
    .fetch_all(connection)
    .await
}

/// Ends quarantines whose time is over. Returns how many.
pub(crate) async fn release_quarantined(connection: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select perennial.release_quarantined() as "released!""#)
        .fetch_one(connection)
        .await
}

/// Takes one suspect. `None`: another process has it, or it is a suspect no more.
pub(crate) async fn claim_suspect(
    connection: &mut PgConnection,
    job: i64,
    worker: Uuid,
    lease: Duration,
) -> sqlx::Result<Option<Claimed>> {
    sqlx::query_as!(
        Claimed,
        r#"select id as "id!", payload as "payload!", attempt as "attempt!", run as "run!",
                  max_attempts, trace
             from perennial.claim_suspect($1, $2, $3)"#,
        job,
        worker,
        millis(lease),
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn sign_in(
    connection: &mut PgConnection,
    worker: Uuid,
    name: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.job_workers (id, name) values ($1, $2)
         on conflict (id) do update set seen_at = clock_timestamp()",
        worker,
        name,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn sign_out(connection: &mut PgConnection, worker: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from perennial.job_waiters where worker = $1", worker)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("delete from perennial.job_workers where id = $1", worker)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes history, dead letters and ticks past their retention, and workers long gone.
pub(crate) async fn prune(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from perennial.job_workers where seen_at < now() - interval '1 day'")
        .execute(&mut *connection)
        .await?;
    sqlx::query!("select perennial.prune_jobs(interval '90 days', interval '30 days')")
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether any of these queues has a job that runs or could run now.
pub(crate) async fn busy(connection: &mut PgConnection, queues: &[String]) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from unnest($1::text[]) q (name)
                where exists (select from perennial.jobs where queue = q.name and state = 'ready')
                   or exists (select from perennial.jobs where queue = q.name and state = 'running')
                   or exists (select from perennial.jobs where queue = q.name and state = 'later'
                                 and run_at <= clock_timestamp())
           ) as "busy!""#,
        queues
    )
    .fetch_one(connection)
    .await
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2)
}
