//! What a report needs to know beside the snapshots' figures.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

/// The days there are.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The zone whose midnights bound them.
    pub zone: String,
    /// The day that is not over yet.
    pub today: NaiveDate,
    /// The first that has a snapshot.
    pub first: Option<NaiveDate>,
    /// The last that has one.
    pub last: Option<NaiveDate>,
}

/// The days there are, at the global clock's business time.
///
/// # Errors
/// When the database does not answer.
pub async fn calendar(conn: &mut PgConnection) -> sqlx::Result<Calendar> {
    sqlx::query_as!(
        Calendar,
        r#"select business_zone as "zone!", (perennial.business_now() at time zone business_zone)::date as "today!",
                  (select min(date) from perennial.analytics_runs) as first,
                  (select max(date) from perennial.analytics_runs) as last
             from perennial.analytics_settings"#
    )
    .fetch_one(conn)
    .await
}

/// The days of a span that have a snapshot, both ends included.
///
/// # Errors
/// When the database does not answer.
pub async fn days(
    conn: &mut PgConnection,
    from: NaiveDate,
    to: NaiveDate,
) -> sqlx::Result<Vec<NaiveDate>> {
    sqlx::query_scalar!(
        "select distinct date from perennial.analytics_runs where date between $1 and $2 order by date",
        from,
        to
    )
    .fetch_all(conn)
    .await
}

/// Up to when data was in when a day was last looked at.
///
/// # Errors
/// When the database does not answer.
pub async fn fresh_to(
    conn: &mut PgConnection,
    date: NaiveDate,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select fresh_to from perennial.analytics_runs where date = $1 order by recorded_at desc limit 1",
        date
    )
    .fetch_optional(conn)
    .await
}

/// How cases of dunning went.
#[derive(Debug, Clone)]
pub struct CasesRow {
    /// `recovered`, one of the ways to be lost, or none while it is open.
    pub outcome: Option<String>,
    /// Attempts after the one that failed.
    pub attempts_made: i32,
    /// How many cases.
    pub cases: i64,
}

/// Cases that began within a span of days, as they stood when its last day ended.
///
/// # Errors
/// When the database does not answer.
pub async fn cases(
    conn: &mut PgConnection,
    from: NaiveDate,
    to: NaiveDate,
) -> sqlx::Result<Vec<CasesRow>> {
    sqlx::query_as!(
        CasesRow,
        r#"with span as (
               select perennial.day_start($1) as since, perennial.day_start($2::date + 1) as until
           )
           select case when c.closed_at < s.until then c.outcome end as outcome, c.attempts_made as "attempts_made!",
                  count(*) as "cases!"
             from perennial.dunning_cases c, span s
            where c.failed_at >= s.since and c.failed_at < s.until
            group by 1, 2 order by 1, 2"#,
        from,
        to
    )
    .fetch_all(conn)
    .await
}
