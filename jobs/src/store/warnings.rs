//! Thresholds of usage that were crossed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Which threshold, of which meter, in which period.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossing {
    pub(crate) customer: Uuid,
    pub(crate) metric: i32,
    pub(crate) period_start: DateTime<Utc>,
    /// Percent.
    pub(crate) threshold: i32,
}

/// A crossing nobody was told of yet, with what a letter says of it.
#[derive(Debug, Clone)]
pub(crate) struct WarningRow {
    pub(crate) clock_id: Uuid,
    pub(crate) now: DateTime<Utc>,
    pub(crate) metric_code: String,
    pub(crate) unit: String,
    pub(crate) used: i64,
    pub(crate) limit_units: i64,
    pub(crate) enforcement: String,
    /// Whether usage beyond the limit has a price.
    pub(crate) priced: bool,
    /// `None`: the meter never resets.
    pub(crate) period_end: Option<DateTime<Utc>>,
    /// Whether the period is over: closed, or about to be.
    pub(crate) over: bool,
    pub(crate) muted: bool,
}

/// Locks a crossing that is due; `None` where somebody was told, or nothing was crossed.
pub(crate) async fn take(
    conn: &mut PgConnection,
    crossing: Crossing,
) -> sqlx::Result<Option<WarningRow>> {
    sqlx::query_as!(
        WarningRow,
        r#"select w.clock_id, perennial.business_now(w.clock_id) as "now!", k.code as metric_code, m.unit,
                  greatest(w.used, perennial.used_in(w.customer_id, w.metric_id, w.period_start)) as "used!",
                  w.limit_units, u.enforcement, u.period_end,
                  exists (select from perennial.plan_quota_tiers t where t.quota_id = u.quota_id) as "priced!",
                  (u.period_start <> w.period_start or u.period_end <= perennial.business_now(w.clock_id)) is true
                      as "over!",
                  exists (select from perennial.mail_preferences p
                           where p.customer_id = w.customer_id and p.stream = 'usage_warning'
                             and p.muted_at is not null) as "muted!"
             from perennial.usage_warnings w
             join perennial.usage_meters u on u.customer_id = w.customer_id and u.metric_id = w.metric_id
             join perennial.metrics m on m.id = w.metric_id
             join perennial.metric_codes k on k.metric_id = w.metric_id and k.retired_at is null
            where w.customer_id = $1 and w.metric_id = $2 and w.period_start = $3 and w.threshold = $4
              and w.due_at is not null
              for no key update of w"#,
        crossing.customer,
        crossing.metric,
        crossing.period_start,
        crossing.threshold
    )
    .fetch_optional(conn)
    .await
}

/// Notes what became of a crossing.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    crossing: Crossing,
    outcome: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.usage_warnings set due_at = null, outcome = $5
          where customer_id = $1 and metric_id = $2 and period_start = $3 and threshold = $4",
        crossing.customer,
        crossing.metric,
        crossing.period_start,
        crossing.threshold,
        outcome
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A plan that would help, with its price.
#[derive(Debug, Clone)]
pub(crate) struct SuggestedPlan {
    pub(crate) plan_name: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) interval_unit: String,
    pub(crate) interval_count: i32,
}

/// The cheapest plan with more of a metric.
pub(crate) async fn suggestion(
    conn: &mut PgConnection,
    customer: Uuid,
    metric_code: &str,
) -> sqlx::Result<Option<SuggestedPlan>> {
    sqlx::query_as!(
        SuggestedPlan,
        r#"select plan_name as "plan_name!", amount_minor as "amount_minor!", currency as "currency!",
                  interval_unit as "interval_unit!", interval_count as "interval_count!"
             from perennial.upgrade_suggestion($1, $2) where plan is not null"#,
        customer,
        metric_code
    )
    .fetch_optional(conn)
    .await
}
