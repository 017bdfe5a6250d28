//! Memberships that begin, are to be told of or end: one job for each clock that has any.

use sqlx::PgConnection;

pub(super) async fn memberships(conn: &mut PgConnection) -> sqlx::Result<i64> {
    let enqueued = sqlx::query_scalar!(
        r#"select perennial.enqueue_jobs(
                      array_agg('expire_membership'::text),
                      array_agg(jsonb_build_object('clock', c.id)),
                      array_agg(c.id::text)) as "enqueued"
             from perennial.clocks c
            where exists (select from perennial.user_memberships m
                           where m.clock_id = c.id and m.due_at <= perennial.business_now(c.id))
              and not exists (select from perennial.jobs j
                               where j.queue = 'expire_membership' and j.unique_key = c.id::text)
           having count(*) > 0"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(enqueued.flatten().unwrap_or_default())
}
