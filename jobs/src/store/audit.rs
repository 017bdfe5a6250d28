//! How everything came to be: edges taken, and one row per decision.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::columns::columns;

columns! {
    /// An edge that a subscription took.
    EdgeRow / EdgeRows {
        subscription_id: Uuid,
        version: i64,
        from_status: Option<String>,
        to_status: String,
        edge: String,
        period_index: i64,
        at: DateTime<Utc>,
        by_job: String,
    }
}

/// Adds edges.
pub(crate) async fn insert_edges(conn: &mut PgConnection, rows: &EdgeRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.subscription_history
             (subscription_id, version, position, from_status, to_status, edge, period_index, at, by_job)
         select u.subscription, u.version,
                row_number() over (partition by u.subscription, u.version order by u.ordinality),
                u.from_status, u.to_status, u.edge, u.period_index, u.at, u.by_job
           from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[],
                       $8::text[]) with ordinality
                as u (subscription, version, from_status, to_status, edge, period_index, at, by_job, ordinality)",
        &rows.subscription_id,
        &rows.version,
        &rows.from_status as &[Option<String>],
        &rows.to_status,
        &rows.edge,
        &rows.period_index,
        &rows.at,
        &rows.by_job
    )
    .execute(conn)
    .await?;
    Ok(())
}

columns! {
    /// A decision.
    AuditRow / AuditRows {
        subject_id: Uuid,
        subject_kind: String,
        version: i64,
        act: String,
        at: DateTime<Utc>,
        actor: String,
        facts: serde_json::Value,
    }
}

/// Adds decisions.
pub(crate) async fn insert(conn: &mut PgConnection, rows: &AuditRows) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into perennial.audit_log (subject_id, subject_kind, version, act, at, actor, facts)
         select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[],
                              $7::jsonb[])",
        &rows.subject_id,
        &rows.subject_kind,
        &rows.version,
        &rows.act,
        &rows.at,
        &rows.actor,
        &rows.facts
    )
    .execute(conn)
    .await?;
    Ok(())
}
