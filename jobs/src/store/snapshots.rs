//! Snapshots: figures of a day as they were told, the latest version of each.

use chrono::NaiveDate;
use sqlx::PgConnection;

/// A number of the business: an exact fraction, an amount in minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Figure {
    /// What it is: `mrr`, `customers` …
    pub metric: String,
    /// Of which currency; empty: none.
    pub currency: String,
    /// By what it is broken down: `total`, `plan`, `interval`, `currency`, `country`, `cohort` …
    pub breakdown: String,
    /// Which part of the breakdown; empty for the total.
    pub key: String,
    /// The numerator: up to 39 digits, so text.
    pub numer: String,
    /// The denominator, above zero.
    pub denom: String,
}

/// All figures of a day; none: no snapshot was taken.
///
/// # Errors
/// When the database does not answer.
pub async fn of_date(conn: &mut PgConnection, date: NaiveDate) -> sqlx::Result<Vec<Figure>> {
    sqlx::query_as!(
        Figure,
        r#"select metric as "metric!", currency as "currency!", breakdown as "breakdown!", key as "key!",
                  numer::text as "numer!", denom::text as "denom!"
             from perennial.analytics_figures where date = $1 order by metric, currency, breakdown, key"#,
        date
    )
    .fetch_all(conn)
    .await
}

/// A metric's total on each day of a span that has a snapshot, both ends included.
///
/// # Errors
/// When the database does not answer.
pub async fn series(
    conn: &mut PgConnection,
    metric: &str,
    currency: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> sqlx::Result<Vec<(NaiveDate, Figure)>> {
    let rows = sqlx::query!(
        r#"select date as "date!", metric as "metric!", currency as "currency!", breakdown as "breakdown!", key as "key!",
                  numer::text as "numer!", denom::text as "denom!"
             from perennial.analytics_figures
            where metric = $1 and currency = $2 and breakdown = 'total' and key = '' and date between $3 and $4
            order by date"#,
        metric,
        currency,
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let figure = Figure {
                metric: row.metric,
                currency: row.currency,
                breakdown: row.breakdown,
                key: row.key,
                numer: row.numer,
                denom: row.denom,
            };
            (row.date, figure)
        })
        .collect())
}

/// What a metric is told in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub metric: String,
    /// `money`, `count` or `rate`.
    pub unit: String,
    /// `stock`, `flow` or `window`.
    pub span: String,
    /// By what it is told: `total`, `plan` …
    pub breakdowns: Vec<String>,
    /// What is meant by it.
    pub description: String,
}

/// All metrics there are.
///
/// # Errors
/// When the database does not answer.
pub async fn metrics(conn: &mut PgConnection) -> sqlx::Result<Vec<Metric>> {
    sqlx::query_as!(
        Metric,
        "select metric, unit, span, breakdowns, description from perennial.analytics_metrics order by metric"
    )
    .fetch_all(conn)
    .await
}

/// Refuses a metric or a currency that nobody has heard of (an empty currency: any).
///
/// # Errors
/// The name of the field that is wrong, and what would be right.
pub async fn require_metric(
    conn: &mut PgConnection,
    metric: &str,
    currency: &str,
) -> sqlx::Result<()> {
    sqlx::query!("select perennial.require_metric($1, $2)", metric, currency)
        .fetch_one(conn)
        .await
        .map(drop)
}

/// Refuses a metric that nobody has heard of, and a breakdown that means nothing for it.
///
/// # Errors
/// The name of the field that is wrong, and what would be right.
pub async fn require_breakdown(
    conn: &mut PgConnection,
    metric: &str,
    breakdown: &str,
) -> sqlx::Result<()> {
    sqlx::query!("select perennial.require_breakdown($1, $2)", metric, breakdown)
        .fetch_one(conn)
        .await
        .map(drop)
}

/// Customers who came in within a month, at the end of a month.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Cohort {
    /// The first day of the month they came in.
    pub cohort: NaiveDate,
    /// The first day of the month they are looked at the end of.
    pub month: NaiveDate,
    /// Of which currency; `None`: nobody pays any more.
    pub currency: Option<String>,
    /// How many came in.
    pub size: i64,
    /// How many of them pay.
    pub customers: i64,
    /// Their recurring revenue: numerator, in minor units.
    pub numer: String,
    /// And denominator.
    pub denom: String,
}

/// By what customers belong to a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The month of their first recurring revenue.
    Purchase,
    /// The month of their first subscription, with or without a trial.
    Subscription,
}

/// Retention month by month of those who came in from the month of `from` to the month of `to`.
///
/// # Errors
/// When `from` lies after `to` or in the future, or the database does not answer.
pub async fn cohorts(
    conn: &mut PgConnection,
    first: First,
    from: NaiveDate,
    to: NaiveDate,
) -> sqlx::Result<Vec<Cohort>> {
    let first = match first {
        First::Purchase => "purchase",
        First::Subscription => "subscription",
    };
    sqlx::query_as!(
        Cohort,
        r#"select cohort as "cohort!", month as "month!", currency, size as "size!", customers as "customers!",
                  numer::text as "numer!", denom::text as "denom!"
             from perennial.cohorts($1, $2, $3)"#,
        first,
        from,
        to
    )
    .fetch_all(conn)
    .await
}

/// Where a snapshot is not what a full recomputation says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Of which metric.
    pub metric: String,
    /// Of which currency; empty: none.
    pub currency: String,
    /// By what it is broken down.
    pub breakdown: String,
    /// Which part of it.
    pub key: String,
    /// What was told; `None`: nothing.
    pub told: Option<String>,
    /// What the history says; `None`: nothing.
    pub recomputed: Option<String>,
}

/// Compares a day's snapshot with a full recomputation.
///
/// # Errors
/// When the database does not answer.
pub async fn differences(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"select metric as "metric!", currency as "currency!", breakdown as "breakdown!", key as "key!", told, recomputed
             from perennial.check_snapshot($1)"#,
        date
    )
    .fetch_all(conn)
    .await
}
