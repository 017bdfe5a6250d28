//! Takes the snapshot of a day, or of all days that are over and have none since the last.
//!
//! **Runs** on a schedule, or for a day that is asked for.
//! **Safe to repeat:** a day that was told stays as it was told.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};
use crate::snapshot::{Books, Method};

/// It is time to take a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Of this day; without it, of all that lack one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
}

impl Job for Snapshot {
    const NAME: &'static str = "snapshot";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        self.date.map_or_else(|| "now".to_owned(), |date| date.to_string())
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let mut reader = cx.analytics.acquire().await?;
        let mut primary = cx.pool.acquire().await?;
        let mut books = Books { reader: &mut reader, primary: &mut primary };
        match self.date {
            None => {
                let days = books.catch_up().await.map_err(ending)?;
                tracing::info!(days = days.len(), "took the snapshots of {} days", days.len());
            }
            Some(date) => {
                let taken = books.take(date, Method::OnDemand).await.map_err(ending)?;
                tracing::info!(%date, figures = taken.figures, "took the snapshot of {date}");
            }
        }
        Ok(())
    }
}

/// A day that nothing can be told of will not be another tomorrow; a replica that lags may catch up.
fn ending(error: sqlx::Error) -> Failure {
    match error.as_database_error() {
        Some(refusal) if refusal.code().as_deref() == Some("22023") => {
            Failure::give_up(refusal.message())
        }
        _ => Failure::retry(error),
    }
}
