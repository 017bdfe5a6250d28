//! The outbox.

use chrono::{DateTime, Utc};
use perennial_core::email::BRAKE_AFTER;
use perennial_core::ids::EmailId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;
use crate::mail::Letter;

columns! {
    /// A mail that is going to be sent.
    QueuedEmail / QueuedEmails {
        id: Uuid,
        key: String,
        customer_id: Uuid,
        // One of both; neither where it is about the customer.
        subscription_id: Option<Uuid>,
        order_id: Option<Uuid>,
        clock_id: Uuid,
        case_id: Option<Uuid>,
        template: String,
        letter: serde_json::Value,
        queued_at: DateTime<Utc>,
        decision: i64,
    }
}

/// When a mail was decided upon, and by which decision of its subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decided {
    pub(crate) clock_id: Uuid,
    pub(crate) at: DateTime<Utc>,
    /// 0: by none that is in the audit log.
    pub(crate) decision: i64,
}

impl QueuedEmail {
    /// A letter to a customer, about the customer alone.
    pub(crate) fn to(customer: Uuid, key: String, letter: &Letter, decided: Decided) -> Self {
        Self {
            id: EmailId::derived(&key).0,
            key,
            customer_id: customer,
            subscription_id: None,
            order_id: None,
            clock_id: decided.clock_id,
            case_id: None,
            template: letter.template().to_owned(),
            letter: serde_json::to_value(letter).expect("a letter is plain facts"),
            queued_at: decided.at,
            decision: decided.decision,
        }
    }
}

/// Adds mails; a key that is there already is left alone.
pub(crate) async fn queue(conn: &mut PgConnection, rows: &QueuedEmails) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.emails
             (id, key, customer_id, subscription_id, clock_id, case_id, template, letter, status, queued_at, due_at,
              decision, order_id)
         select u.id, u.key, u.customer, u.subscription, u.clock, u.case_id, u.template, u.letter, 'queued',
                u.queued_at, u.queued_at, u.decision, u.order_id
           from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
                       $8::jsonb[], $9::timestamptz[], $10::bigint[], $11::uuid[])
                as u (id, key, customer, subscription, clock, case_id, template, letter, queued_at, decision,
                      order_id)
         on conflict (key) do nothing",
        &rows.id,
        &rows.key,
        &rows.customer_id,
        &rows.subscription_id as &[Option<Uuid>],
        &rows.clock_id,
        &rows.case_id as &[Option<Uuid>],
        &rows.template,
        &rows.letter,
        &rows.queued_at,
        &rows.decision,
        &rows.order_id as &[Option<Uuid>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A mail with all that sending it needs.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) id: Uuid,
    pub(crate) key: String,
    pub(crate) customer_id: Uuid,
    pub(crate) template: String,
    pub(crate) letter: serde_json::Value,
    pub(crate) status: String,
    pub(crate) attempts: i32,
    pub(crate) first_sent_at: Option<DateTime<Utc>>,
    /// How often it was sent again although it may have arrived.
    pub(crate) resends: i32,
    /// Why it was put off, if it was.
    pub(crate) deferred_for: Option<String>,
    /// Not before then, in machine time.
    pub(crate) retry_at: Option<DateTime<Utc>>,
    /// Business time.
    pub(crate) now: DateTime<Utc>,
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) locale: String,
    pub(crate) time_zone: String,
    pub(crate) first_of_case: Option<String>,
    pub(crate) suppressed: bool,
    /// All mail waits, because the server refuses us: when the next probe is due.
    pub(crate) probe_at: Option<DateTime<Utc>>,
}

/// Mails by id, with whom they go to now.
pub(crate) async fn load(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<OutboxRow>> {
    sqlx::query_as!(
        OutboxRow,
        r#"select e.id, e.key, e.customer_id, e.template, e.letter, e.status, e.attempts, e.first_sent_at, e.resends,
                  e.deferred_for, e.retry_at, perennial.business_now(e.clock_id) as "now!",
                  c.email as address, c.name, c.locale, c.time_zone,
                  (select f.key from perennial.emails f where f.case_id = e.case_id order by f.queued_at, f.id limit 1)
                      as first_of_case,
                  exists (select from perennial.email_suppressions s where s.address = lower(c.email)) as "suppressed!",
                  (select b.probe_at from perennial.mail_brake b where b.refusals >= $2) as probe_at
             from perennial.emails e join perennial.customers c on c.id = e.customer_id
            where e.id = any($1)"#,
        ids,
        BRAKE_AFTER
    )
    .fetch_all(conn)
    .await
}

/// Notes that mails are about to be handed to the server. Answers with those that still wait.
pub(crate) async fn begin(
    conn: &mut PgConnection,
    ids: &[Uuid],
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update perennial.emails
            set status = 'sending', first_sent_at = coalesce(first_sent_at, $2), attempts = attempts + 1,
                resends = resends + (status = 'sending')::integer
          where id = any($1) and status in ('queued', 'sending') returning id",
        ids,
        at
    )
    .fetch_all(conn)
    .await
}

columns! {
    /// What became of handing a mail over.
    Handed / HandedOver {
        id: Uuid,
        status: String,
        reply: String,
        // Why it is tried again, and when in machine time.
        deferred_for: Option<String>,
        retry_at: Option<DateTime<Utc>>,
    }
}

/// Saves what became of mails. One that goes back to `queued` stays due.
pub(crate) async fn settle(conn: &mut PgConnection, rows: &HandedOver) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update perennial.emails e
            set status = u.status, reply = u.reply, deferred_for = u.deferred_for, retry_at = u.retry_at,
                due_at = case when u.status = 'queued' then e.due_at end,
                settled_at = case when u.status <> 'queued' then perennial.business_now(e.clock_id) end
           from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
                as u (id, status, reply, deferred_for, retry_at)
          where e.id = u.id and e.status in ('queued', 'sending')",
        &rows.id,
        &rows.status,
        &rows.reply,
        &rows.deferred_for as &[Option<String>],
        &rows.retry_at as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets mail that waited for the server's good will go out as soon as anything does.
pub(crate) async fn retry_at_once(conn: &mut PgConnection, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.emails set retry_at = $1
          where id in (select id from perennial.emails
                        where due_at is not null and retry_at > $1
                          and deferred_for in ('sender_refused', 'server_unavailable')
                          for no key update skip locked)",
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sends nothing to an address any more.
pub(crate) async fn suppress(
    conn: &mut PgConnection,
    address: &str,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.email_suppressions (address, reason) values (lower($1), $2) on conflict do nothing",
        address,
        reason
    )
    .execute(conn)
    .await?;
    Ok(())
}
