//! Taking snapshots: what is read, maybe from a replica, and what is kept.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::snapshots::Figure;

/// Days that are over and have no snapshot: from the last one that has on, or else yesterday alone.
pub(crate) async fn missing_days(conn: &mut PgConnection) -> sqlx::Result<Vec<NaiveDate>> {
    sqlx::query_scalar!(
        r#"select d::date as "day!"
             from generate_series(
                  greatest(perennial.first_day(),
                           coalesce((select max(date) + 1 from perennial.analytics_runs), perennial.business_day() - 1)),
                  perennial.business_day() - 1, interval '1 day') d
            where perennial.first_day() is not null
            order by 1"#
    )
    .fetch_all(conn)
    .await
}

/// The first day of which there is something to tell.
pub(crate) async fn first_day(conn: &mut PgConnection) -> sqlx::Result<Option<NaiveDate>> {
    sqlx::query_scalar!("select perennial.first_day()").fetch_one(conn).await
}

/// The last day that is over.
pub(crate) async fn last_day(conn: &mut PgConnection) -> sqlx::Result<NaiveDate> {
    sqlx::query_scalar!(r#"select perennial.business_day() - 1 as "day!""#).fetch_one(conn).await
}

/// Refuses days that nothing can be told of.
pub(crate) async fn require_day(conn: &mut PgConnection, day: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!("select perennial.require_day($1)", day).fetch_one(conn).await.map(drop)
}

/// Whether a day was told already.
pub(crate) async fn is_told(conn: &mut PgConnection, day: NaiveDate) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from perennial.analytics_snapshots where date = $1) as "told!""#,
        day
    )
    .fetch_one(conn)
    .await
}

/// Under what circumstances a day is looked at.
#[derive(Debug)]
pub(crate) struct Look {
    /// Business time.
    pub(crate) taken_at: DateTime<Utc>,
    pub(crate) fresh_to: DateTime<Utc>,
    /// Machine time: all that was recorded by then is seen.
    pub(crate) seen_at: DateTime<Utc>,
    pub(crate) facts: i64,
    /// Those of them that stocks are made of.
    pub(crate) stock_facts: i64,
    /// The snapshot of the day before can be gone on from.
    pub(crate) has_base: bool,
}

/// Looks at a day. In a transaction that sees one state of the database.
pub(crate) async fn look(conn: &mut PgConnection, day: NaiveDate) -> sqlx::Result<Look> {
    sqlx::query_as!(
        Look,
        r#"select perennial.business_now() as "taken_at!", perennial.analytics_fresh_to() as "fresh_to!",
                  now() as "seen_at!", f.facts as "facts!", f.stock_facts as "stock_facts!",
                  perennial.snapshot_base($1) is not null as "has_base!"
             from perennial.facts_of($1) f"#,
        day
    )
    .fetch_one(conn)
    .await
}

/// How a day's figures are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From all that was recorded.
    Full,
    /// From the snapshot of the day before, and what moved since.
    Incremental,
}

/// A day's figures from the recorded history.
pub(crate) async fn figures(
    conn: &mut PgConnection,
    day: NaiveDate,
    way: Way,
) -> sqlx::Result<Vec<Figure>> {
    let way = match way {
        Way::Full => "full",
        Way::Incremental => "incremental",
    };
    sqlx::query_as!(
        Figure,
        r#"select metric as "metric!", currency as "currency!", breakdown as "breakdown!", key as "key!",
                  numer::text as "numer!", denom::text as "denom!"
             from perennial.figures_of($1, $2)"#,
        day,
        way
    )
    .fetch_all(conn)
    .await
}

/// Waits for whoever takes a snapshot, until the end of the transaction.
pub(crate) async fn lock(conn: &mut PgConnection) -> sqlx::Result<()> {
    // A row of our own: an advisory lock could be held by anybody who connects.
    sqlx::query!("select from perennial.analytics_settings for no key update")
        .fetch_all(conn)
        .await
        .map(drop)
}

