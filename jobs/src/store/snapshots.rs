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
