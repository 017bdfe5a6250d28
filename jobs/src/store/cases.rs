//! Dunning cases.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// An open dunning case.
#[derive(Debug, Clone)]
pub(crate) struct CaseRow {
    pub(crate) id: Uuid,
    pub(crate) subscription_id: Uuid,
    pub(crate) policy_id: Uuid,
    pub(crate) failed_at: DateTime<Utc>,
    pub(crate) next_rung: i32,
    pub(crate) attempts_made: i32,
    pub(crate) last_decline_code: Option<String>,
    pub(crate) not_before: Option<DateTime<Utc>>,
}

/// The open cases of subscriptions.
pub(crate) async fn open(conn: &mut PgConnection, cases: &[Uuid]) -> sqlx::Result<Vec<CaseRow>> {
    if cases.is_empty() {
        return Ok(vec![]);
    }
    sqlx::query_as!(
        CaseRow,
        "select id, subscription_id, policy_id, failed_at, next_rung, attempts_made, last_decline_code, not_before
           from perennial.dunning_cases where id = any($1)",
        cases
    )
    .fetch_all(conn)
    .await
}

/// Adds a case, or saves how far it is.
pub(crate) async fn save(
    conn: &mut PgConnection,
    case: &CaseRow,
    next_rung_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.dunning_cases
             (id, subscription_id, policy_id, failed_at, next_rung, next_rung_at, attempts_made, last_decline_code,
              not_before)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (id) do update
            set next_rung = excluded.next_rung, next_rung_at = excluded.next_rung_at,
                attempts_made = excluded.attempts_made, last_decline_code = excluded.last_decline_code,
                not_before = excluded.not_before",
        case.id,
        case.subscription_id,
        case.policy_id,
        case.failed_at,
        case.next_rung,
        next_rung_at,
        case.attempts_made,
        case.last_decline_code,
        case.not_before
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes a case, and withdraws its mails that were not sent yet: no dunning mail after payment.
pub(crate) async fn close(
    conn: &mut PgConnection,
    case: Uuid,
    outcome: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.dunning_cases set closed_at = $3, outcome = $2 where id = $1 and closed_at is null",
        case,
        outcome,
        at
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update perennial.emails
            set status = 'withdrawn', due_at = null, settled_at = $2, reply = 'no longer true: the case is closed'
          where case_id = $1 and status = 'queued'
            and template in ('payment_failed', 'grace_started', 'grace_ending')",
        case,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
