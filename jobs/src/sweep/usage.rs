//! What is due of usage: periods that have ended, what they leave to bill, thresholds that were crossed.

use sqlx::PgConnection;

use super::BATCH_MAX;

pub(super) async fn sweep(conn: &mut PgConnection) -> sqlx::Result<i64> {
    Ok(meters(&mut *conn).await? + final_invoices(&mut *conn).await? + warnings(conn).await?)
}

/// One job for each clock, however many meters are due: it closes them in sets. Its key has the first
/// instant that is due, so that one which is about to end is not taken for the next one.
async fn meters(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('reset_quota'::text),
                      array_agg(jsonb_build_object('clock', c.id)),
                      array_agg(c.id || '@' || (extract(epoch from due.at) * 1000000)::bigint)) as "enqueued"
             from perennial.clocks c
            cross join lateral (select min(m.period_end) as at from perennial.usage_meters m
                                 where m.clock_id = c.id and m.period_end <= perennial.business_now(c.id)) due
            where due.at is not null
              and (select count(*) from perennial.jobs j
                    where j.queue = 'reset_quota' and j.payload ->> 'clock' = c.id::text) < 2
           having count(*) > 0"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

async fn final_invoices(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('bill_final_usage'::text),
                      array_agg(jsonb_build_object('subscription', due.subscription_id)),
                      array_agg(due.subscription_id::text)) as "enqueued"
             from (select f.subscription_id from perennial.final_invoices_due f
                    where f.due_at <= perennial.business_now(f.clock_id)
                      and not exists (select from perennial.jobs j
                                       where j.queue = 'bill_final_usage' and j.unique_key = f.subscription_id::text)
                    limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

async fn warnings(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select perennial.note_missed_warnings()").fetch_one(&mut *conn).await?;
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('warn_usage'::text),
                      array_agg(jsonb_build_object('customer', due.customer_id, 'metric', due.metric_id,
                                                   'period_start', due.period_start, 'threshold', due.threshold)),
                      array_agg(due.key)) as "enqueued"
             from perennial.clocks c
            cross join lateral (
                  select w.customer_id, w.metric_id, w.period_start, w.threshold, k.key
                    from perennial.usage_warnings w
                   cross join lateral (select w.customer_id || '/' || w.metric_id || '/' || w.threshold || '@'
                                              || (extract(epoch from w.period_start) * 1000000)::bigint as key) k
                   where w.clock_id = c.id and w.due_at <= perennial.business_now(c.id)
                     and not exists (select from perennial.jobs j
                                      where j.queue = 'warn_usage' and j.unique_key = k.key)
                   order by w.due_at limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}
