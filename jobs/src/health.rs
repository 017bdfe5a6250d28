//! What an operator has to look at although nothing is broken: work that does not go on by itself,
//! and messages that did not arrive.
//!
//! Reads only. Counts what comes in numbers, and names single payments and subscriptions.

use perennial_core::email::BRAKE_AFTER;
use sqlx::PgConnection;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What kind of thing: `dead_job`, `paused_queue`, …
    pub finding: String,
    /// Whether somebody has to act.
    pub severity: String,
    /// Of what.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
    /// What helps.
    pub remedy: String,
}

impl Finding {
    /// Whether somebody has to act; the rest is good to know.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        self.severity == "attention"
    }
}

/// All findings, the alarming ones first.
///
/// # Errors
/// When the database does not answer.
pub async fn findings(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    let mut found = queues(&mut *conn).await?;
    found.extend(workers(&mut *conn).await?);
    found.extend(money(&mut *conn).await?);
    found.extend(mail(&mut *conn).await?);
    found.extend(events(&mut *conn).await?);
    found.sort_by_key(|finding| !finding.is_alarming());
    Ok(found)
}

/// Dead jobs, paused queues, leases that nobody frees.
async fn queues(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    sqlx::query_as!(
        Finding,
        r#"select 'dead_job' as "finding!", 'attention' as "severity!", d.queue as "subject!",
                  format('%s %s: %s', count(*), d.kind, left(d.reason, 200)) as "problem!",
                  format('select perennial.revive_job(%s) runs %s again', min(d.id),
                         case when count(*) = 1 then 'it' else 'the first' end) as "remedy!"
             from perennial.dead_jobs d group by d.queue, d.kind, left(d.reason, 200)
           union all
           select 'paused_queue', 'attention', q.name,
                  format('is paused; %s jobs wait', (select count(*) from perennial.jobs j where j.queue = q.name)),
                  format('select perennial.resume_queue(''%s'')', q.name)
             from perennial.job_queues q where q.paused
           union all
           select 'expired_lease', 'attention', j.queue,
                  format('%s jobs have had no holder since %s', count(*), min(j.lease_until)),
                  'a running worker frees them; start one'
             from perennial.jobs j
            where j.state = 'running' and j.lease_until < now() - interval '10 seconds' group by j.queue
           order by 1, 3, 4"#
    )
    .fetch_all(conn)
    .await
}

/// No worker, though something is due.
async fn workers(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    sqlx::query_as!(
        Finding,
        r#"select 'no_worker' as "finding!", 'attention' as "severity!", 'workers' as "subject!",
                  format('none runs (the last was seen %s), and work is due',
                         coalesce((select max(seen_at)::text from perennial.job_workers), 'never')) as "problem!",
                  'perennial work' as "remedy!"
            where not exists (select from perennial.job_workers where seen_at > now() - interval '30 seconds')
              and (exists (select from perennial.jobs where state <> 'later')
                   or exists (select from perennial.next_due where at <= perennial.business_now(clock_id)))"#
    )
    .fetch_all(conn)
    .await
}

