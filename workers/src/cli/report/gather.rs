//! Reads a report out of the snapshots.

mod cohorts;

use std::collections::BTreeSet;

use chrono::{Days, Months, NaiveDate};
use perennial_core::currency::Currency;
use perennial_core::money::{Fraction, MoneyError};
use perennial_jobs::store::report::{self, Calendar};
use perennial_jobs::store::snapshots;
use sqlx::PgConnection;

use crate::report::{Book, Figure, Month, Movement, Point, Recovery, Report};

/// Months that a report tells of: the day's own, and thirteen before it, so that each is told beside
/// the same one a year ago.
const MONTHS: u32 = 14;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// The date is none.
    #[error("date: `{given}` is no date; write 2026-01-31")]
    NoDate {
        /// What was given.
        given: String,
    },
    /// Nothing was ever counted.
    #[error("date: no snapshot has been taken yet; the job `snapshot` takes one each night")]
    NoSnapshot,
    /// The day is not over.
    #[error("date: {date} is not over yet: today is {today} in {zone}")]
    NotOver {
        /// The day.
        date: NaiveDate,
        /// The one that is going on.
        today: NaiveDate,
        /// Where.
        zone: String,
    },
    /// Nothing is known of a day so early.
    #[error("date: {date} is before the first day that has figures, {first}")]
    BeforeFirst {
        /// The day.
        date: NaiveDate,
        /// The first one.
        first: NaiveDate,
    },
    /// Nobody looked at that day.
    #[error("date: no snapshot of {date} was taken; the last one is of {last}")]
    Missing {
        /// The day.
        date: NaiveDate,
        /// The last one that has figures.
        last: NaiveDate,
    },
    /// A row that cannot be read.
    #[error("corrupt row: perennial.analytics_snapshots: {metric} is {numer}/{denom}")]
    Corrupt {
        /// Of what.
        metric: String,
        /// Its numerator.
        numer: String,
        /// Its denominator.
        denom: String,
    },
    /// A sum that does not fit.
    #[error("not added up: {0}")]
    TooMuch(#[from] MoneyError),
    /// The database did not answer.
    #[error("{}", perennial_jobs::store::Said(.0))]
    Database(#[from] sqlx::Error),
}

/// The report of a day; of the last one that has a snapshot if none is given.
///
/// # Errors
/// [`ReportError`], which names what is wrong with the date.
pub(crate) async fn gather(
    conn: &mut PgConnection,
    date: Option<NaiveDate>,
) -> Result<Report, ReportError> {
    let calendar = report::calendar(conn).await?;
    let date = choose(&calendar, date)?;
    let day = figures(conn, date).await?;
    if day.is_empty() {
        return Err(ReportError::Missing { date, last: calendar.last.unwrap_or(date) });
    }
    let span = Span::ending(conn, date).await?;
    let currencies: BTreeSet<_> =
        day.iter().filter(|figure| figure.metric == "mrr").map(|it| it.currency.clone()).collect();
    let (customers_kept, mut revenue_kept) = cohorts::kept(conn, &span, &currencies).await?;
    let mut books = Vec::new();
    for code in &currencies {
        let Ok(currency) = Currency::parse(code) else { continue };
        let kept = revenue_kept.remove(code).unwrap_or_default();
        let of_plan =
            |it: &&Figure| it.metric == "mrr" && it.currency == *code && it.breakdown == "plan";
        let plans = day.iter().filter(of_plan).map(|it| (it.key.clone(), it.value)).collect();
        books.push(book(conn, &span, currency, plans).await?.keeping(kept));
    }
    let mut counts = Vec::new();
    for metric in ["customers", "subscriptions_active", "subscriptions_past_due"] {
        counts.push((metric.to_owned(), series(conn, metric, "", &span).await?));
    }
    let fresh_to = report::fresh_to(conn, date).await?;
    let recovery = Some(recovery(conn, &span).await?);
    Ok(Report { date, zone: calendar.zone, fresh_to, day, counts, books, customers_kept, recovery })
}

fn choose(calendar: &Calendar, date: Option<NaiveDate>) -> Result<NaiveDate, ReportError> {
    let Calendar { zone, today, first, last } = calendar;
    if let Some(date) = date.filter(|date| date >= today) {
        return Err(ReportError::NotOver { date, today: *today, zone: zone.clone() });
    }
    let (Some(first), Some(last)) = (*first, *last) else { return Err(ReportError::NoSnapshot) };
    match date {
        None => Ok(last),
        Some(date) if date < first => Err(ReportError::BeforeFirst { date, first }),
        Some(date) => Ok(date),
    }
}

/// The months a report looks back over.
struct Span {
    /// The first days of its months, oldest first.
    months: Vec<NaiveDate>,
    /// Its last day.
    until: NaiveDate,
    /// The days that have a snapshot.
    days: Vec<NaiveDate>,
}

impl Span {
    async fn ending(conn: &mut PgConnection, until: NaiveDate) -> sqlx::Result<Self> {
        let last = first_of(until);
        let mut months: Vec<_> = (0..MONTHS)
            .rev()
            .filter_map(|back| last.checked_sub_months(Months::new(back)))
            .collect();
        let from = months.first().copied().unwrap_or(last);
        let days = report::days(conn, from, until).await?;
        // Nothing is told of months before the first figure.
        let begun = days.first().map_or(last, |day| first_of(*day));
        months.retain(|month| *month >= begun);
        Ok(Self { months, until, days })
    }

    fn from(&self) -> NaiveDate {
        self.months.first().copied().unwrap_or(self.until)
    }

    /// The last day of a month that has a snapshot.
    fn end_of(&self, month: NaiveDate) -> Option<NaiveDate> {
        self.days.iter().rev().find(|day| first_of(**day) == month).copied()
    }

    /// A month with what is known of its days.
    fn month(&self, first: NaiveDate) -> Month {
        let end = first.checked_add_months(Months::new(1)).unwrap_or(first);
        let over = (end.min(self.until + Days::new(1)) - first).num_days();
        let known = self.days.iter().filter(|day| first_of(**day) == first).count();
        let days_known = u32::try_from(known).unwrap_or(u32::MAX);
        Month { days_known, ..Month::unknown(first, u32::try_from(over).unwrap_or(0)) }
    }
}

fn first_of(date: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    date.with_day(1).unwrap_or(date)
}

async fn figures(conn: &mut PgConnection, date: NaiveDate) -> Result<Vec<Figure>, ReportError> {
    snapshots::of_date(conn, date).await?.into_iter().map(read).collect()
}

fn read(figure: snapshots::Figure) -> Result<Figure, ReportError> {
    let value = fraction(&figure)?;
    let snapshots::Figure { metric, currency, breakdown, key, .. } = figure;
    Ok(Figure { metric, currency, breakdown, key, value })
}

fn fraction(figure: &snapshots::Figure) -> Result<Fraction, ReportError> {
    match (figure.numer.parse(), figure.denom.parse()) {
        (Ok(numer), Ok(denom)) if denom > 0_i128 => Ok(Fraction::new(numer, denom)),
        _ => Err(ReportError::Corrupt {
            metric: figure.metric.clone(),
            numer: figure.numer.clone(),
            denom: figure.denom.clone(),
        }),
    }
}

async fn series(
    conn: &mut PgConnection,
    metric: &str,
    currency: &str,
    span: &Span,
) -> Result<Vec<Point>, ReportError> {
    let rows = snapshots::series(conn, metric, currency, span.from(), span.until).await?;
    rows.iter().map(|(date, row)| Ok(Point { date: *date, value: fraction(row)? })).collect()
}

async fn book(
    conn: &mut PgConnection,
    span: &Span,
    currency: Currency,
    plans: Vec<(String, Fraction)>,
) -> Result<Book, ReportError> {
    let code = currency.code();
    let mrr = series(conn, "mrr", code, span).await?;
    let mut months: Vec<_> = span.months.iter().map(|first| span.month(*first)).collect();
    for point in &mrr {
        if let Some(month) = months.iter_mut().find(|it| it.first == first_of(point.date)) {
            month.mrr = Some(point.value);
        }
    }
    for movement in Movement::ALL {
        for point in series(conn, movement.metric(), code, span).await? {
            if let Some(month) = months.iter_mut().find(|it| it.first == first_of(point.date)) {
                month.add(movement, point.value)?;
            }
        }
    }
    let revenue_churn = series(conn, "revenue_churn_30d", code, span).await?;
    let logo_churn = series(conn, "logo_churn_30d", code, span).await?;
    Ok(Book { currency, mrr, months, plans, revenue_churn, logo_churn, revenue_kept: vec![] })
}

async fn recovery(conn: &mut PgConnection, span: &Span) -> Result<Recovery, ReportError> {
    let since = span.from();
    let mut told = Recovery { since, failed: 0, recovered: vec![], lost: 0 };
    for row in report::cases(conn, since, span.until).await? {
        let cases = i128::from(row.cases);
        told.failed += cases;
        match row.outcome.as_deref() {
            Some("recovered") => {
                told.recovered.push((u32::try_from(row.attempts_made).unwrap_or(0), cases));
            }
            Some(_) => told.lost += cases,
            None => {}
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar() -> Calendar {
        Calendar {
            zone: "Europe/London".to_owned(),
            today: day("2026-03-10"),
            first: Some(day("2026-01-05")),
            last: Some(day("2026-03-08")),
        }
    }

    #[test]
    fn the_last_day_that_has_figures_is_told_unless_another_is_asked_for() {
        assert_eq!(choose(&calendar(), None).unwrap(), day("2026-03-08"));
        assert_eq!(choose(&calendar(), Some(day("2026-01-05"))).unwrap(), day("2026-01-05"));
    }

    #[test]
    fn a_day_of_which_nothing_can_be_told_is_refused_by_name() {
        let refused = |date| choose(&calendar(), Some(day(date))).unwrap_err().to_string();
        assert_eq!(
            refused("2026-03-10"),
            "date: 2026-03-10 is not over yet: today is 2026-03-10 in Europe/London"
        );
        assert_eq!(
            refused("2026-01-04"),
            "date: 2026-01-04 is before the first day that has figures, 2026-01-05"
        );
        let empty = Calendar { first: None, last: None, ..calendar() };
        assert!(matches!(choose(&empty, None), Err(ReportError::NoSnapshot)));
    }

    #[test]
    fn a_month_knows_how_many_of_its_days_are_told() {
        let until = day("2026-02-10");
        let days = vec![day("2026-01-30"), day("2026-02-09"), day("2026-02-10")];
        let span = Span { months: vec![day("2026-01-01"), day("2026-02-01")], until, days };
        let told = span.months.iter().map(|first| span.month(*first));
        let told: Vec<_> = told.map(|month| (month.days_known, month.days_over)).collect();
        assert_eq!(told, [(1, 31), (2, 10)]);
        assert_eq!(span.end_of(day("2026-01-01")), Some(day("2026-01-30")));
    }
}