/// A run, to be kept.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) id: Uuid,
    pub(crate) day: NaiveDate,
    pub(crate) method: &'a str,
    pub(crate) look: &'a Look,
    pub(crate) duration_ms: i64,
    /// What was found; `None`: what had been told stands.
    pub(crate) found: Option<&'a [Figure]>,
}

/// What was kept of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    /// Figures that are new, or another than was told.
    pub(crate) figures: i64,
    /// Facts that came after the first run of the day.
    pub(crate) late: i64,
}

/// Keeps a run, and the next version of each figure that is another than was told, and of those that
/// are no more.
pub(crate) async fn keep(conn: &mut PgConnection, run: &Run<'_>) -> sqlx::Result<Kept> {
    let column = |of: fn(&Figure) -> &String| -> Vec<String> {
        run.found.unwrap_or_default().iter().map(|figure| of(figure).clone()).collect()
    };
    if run.found.is_some() {
        sqlx::query!("select perennial.make_snapshot_partition($1)", run.day)
            .fetch_one(&mut *conn)
            .await?;
    }
    sqlx::query_as!(
        Kept,
        r#"with found as (
               select metric collate "C" as metric, currency, breakdown collate "C" as breakdown, key collate "C" as key,
                      numer::numeric as numer, denom::numeric as denom
                 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
                      as u (metric, currency, breakdown, key, numer, denom)),
           told as (
               select distinct on (metric, currency, breakdown, key) metric, currency, breakdown, key, numer, denom, version
                 from perennial.analytics_snapshots where date = $1
                order by metric, currency, breakdown, key, version desc),
           kept as (
               insert into perennial.analytics_snapshots (date, metric, currency, breakdown, key, version, numer, denom, run_id)
               select $1, metric, currency, breakdown, key, coalesce(t.version, 0) + 1, f.numer, coalesce(f.denom, 1), $2
                 from found f full join told t using (metric, currency, breakdown, key)
                where $9 and (t.version is null or t.numer is distinct from f.numer
                              or (f.numer is not null and t.denom <> f.denom))
               returning 1)
           insert into perennial.analytics_runs
               (id, date, method, taken_at, duration_ms, fresh_to, facts, stock_facts, late_rows, figures, recorded_at)
           select $2, $1, $10, $11, $12, $13, $14::bigint, $15,
                  $14::bigint - coalesce((select facts from perennial.analytics_runs where date = $1
                                           order by recorded_at limit 1), $14::bigint),
                  case when $9 then (select count(*) from kept) end, $16
           returning coalesce(figures, 0) as "figures!", late_rows as late"#,
        run.day,
        run.id,
        &column(|figure| &figure.metric),
        &column(|figure| &figure.currency),
        &column(|figure| &figure.breakdown),
        &column(|figure| &figure.key),
        &column(|figure| &figure.numer),
        &column(|figure| &figure.denom),
        run.found.is_some(),
        run.method,
        run.look.taken_at,
        run.duration_ms,
        run.look.fresh_to,
        run.look.facts,
        run.look.stock_facts,
        run.look.seen_at
    )
    .fetch_one(conn)
    .await
}

/// The days after this one that were told.
pub(crate) async fn told_after(
    conn: &mut PgConnection,
    day: NaiveDate,
) -> sqlx::Result<Vec<NaiveDate>> {
    sqlx::query_scalar!(
        "select distinct date from perennial.analytics_runs where date > $1 order by date",
        day
    )
    .fetch_all(conn)
    .await
}

/// Whether what a run found reaches into the days that follow: a stock goes on, a movement is in the
/// rates of a window.
pub(crate) async fn reaches_on(
    conn: &mut PgConnection,
    run: Uuid,
    day: NaiveDate,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from perennial.analytics_snapshots s join perennial.analytics_metrics m using (metric)
                           where s.date = $2 and s.run_id = $1
                             and (m.span = 'stock' or m.metric like 'movement\_%')) as "reaches!""#,
        run,
        day
    )
    .fetch_one(conn)
    .await
}
