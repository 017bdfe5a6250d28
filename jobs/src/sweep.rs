//! What is due becomes jobs. Level-triggered: what is due is a fact in the domain's tables, so
//! that a queue that was lost, truncated or doubled changes nothing, and a late start catches up
//! by the same path. Any number of schedulers may sweep at once: a live job's key is taken.

mod memberships;
mod usage;
mod wallets;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::clock::machine_now;
use crate::store::mail_brake;
use crate::waiting;

/// How much one sweep of one table enqueues at most.
pub const BATCH_MAX: i64 = 2_000;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Jobs that were enqueued.
    pub enqueued: i64,
}

/// Sweeps all tables once, up to [`BATCH_MAX`] of each.
///
/// # Errors
/// When the database does not answer; what was enqueued before that stays.
pub async fn sweep(conn: &mut PgConnection) -> sqlx::Result<Swept> {
    waiting::look_rows_up(&mut *conn).await?;
    let swept = all(&mut *conn).await;
    waiting::read_as_before(conn).await?;
    swept
}

async fn all(conn: &mut PgConnection) -> sqlx::Result<Swept> {
    let mut enqueued = agenda(&mut *conn).await?;
    enqueued += payments(&mut *conn).await?;
    enqueued += emails(&mut *conn).await?;
    enqueued += events(&mut *conn).await?;
    enqueued += usage::sweep(&mut *conn).await?;
    enqueued += memberships::memberships(&mut *conn).await?;
    enqueued += wallets::sweep(&mut *conn).await?;
    Ok(Swept { enqueued })
}

async fn agenda(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg(due.next_action),
                      array_agg(jsonb_build_object('subscription', due.id, 'at', due.next_action_at)),
                      array_agg(due.key)) as "enqueued"
             from perennial.clocks c
            cross join lateral (
                  select s.id, s.next_action, s.next_action_at, k.key
                    from perennial.subscriptions s
                   cross join lateral (select s.id || '@' || (extract(epoch from s.next_action_at) * 1000000)::bigint
                                              as key) k
                   where s.clock_id = c.id and s.next_action_at <= perennial.business_now(c.id)
                     and not exists (select from perennial.jobs j
                                      where j.queue = s.next_action and j.unique_key = k.key)
                   order by s.next_action_at limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

async fn payments(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg(due.queue),
                      array_agg(jsonb_build_object('payment', due.id)),
                      array_agg(due.id::text)) as "enqueued"
             from perennial.clocks c
            cross join lateral (
                  select p.id, q.queue
                    from perennial.payments p
                   cross join lateral (select case when p.status in ('planned', 'executing') then 'collect_payment'
                                                   else 'resolve_unknown' end as queue) q
                   where p.clock_id = c.id and p.due_at <= perennial.business_now(c.id)
                     and not exists (select from perennial.jobs j
                                      where j.queue = q.queue and j.unique_key = p.id::text)
                   order by p.due_at limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

async fn emails(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let now = machine_now();
    match mail_brake::held_until(&mut *conn).await? {
        Some(probe_at) if probe_at > now => return Ok(0),
        Some(_) => return probe(conn, now).await,
        None => {}
    }
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('send_email'::text),
                      array_agg(jsonb_build_object('email', due.id)),
                      array_agg(due.id::text)) as "enqueued"
             from perennial.clocks c
            cross join lateral (
                  select e.id from perennial.emails e
                   where e.clock_id = c.id and e.due_at <= perennial.business_now(c.id)
                     and (e.retry_at is null or e.retry_at <= $2)
                     and not exists (select from perennial.jobs j
                                      where j.queue = 'send_email' and j.unique_key = e.id::text)
                   order by e.due_at limit $1) due
           having count(*) > 0"#,
        BATCH_MAX,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

/// The server refuses our mail: one email shows whether it still does, the one that was not tried
/// for longest, so that it is not the same one each time.
async fn probe(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('send_email'::text),
                      array_agg(jsonb_build_object('email', due.id)),
                      array_agg(due.id::text)) as "enqueued"
             from (select e.id from perennial.emails e
                    where e.due_at <= perennial.business_now(e.clock_id)
                      and (e.retry_at is null or e.retry_at <= $1 or e.deferred_for in ('sender_refused', 'server_unavailable'))
                      and not exists (select from perennial.jobs j where j.queue = 'send_email')
                    order by e.retry_at nulls first, e.due_at limit 1) due
           having count(*) > 0"#,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

async fn events(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('process_events'::text),
                      array_agg(jsonb_build_object('customer', due.customer_id)),
                      array_agg(due.customer_id::text)) as "enqueued"
             from (select distinct e.customer_id
                     from perennial.lifecycle_events e
                    where e.processed_at is null and e.at <= perennial.business_now(e.clock_id)
                      and not exists (select from perennial.lifecycle_events w
                                       where w.clock_id = e.clock_id and w.customer_id = e.customer_id
                                         and w.processed_at is null and w.seq < e.seq
                                         and w.at > perennial.business_now(w.clock_id)
                                         and (w.subject = e.subject or w.type = 'customer.upserted'))
                      and not exists (select from perennial.jobs j
                                       where j.queue = 'process_events' and j.unique_key = e.customer_id::text)
                    limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

/// The next instant at which something comes due on the global clock, mail aside (it is due as soon
/// as it is queued); `None` where nothing will.
///
/// # Errors
/// When the database does not answer.
pub async fn next_due(conn: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select at from perennial.next_due where clock_id = '00000000-0000-0000-0000-000000000000'"
    )
    .fetch_one(conn)
    .await
}

/// Whether anything is due or under way: nothing is, once all has come to rest.
///
/// # Errors
/// When the database does not answer.
pub async fn at_rest(conn: &mut PgConnection) -> sqlx::Result<bool> {
    Ok(at_rest_but_for_mail(&mut *conn).await? && mail_at_rest(conn).await?)
}

async fn mail_at_rest(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select not exists (select from perennial.jobs where queue = 'send_email')
              and not exists (select from perennial.clocks c
                               where (select min(e.due_at) from perennial.emails e where e.clock_id = c.id)
                                     <= perennial.business_now(c.id)) as "at_rest!""#
    )
    .fetch_one(conn)
    .await
}

/// As [`at_rest`], but mail may still be under way: a mail's business time is that of its queueing,
/// so that time need not wait for the mail server.
///
/// # Errors
/// When the database does not answer.
pub async fn at_rest_but_for_mail(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select not exists (select from perennial.jobs where queue <> 'send_email')
              and not exists (select from perennial.next_due
                               where at <= perennial.business_now(clock_id)) as "at_rest!""#
    )
    .fetch_one(conn)
    .await
}
