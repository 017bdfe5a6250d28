//! The inbox.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Something another service told us.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) seq: i64,
    pub(crate) event_id: String,
    pub(crate) kind: String,
    pub(crate) subject: Uuid,
    pub(crate) data: serde_json::Value,
    pub(crate) at: DateTime<Utc>,
}

/// Holds back whoever else wants to process this customer's events until the transaction ends: by
/// the first of them that waits, which no caller can lock. (An advisory lock could be taken by
/// anybody who connects.)
pub(crate) async fn take_turn(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "select from perennial.lifecycle_events
          where customer_id = $1 and processed_at is null order by seq limit 1 for no key update",
        customer
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Takes the turns of those of these customers whose events nobody else is processing; they alone
/// are among the answer.
pub(crate) async fn take_free_turns(
    conn: &mut PgConnection,
    customers: &[Uuid],
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "with firsts as materialized (
              select e.seq from unnest($1::uuid[]) u (id)
               cross join lateral (select f.seq from perennial.lifecycle_events f
                                    where f.customer_id = u.id and f.processed_at is null
                                    order by f.seq limit 1) e)
         select e.customer_id from perennial.lifecycle_events e
          where e.seq in (select seq from firsts) for no key update of e skip locked",
        customers
    )
    .fetch_all(conn)
    .await
}

/// The customer's next unprocessed event whose time has come (rule C14). One whose time has not
/// come waits alone: it holds back what is about the same subject, and, where it makes the customer
/// known, what needs the customer to be known.
pub(crate) async fn next(
    conn: &mut PgConnection,
    customer: Uuid,
) -> sqlx::Result<Option<EventRow>> {
    let row = sqlx::query!(
        r#"select e.seq, e.event_id, e.type as kind, e.subject, e.data, e.at
             from perennial.lifecycle_events e
            where e.customer_id = $1 and e.processed_at is null and e.at <= perennial.business_now(e.clock_id)
              and not exists (
                  select from perennial.lifecycle_events w
                   where w.customer_id = $1 and w.processed_at is null and w.seq < e.seq
                     and w.at > perennial.business_now(w.clock_id)
                     and (w.subject = e.subject
                          or w.type = 'customer.upserted'
                             and not exists (select from perennial.customers c where c.id = $1)))
            order by e.seq limit 1"#,
        customer
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| EventRow {
        seq: row.seq,
        event_id: row.event_id,
        kind: row.kind,
        subject: row.subject,
        data: row.data,
        at: row.at,
    }))
}

/// For each of these customers the next event, if it is due and a sign-up.
pub(crate) async fn next_sign_ups(
    conn: &mut PgConnection,
    customers: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, EventRow)>> {
    let rows = sqlx::query!(
        r#"select e.customer_id as "customer_id!", e.seq as "seq!", e.event_id as "event_id!", e.type as "kind!",
                  e.subject as "subject!", e.data as "data!", e.at as "at!"
             from unnest($1::uuid[]) as c (id)
            cross join lateral (
                  select * from perennial.lifecycle_events f
                   where f.customer_id = c.id and f.processed_at is null order by f.seq limit 1) e
            where e.type = 'subscription.created' and e.at <= perennial.business_now(e.clock_id)"#,
        customers
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let event = EventRow {
            seq: row.seq,
            event_id: row.event_id,
            kind: row.kind,
            subject: row.subject,
            data: row.data,
            at: row.at,
        };
        (row.customer_id, event)
    });
    Ok(rows.collect())
}

/// Notes that events were processed.
pub(crate) async fn all_processed(conn: &mut PgConnection, seqs: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.lifecycle_events set processed_at = now(), outcome = 'done' where seq = any($1)",
        seqs
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an event was processed; `refused` says why it came to nothing.
pub(crate) async fn processed(
    conn: &mut PgConnection,
    seq: i64,
    refused: Option<&str>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.lifecycle_events
            set processed_at = now(), outcome = case when $2::text is null then 'done' else 'refused' end, reason = $2
          where seq = $1",
        seq,
        refused
    )
    .execute(conn)
    .await?;
    Ok(())
}
