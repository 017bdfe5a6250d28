//! Memberships that begin, are to be told of or end: one job for each clock that has any.

use sqlx::PgConnection;

pub(super) async fn memberships(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('expire_membership'::text),
                      array_agg(jsonb_build_object('clock', c.id)),
                      array_agg(c.id || '@' || (extract(epoch from due.at) * 1000000)::bigint)) as "enqueued"
             from perennial.clocks c
            cross join lateral (select min(m.due_at) as at from perennial.user_memberships m
                                 where m.clock_id = c.id and m.due_at <= perennial.business_now(c.id)) due
            where due.at is not null
              and (select count(*) from perennial.jobs j
                    where j.queue = 'expire_membership' and j.payload ->> 'clock' = c.id::text) < 2
           having count(*) > 0"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}
