//! Meters: what customers may use, and the periods in which it is counted. The statements are
//! functions of the schema, since the doors for other services use them too.

use chrono::{DateTime, Utc};
use perennial_core::quota::Tier;
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::CorruptRow;

/// What a step of closing periods did.
#[derive(Debug)]
pub(crate) struct Closed {
    /// How many periods were closed.
    pub(crate) count: i64,
    /// Those that leave something to do.
    pub(crate) notable: Vec<NotableClosing>,
}

/// A closed period with something to bill, or whose limit was edited since it began.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NotableClosing {
    pub(crate) customer: Uuid,
    pub(crate) metric: i32,
    pub(crate) subscription: Option<Uuid>,
    pub(crate) quota: Option<Uuid>,
    pub(crate) period_start: DateTime<Utc>,
    pub(crate) period_end: DateTime<Utc>,
    pub(crate) overage_units: i64,
    /// Whether usage of periods before may have come since they were closed.
    pub(crate) late: bool,
    pub(crate) stale: bool,
}

/// Closes one period of up to `batch` due meters of a clock, of these customers or of all.
pub(crate) async fn close_periods(
    conn: &mut PgConnection,
    clock: Uuid,
    customers: Option<&[Uuid]>,
    batch: i32,
) -> sqlx::Result<Closed> {
    let row = sqlx::query!(
        r#"select closed as "closed!", notable as "notable!" from perennial.close_periods($1, $2, $3)"#,
        clock,
        customers,
        batch
    )
    .fetch_one(conn)
    .await?;
    let notable = serde_json::from_value(row.notable)
        .map_err(|error| corrupt("usage_closings", "notable", clock, error))?;
    Ok(Closed { count: row.closed, notable })
}

/// Locks the meters of customers, and waits for nobody: those of whom a caller holds a meter are
/// the answer.
pub(crate) async fn take(conn: &mut PgConnection, customers: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    if customers.is_empty() {
        return Ok(vec![]);
    }
    sqlx::query_scalar!(
        r#"with taken as materialized (
                select m.customer_id, m.metric_id from perennial.usage_meters m
                 where m.customer_id = any($1) order by 1, 2 for no key update skip locked)
           select distinct m.customer_id
             from perennial.usage_meters m left join taken t using (customer_id, metric_id)
            where m.customer_id = any($1) and t.customer_id is null"#,
        customers
    )
    .fetch_all(conn)
    .await
}

/// As [`take`], of the meters on a clock whose period has ended.
pub(crate) async fn take_due(
    conn: &mut PgConnection,
    clock: Uuid,
    customers: &[Uuid],
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        r#"with now as materialized (select perennial.business_now($1) as moment),
                taken as materialized (
                select m.customer_id, m.metric_id from now join perennial.usage_meters m on m.period_end <= now.moment
                 where m.customer_id = any($2) and m.clock_id = $1 order by 1, 2 for no key update of m skip locked)
           select distinct m.customer_id
             from now
             join perennial.usage_meters m on m.period_end <= now.moment
             left join taken t using (customer_id, metric_id)
            where m.customer_id = any($2) and m.clock_id = $1 and t.customer_id is null"#,
        clock,
        customers
    )
    .fetch_all(conn)
    .await
}

/// Brings the meters of customers in step with their subscriptions.
pub(crate) async fn entitle(conn: &mut PgConnection, customers: &[Uuid]) -> sqlx::Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    sqlx::query!("select perennial.entitle_meters($1)", customers).fetch_one(conn).await?;
    Ok(())
}

