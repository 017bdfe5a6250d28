//! What keeps a customer's business from going on, though it is due: paused queues, no worker, dead
//! jobs, events that wait.

use chrono::{DateTime, Utc};
use perennial_core::ids::{CustomerId, SubscriptionId};
use sqlx::PgConnection;

/// In sentences, each with what helps; empty where nothing is in the way.
///
/// # Errors
/// When the database does not answer.
pub async fn hindrances(
    conn: &mut PgConnection,
    customer: CustomerId,
    subscription: Option<SubscriptionId>,
) -> sqlx::Result<Vec<String>> {
    let mut sentences = paused(&mut *conn).await?;
    sentences.extend(unattended(&mut *conn).await?);
    sentences.extend(dead(&mut *conn, customer, subscription).await?);
    sentences.extend(waiting(conn, customer).await?);
    Ok(sentences)
}

async fn paused(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let queues = sqlx::query_scalar!(
        "select name from perennial.job_queues where paused order by name collate \"C\""
    )
    .fetch_all(conn)
    .await?;
    let sentence = |queue: String| {
        let meaning = match queue.as_str() {
            "collect_payment" => "no charge is made",
            "resolve_unknown" => "no unknown outcome is asked for",
            "retry_payment" => "no declined payment is tried again",
            "renew" => "no period is renewed",
            "send_email" => "no email is sent",
            "process_events" => "no event is processed",
            _ => "none of its jobs runs",
        };
        format!(
            "The queue `{queue}` is paused: {meaning} until `select perennial.resume_queue('{queue}')`."
        )
    };
    Ok(queues.into_iter().map(sentence).collect())
}

async fn unattended(conn: &mut PgConnection) -> sqlx::Result<Option<String>> {
    let seen = sqlx::query!(
        r#"select max(seen_at) as seen_at, coalesce(max(seen_at) > now() - interval '30 seconds', false) as "lately!"
             from perennial.job_workers"#
    )
    .fetch_one(conn)
    .await?;
    let last = seen.seen_at.map_or_else(
        || "none ever did".to_owned(),
        |at| format!("the last was seen at {}", written(at)),
    );
    Ok((!seen.lately).then(|| {
        format!("No worker runs ({last}): nothing happens until `perennial work` is started.")
    }))
}

async fn dead(
    conn: &mut PgConnection,
    customer: CustomerId,
    subscription: Option<SubscriptionId>,
) -> sqlx::Result<Vec<String>> {
    let jobs = sqlx::query!(
        "select d.id, d.queue, left(d.reason, 200) as reason from perennial.dead_jobs d
          where d.key_held_until > now()
            and (d.payload ->> 'customer' = $1::uuid::text or d.payload ->> 'subscription' = $2::uuid::text
                 or d.payload ->> 'payment' in (select p.id::text from perennial.payments p where p.customer_id = $1)
                 or d.payload ->> 'email' in (select e.id::text from perennial.emails e where e.customer_id = $1))
          order by d.id",
        customer.0,
        subscription.map(|subscription| subscription.0)
    )
    .fetch_all(conn)
    .await?;
    let sentence = |queue: String, reason: String, id: i64| {
        format!(
            "A job of `{queue}` is dead: {reason}. `select perennial.revive_job({id})` runs it again."
        )
    };
    Ok(jobs
        .into_iter()
        .map(|job| sentence(job.queue, job.reason.unwrap_or_default(), job.id))
        .collect())
}

/// Events that nobody has processed, the first ones, and why each waits.
async fn waiting(conn: &mut PgConnection, customer: CustomerId) -> sqlx::Result<Vec<String>> {
    let events = sqlx::query!(
        r#"select left(w.event_id, 80) as "event_id!", w.type as "kind!", w.at as "at!",
                  w.at > perennial.business_now(w.clock_id) as "early!",
                  left(w.waits_for, 80) as waits_for, w.runs_at as "runs_at!"
             from perennial.waiting_events w
            where w.customer_id = $1 order by w.seq limit 20"#,
        customer.0
    )
    .fetch_all(conn)
    .await?;
    Ok(events
        .into_iter()
        .map(|event| {
            let why = match (event.early, event.waits_for) {
                (true, _) => format!("its time comes at {}", written(event.at)),
                (false, Some(first)) => {
                    format!(
                        "{first} about the same subject comes first, at {}",
                        written(event.runs_at)
                    )
                }
                (false, None) => "a worker processes it next".to_owned(),
            };
            format!("The event {} ({}) waits: {why}.", event.event_id, event.kind)
        })
        .collect())
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
