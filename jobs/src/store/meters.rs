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

/// Brings the meters of customers in step with their subscriptions.
pub(crate) async fn entitle(conn: &mut PgConnection, customers: &[Uuid]) -> sqlx::Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    sqlx::query!("select perennial.entitle_meters($1)", customers).fetch_one(conn).await?;
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

fn corrupt(
    table: &'static str,
    column: &'static str,
    id: Uuid,
    error: serde_json::Error,
) -> sqlx::Error {
    CorruptRow { table, column, id: id.to_string(), problem: error.to_string() }.into()
}
