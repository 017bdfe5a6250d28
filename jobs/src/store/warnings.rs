//! Thresholds of usage that were crossed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Which meter, in which period.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose {
    pub(crate) customer: Uuid,
    pub(crate) metric: i32,
    pub(crate) period_start: DateTime<Utc>,
}

/// A crossing nobody was told of yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CrossedRow {
    /// Percent.
    pub(crate) threshold: i32,
    /// The limit that was crossed.
    pub(crate) limit_units: i64,
}

/// Locks the crossings of a meter's period that are due; empty where somebody was told, or nothing
/// was crossed.
pub(crate) async fn take(conn: &mut PgConnection, whose: Whose) -> sqlx::Result<Vec<CrossedRow>> {
    sqlx::query_as!(
        CrossedRow,
        "select threshold, limit_units from perennial.usage_warnings
          where customer_id = $1 and metric_id = $2 and period_start = $3 and due_at is not null
          order by threshold, limit_units for no key update",
        whose.customer,
        whose.metric,
        whose.period_start
    )
    .fetch_all(conn)
    .await
}

/// What a warning says, by the limit that holds now.
#[derive(Debug, Clone)]
pub(crate) struct MeterRow {
    pub(crate) clock_id: Uuid,
    pub(crate) now: DateTime<Utc>,
    pub(crate) metric_code: String,
    pub(crate) unit: String,
    pub(crate) used: i64,
    /// With what rolled over; `None`: unlimited.
    pub(crate) limit_units: Option<i64>,
    pub(crate) enforcement: String,
    /// Whether usage beyond the limit is billed: it has a price, and this is no trial.
    pub(crate) billed: bool,
    /// `None`: the meter never resets.
    pub(crate) period_end: Option<DateTime<Utc>>,
    /// Whether the period is over: closed, or about to be.
    pub(crate) over: bool,
    pub(crate) muted: bool,
    /// The highest threshold of this limit that was told of in this period.
    pub(crate) told: Option<i32>,
}

/// The meter as it is; `None` where there is none any more.
pub(crate) async fn meter(conn: &mut PgConnection, whose: Whose) -> sqlx::Result<Option<MeterRow>> {
    sqlx::query_as!(
        MeterRow,
        r#"select u.clock_id, perennial.business_now(u.clock_id) as "now!", k.code as metric_code, m.unit,
                  perennial.used_in(u.customer_id, u.metric_id, $3) as "used!",
                  case when u.limit_units <> -1 then u.limit_units + u.rollover_units end as limit_units,
                  u.enforcement, u.period_end,
                  (exists (select from perennial.plan_quota_tiers t where t.quota_id = u.quota_id)
                   and not exists (select from perennial.subscriptions s
                                    where s.id = u.subscription_id and s.status = 'trialing')) as "billed!",
                  (u.period_start <> $3 or u.period_end <= perennial.business_now(u.clock_id)) is true as "over!",
                  exists (select from perennial.mail_preferences p
                           where p.customer_id = u.customer_id and p.stream = 'usage_warning'
                             and p.muted_at is not null) as "muted!",
                  (select max(w.threshold) from perennial.usage_warnings w
                    where w.customer_id = u.customer_id and w.metric_id = u.metric_id and w.period_start = $3
                      and w.limit_units = u.limit_units + u.rollover_units and w.outcome = 'told') as told
             from perennial.usage_meters u
             join perennial.metrics m on m.id = u.metric_id
             join perennial.metric_codes k on k.metric_id = u.metric_id and k.retired_at is null
            where u.customer_id = $1 and u.metric_id = $2"#,
        whose.customer,
        whose.metric,
        whose.period_start
    )
    .fetch_optional(conn)
    .await
}

/// Notes what became of a crossing.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    whose: Whose,
    crossed: CrossedRow,
    outcome: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.usage_warnings set due_at = null, outcome = $6
          where customer_id = $1 and metric_id = $2 and period_start = $3 and threshold = $4 and limit_units = $5",
        whose.customer,
        whose.metric,
        whose.period_start,
        crossed.threshold,
        crossed.limit_units,
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