/// Brings single meters, which were just closed, in step with their customers' subscriptions.
pub(crate) async fn entitle_closed(
    conn: &mut PgConnection,
    customers: &[Uuid],
    metrics: &[i32],
) -> sqlx::Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    sqlx::query!("select perennial.entitle_closed_meters($1, $2)", customers, metrics)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// A closed period, of which there was more than its closing knew.
#[derive(Debug, Clone)]
pub(crate) struct LateUsage {
    pub(crate) period_start: DateTime<Utc>,
    pub(crate) period_end: DateTime<Utc>,
    pub(crate) subscription: Option<Uuid>,
    pub(crate) quota: Option<Uuid>,
    /// With what had rolled over; -1: unlimited.
    pub(crate) limit_units: i64,
    /// What was known before,
    pub(crate) known: i64,
    /// … and all that is known now.
    pub(crate) used: i64,
}

/// Notes what the closing of the period that begins at `found_in` found of the periods before it.
pub(crate) async fn note_late_usage(
    conn: &mut PgConnection,
    customer: Uuid,
    metric: i32,
    found_in: DateTime<Utc>,
) -> sqlx::Result<Vec<LateUsage>> {
    sqlx::query_as!(
        LateUsage,
        r#"select period_start as "period_start!", period_end as "period_end!", subscription_id as subscription,
                  quota_id as quota, limit_units as "limit_units!", known as "known!", used as "used!"
             from perennial.note_late_usage($1, $2, $3)"#,
        customer,
        metric,
        found_in
    )
    .fetch_all(conn)
    .await
}

/// What usage beyond a limit costs a subscription, and how its unit is called.
#[derive(Debug, Clone)]
pub(crate) struct PriceList {
    pub(crate) currency: String,
    pub(crate) unit: String,
    pub(crate) zone: String,
    pub(crate) tiers: Vec<Tier>,
}

/// The prices of a quota in the currency of a subscription, for a period that ended then; `None`
/// where it costs nothing, as all that is used in a trial.
pub(crate) async fn prices(
    conn: &mut PgConnection,
    quota: Uuid,
    subscription: Uuid,
    period_end: DateTime<Utc>,
) -> sqlx::Result<Option<PriceList>> {
    let row = sqlx::query!(
        r#"select s.currency, m.unit, s.anchor_zone as zone,
                  (select jsonb_agg(jsonb_build_object('up_to', t.up_to, 'amount_minor', t.amount_minor,
                                                       'per_units', t.per_units) order by t.position)
                     from perennial.plan_quota_tiers t
                    where t.quota_id = q.id and t.currency = s.currency) as tiers
             from perennial.plan_quotas q
             join perennial.metrics m on m.id = q.metric_id
             join perennial.subscriptions s on s.id = $2
            where q.id = $1 and (s.trial_end is null or $3 > s.trial_end)"#,
        quota,
        subscription,
        period_end
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(tiers) = row.tiers else { return Ok(None) };
    let tiers = serde_json::from_value(tiers)
        .map_err(|error| corrupt("plan_quota_tiers", "tiers", quota, error))?;
    Ok(Some(PriceList { currency: row.currency, unit: row.unit, zone: row.zone, tiers }))
}

/// What of a closed period's usage beyond its limit was used in the trial that ended within it.
pub(crate) async fn over_in_trial(
    conn: &mut PgConnection,
    closing: &NotableClosing,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select greatest(coalesce(sum(e.quantity), 0) - g.limit_units, 0)::bigint as "units!"
             from perennial.usage_closings g
             join perennial.subscriptions s on s.id = g.subscription_id and s.trial_end > g.period_start
             left join perennial.usage_events e
               on e.customer_id = g.customer_id and e.metric_id = g.metric_id and e.period_start = g.period_start
              and e.at < s.trial_end
            where g.customer_id = $1 and g.metric_id = $2 and g.period_start = $3
            group by g.limit_units"#,
        closing.customer,
        closing.metric,
        closing.period_start
    )
    .fetch_optional(conn)
    .await
    .map(Option::unwrap_or_default)
}

fn corrupt(
    table: &'static str,
    column: &'static str,
    id: Uuid,
    error: serde_json::Error,
) -> sqlx::Error {
    CorruptRow { table, column, id: id.to_string(), problem: error.to_string() }.into()
}
