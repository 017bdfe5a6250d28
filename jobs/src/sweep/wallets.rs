//! What is due of wallets: buckets that have expired, tokens of a new month, low balances.

use sqlx::PgConnection;

use super::BATCH_MAX;

/// Enqueues what is due. Expiry and allocation are set-based: one job each, however much is due.
pub(super) async fn sweep(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let sets = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg(due.queue), array_agg('{}'::jsonb),
                      array_agg('now' || '@' || (extract(epoch from due.at) * 1000000)::bigint)) as "enqueued"
             from (select 'expire_grants' as queue, min(g.at) as at
                     from perennial.clocks c
                    cross join lateral (select min(g.expires_at) as at from perennial.wallet_grants g
                                         where g.clock_id = c.id and g.remaining > 0
                                           and g.expires_at <= perennial.business_now(c.id)) g
                   union all
                   select 'allocate_tokens', min(a.at)
                     from perennial.clocks c
                    cross join lateral (select min(a.due_at) as at from perennial.token_allocations a
                                         where a.clock_id = c.id and a.due_at <= perennial.business_now(c.id)) a) due
            where due.at is not null and (select count(*) from perennial.jobs j where j.queue = due.queue) < 2
           having count(*) > 0"#
    )
    .fetch_optional(&mut *conn)
    .await?;
    let looks = low_balances(&mut *conn).await? + top_ups(conn).await?;
    Ok(sets.flatten().unwrap_or_default() + looks)
}

async fn top_ups(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('top_up_wallet'::text),
                      array_agg(jsonb_build_object('customer', due.customer_id, 'unit', due.unit)),
                      array_agg(due.key)) as "enqueued"
             from perennial.clocks c
            cross join lateral (
                  select w.customer_id, w.unit, k.key
                    from perennial.wallets w
                   cross join lateral (select w.customer_id || '/' || w.unit as key) k
                   where w.clock_id = c.id and w.top_up_at <= perennial.business_now(c.id)
                     and not exists (select from perennial.jobs j
                                      where j.queue = 'top_up_wallet' and j.unique_key = k.key)
                   order by w.top_up_at limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}

async fn low_balances(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('warn_low_balance'::text),
                      array_agg(jsonb_build_object('customer', due.customer_id, 'unit', due.unit)),
                      array_agg(due.key)) as "enqueued"
             from perennial.clocks c
            cross join lateral (
                  select w.customer_id, w.unit, k.key
                    from perennial.wallets w
                   cross join lateral (select w.customer_id || '/' || w.unit as key) k
                   where w.clock_id = c.id and w.warn_at <= perennial.business_now(c.id)
                     and not exists (select from perennial.jobs j
                                      where j.queue = 'warn_low_balance' and j.unique_key = k.key)
                   order by w.warn_at limit $1) due
           having count(*) > 0"#,
        BATCH_MAX
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}
