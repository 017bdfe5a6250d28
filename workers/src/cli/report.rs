//! `perennial report`

mod gather;
mod machine;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use chrono::NaiveDate;
use perennial_jobs::store::snapshots;
use sqlx::PgConnection;

use super::exit::{Error, Exit, say, talk};
use crate::database::{self, Role};
use crate::report::{Figure, Paint, page, summary};
use crate::settings::{self, variable};

pub(super) use gather::{ReportError, gather};

const EXAMPLES: &str = "\
Examples:
  perennial report                            the last day that has a snapshot
  perennial report --date 2026-02-28 --csv > february.csv
  perennial report --metric revenue_churn_30d --by plan
  perennial report --html report.html         one page, to be opened in any browser
";

/// Report the business's figures of a day.
///
/// Revenue, what moved it, churn, cohorts and recovery, from the snapshots that were taken. Reads from
/// PERENNIAL_ANALYTICS_URL (a replica) where that is set.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Report {
    /// The day, in the business's zone. The last one that has a snapshot if not given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
    /// One JSON object: the day's figures as exact fractions, and the course of the main ones.
    #[arg(long, group = "form")]
    json: bool,
    /// The day's figures as CSV.
    #[arg(long, group = "form")]
    csv: bool,
    /// Write a page that needs nothing else to FILE.
    #[arg(long, group = "form", value_name = "FILE")]
    html: Option<PathBuf>,
    /// Only this metric; `perennial.analytics_metrics` lists them.
    #[arg(long, conflicts_with = "html")]
    metric: Option<String>,
    /// Only by this: total, plan, interval, currency, country, cohort … as far as it means something.
    #[arg(long, value_name = "BREAKDOWN", requires = "metric")]
    by: Option<String>,
    /// Only in this currency.
    #[arg(long, requires = "metric")]
    currency: Option<String>,
}

impl Report {
    pub(super) async fn run(self) -> Result<(), Error> {
        let date = self.date.as_deref().map(read_date).transpose()?;
        let url = settings::analytics_url().map_or_else(settings::database_url, Ok)?;
        let pool = database::connect(&url, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let mut report = gather(&mut conn, date).await?;
        if let Some(metric) = &self.metric {
            self.choose(&mut conn, metric, &mut report.day).await?;
        }
        if self.json {
            return say(machine::json(&report));
        }
        if self.csv {
            return write(&machine::csv(&report));
        }
        if let Some(file) = self.html {
            let page = page(&report).map_err(ReportError::from)?;
            std::fs::write(&file, page).map_err(|error| {
                Error::data(format!("html: {} is not written: {error}", file.display()))
            })?;
            talk(format_args!("perennial: {} is the report of {}", file.display(), report.date));
            return Ok(());
        }
        if self.metric.is_some() {
            return write(&machine::lines(&report));
        }
        write(&summary(&report, paint()))
    }

    /// Leaves of the day's figures those that are asked for.
    async fn choose(
        &self,
        conn: &mut PgConnection,
        metric: &str,
        day: &mut Vec<Figure>,
    ) -> Result<(), Error> {
        let currency = self.currency.as_deref();
        snapshots::require_metric(&mut *conn, metric, currency.unwrap_or_default()).await?;
        if let Some(by) = &self.by {
            snapshots::require_breakdown(conn, metric, by).await?;
        }
        day.retain(|figure| {
            figure.metric == metric
                && self.by.as_ref().is_none_or(|by| figure.breakdown == *by)
                && currency.is_none_or(|currency| figure.currency == currency)
        });
        Ok(())
    }
}

fn read_date(text: &str) -> Result<NaiveDate, ReportError> {
    text.parse().map_err(|_| ReportError::NoDate { given: text.to_owned() })
}

pub(super) fn paint() -> Paint {
    let plain = !io::stdout().is_terminal() || variable("NO_COLOR").is_some();
    if plain { Paint::Plain } else { Paint::Ansi }
}

fn write(text: &str) -> Result<(), Error> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

impl From<ReportError> for Error {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Database(error) => error.into(),
            ReportError::Corrupt { .. } | ReportError::TooMuch(_) => {
                Self::new(Exit::Internal, error)
            }
            _ => Self::data(error),
        }
    }
}