/// Outcomes that nobody knows, what is parked until somebody looks, and a provider that does not let
/// us in.
async fn money(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    sqlx::query_as!(
        Finding,
        r#"(select 'unknown_outcome' as "finding!",
                   case when p.inquiries > 1 then 'attention' else 'note' end as "severity!",
                   'pay_' || replace(p.id::text, '-', '') as "subject!",
                   format('nobody knows after %s inquiries what became of the charge of %s %s%s', p.inquiries,
                          p.amount_minor, p.currency, coalesce(': ' || left(p.last_error, 200), '')) as "problem!",
                   format('look for %s in the provider''s dashboard',
                          coalesce(i.intent_reference, 'inv_' || replace(i.id::text, '-', ''))) as "remedy!"
              from perennial.payments p join perennial.invoices i on i.id = p.invoice_id
             where p.status = 'unknown' order by p.inquiries desc, p.id limit 100)
           union all
           (select 'parked_subscription', 'attention', 'sub_' || replace(s.id::text, '-', ''),
                   format('%s, and nothing happens by itself: %s', s.status, left(s.parked_reason, 200)),
                   format('mend the cause, then select perennial.release_parked(%L)', s.parked_kind)
              from perennial.subscriptions s
             where s.parked_reason is not null and s.ended_at is null order by s.updated_at, s.id limit 100)
           union all
           (select 'provider_denies', 'attention', c.provider,
                   format('does not let us in since %s: %s', c.opened_at, left(c.reason, 200)),
                   'mend the key or the account; it is probed, and all goes on by itself'
              from perennial.provider_circuits c where c.closed_at is null)
           union all
           (select 'parked_order', 'attention', 'ord_' || replace(o.id::text, '-', ''), left(o.reason, 200),
                   'mend the cause, then emit invoice.pay_requested'
              from perennial.orders o
             where o.status = 'pending' and o.reason is not null order by o.placed_at, o.id limit 100)"#
    )
    .fetch_all(conn)
    .await
}

/// All mail that waits for a server that refuses it, mail of the last week that did not arrive or
/// may not have arrived, and addresses that get none.
async fn mail(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    sqlx::query_as!(
        Finding,
        r#"select 'mail_stopped' as "finding!", 'attention' as "severity!", 'mail server' as "subject!",
                  format('has refused our mail %s times in a row since %s; all mail waits, and one email at a time is tried: %s',
                         b.refusals, b.since, left(b.reason, 200)) as "problem!",
                  'mend what it says: mail goes on by itself' as "remedy!"
             from perennial.mail_brake b where b.refusals >= $1
           union all
           select 'email_' || e.outcome,
                  case when e.outcome in ('failed', 'uncertain')
                         or e.outcome = 'deferred' and min(e.first_sent_at) < now() - interval '1 hour'
                         or e.outcome = 'suppressed'
                            and bool_or(e.reason is distinct from 'the customer muted such emails')
                       then 'attention' else 'note' end,
                  e.template, format('%s since %s: %s', count(*), min(e.queued_at), left(min(e.reason), 200)),
                  format('perennial email list --outcome %s', e.outcome)
             from perennial.undelivered_emails e join perennial.customers c on c.id = e.customer_id
            where e.queued_at > perennial.business_now(c.clock_id) - interval '7 days'
            group by e.outcome, e.template
           union all
           select 'suppressed_address', 'note', 'email_suppressions',
                  format('%s addresses get no mail', count(*)), 'perennial email suppressions'
             from perennial.email_suppressions having count(*) > 0
           order by 1, 3"#,
        BRAKE_AFTER
    )
    .fetch_all(conn)
    .await
}

/// What other services emitted and nobody has processed, or was refused in the last week.
async fn events(conn: &mut PgConnection) -> sqlx::Result<Vec<Finding>> {
    sqlx::query_as!(
        Finding,
        r#"select 'event_waiting' as "finding!", 'attention' as "severity!", e.type as "subject!",
                  format('%s have been due for more than 5 minutes, %s first', count(*),
                         (array_agg(left(e.event_id, 80) order by e.seq))[1]) as "problem!",
                  'perennial explain EVENT says what each waits for' as "remedy!"
             from perennial.lifecycle_events e
            where e.processed_at is null and e.at <= perennial.business_now(e.clock_id)
              and e.received_at < now() - interval '5 minutes'
            group by e.type
           union all
           select 'event_refused', 'note', e.type,
                  format('%s in the last 7 days, %s last: %s', count(*),
                         (array_agg(left(e.event_id, 80) order by e.seq desc))[1],
                         (array_agg(left(e.reason, 200) order by e.seq desc))[1]),
                  'emit it again, corrected, with an event_id of its own'
             from perennial.lifecycle_events e
            where e.outcome = 'refused' and e.processed_at > now() - interval '7 days'
            group by e.type
           order by 1, 3"#
    )
    .fetch_all(conn)
    .await
}
