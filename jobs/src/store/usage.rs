//! Usage, from Rust: the same doors that services in any language call.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Usage that has happened, or is about to.
#[derive(Debug, Clone, Copy)]
pub struct Usage<'a> {
    /// Whose.
    pub customer: Uuid,
    /// The metric's code.
    pub metric: &'a str,
    /// Units, above zero.
    pub quantity: i64,
    /// Names the event: a repeat counts nothing.
    pub event_id: &'a str,
}

/// Where a meter stands after a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it was counted now: false for a repeat, and for what is not allowed.
    pub counted: bool,
    /// Units used in the period.
    pub used: i64,
    /// Units there are; `None`: unlimited.
    pub limit: Option<i64>,
    /// Units left; `None`: unlimited.
    pub remaining: Option<i64>,
    /// When the count begins anew; `None`: never.
    pub period_end: Option<DateTime<Utc>>,
}

/// Records usage that has happened, `at` an instant or now.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn record(
    conn: &mut PgConnection,
    usage: Usage<'_>,
    at: Option<DateTime<Utc>>,
) -> sqlx::Result<Answer> {
    sqlx::query_as!(
        Answer,
        r#"select recorded as "counted!", used as "used!", "limit", remaining, period_end
             from perennial.record_usage($1, $2, $3, $4, $5)"#,
        usage.customer,
        usage.metric,
        usage.quantity,
        usage.event_id,
        at
    )
    .fetch_one(conn)
    .await
}

/// Checks and records in one step: never beyond a hard limit, however many call at once.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn consume(conn: &mut PgConnection, usage: Usage<'_>) -> sqlx::Result<Answer> {
    sqlx::query_as!(
        Answer,
        r#"select allowed as "counted!", used as "used!", "limit", remaining, period_end
             from perennial.consume($1, $2, $3, $4)"#,
        usage.customer,
        usage.metric,
        usage.quantity,
        usage.event_id
    )
    .fetch_one(conn)
    .await
}

/// Whether so much may be used now. Only [`consume`] makes sure of it.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn check_quota(
    conn: &mut PgConnection,
    customer: Uuid,
    metric: &str,
    quantity: i64,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select perennial.check_quota($1, $2, $3) as "allowed!""#,
        customer,
        metric,
        quantity
    )
    .fetch_one(conn)
    .await
}

/// A meter at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MeterLine {
    /// The metric's code.
    pub metric: String,
    /// What its units are called.
    pub unit: String,
    /// Units used in the period.
    pub used: i64,
    /// Units there are, with what rolled over; `None`: unlimited.
    pub limit: Option<i64>,
    /// `hard` or `soft`.
    pub enforcement: String,
    /// When the period began.
    pub period_start: DateTime<Utc>,
    /// When the count begins anew; `None`: never.
    pub period_end: Option<DateTime<Utc>>,
    /// Thresholds that were reached in this period, in percent.
    pub warned_at: Vec<i32>,
}

/// A customer's meters.
///
/// # Errors
/// When the database does not answer.
pub async fn of_customer(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<Vec<MeterLine>> {
    sqlx::query_as!(
        MeterLine,
        r#"select k.code as metric, t.unit,
                  perennial.used_in(m.customer_id, m.metric_id, m.period_start) as "used!",
                  (perennial.usage_answer(m, 0))."limit" as "limit",
                  m.enforcement, m.period_start, m.period_end,
                  array(select w.threshold from perennial.usage_warnings w
                         where w.customer_id = m.customer_id and w.metric_id = m.metric_id
                           and w.period_start = m.period_start order by 1) as "warned_at!"
             from perennial.usage_meters m
             join perennial.metrics t on t.id = m.metric_id
             join perennial.metric_codes k on k.metric_id = m.metric_id and k.retired_at is null
            where m.customer_id = $1
            order by k.code"#,
        customer
    )
    .fetch_all(conn)
    .await
}
