//! Snapshots of the business's numbers: taken once per day, the same whenever that is.
//!
//! What is read may be read from a replica, what is found is kept in the primary. A day is read in
//! one state of the database, which is not older than the day's end.

use std::time::Instant;

use chrono::NaiveDate;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::ids;
use crate::store::snapshot_runs::{self, Run, Way};
use crate::store::snapshots::{self, Difference};

/// Why a snapshot is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// It was time.
    Scheduled,
    /// A job asked for this day.
    OnDemand,
    /// Somebody asked for it.
    Manual,
    /// Somebody wants what came late to be in it.
    Restated,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::OnDemand => "on_demand",
            Self::Manual => "manual",
            Self::Restated => "restated",
        }
    }
}

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The run that is on record.
    pub run: Uuid,
    /// Figures that are new, or another than was told.
    pub figures: u64,
    /// Movements, edges and postings that came after the day was first looked at.
    pub late: i64,
    /// It had been told already, and was left as it was.
    pub stood: bool,
}

/// Where snapshots are read from and kept.
#[derive(Debug)]
pub struct Books<'a> {
    /// Reads: the primary, or a replica of it.
    pub reader: &'a mut PgConnection,
    /// The primary.
    pub primary: &'a mut PgConnection,
}

impl Books<'_> {
    /// Takes the snapshot of a day. One that was taken already stays, unless it is restated: then
    /// what is another now is told anew, and what was told before is kept.
    ///
    /// # Errors
    /// When the day is not over, lies before the first, or is not yet replicated.
    pub async fn take(&mut self, day: NaiveDate, method: Method) -> sqlx::Result<Taken> {
        let began = Instant::now();
        let mut kept = self.primary.begin().await?;
        snapshot_runs::lock(&mut kept).await?;
        let stood = method != Method::Restated && snapshot_runs::is_told(&mut kept, day).await?;
        snapshot_runs::require_day(&mut kept, day).await?;
        let mut read =
            self.reader.begin_with("begin isolation level repeatable read, read only").await?;
        snapshot_runs::require_day(&mut read, day).await?;
        let look = snapshot_runs::look(&mut read, day).await?;
        let figures = match (stood, look.has_base) {
            (true, _) => Vec::new(),
            (false, true) => snapshot_runs::figures(&mut read, day, Way::Incremental).await?,
            (false, false) => snapshot_runs::figures(&mut read, day, Way::Full).await?,
        };
        read.rollback().await?;
        crate::crash_point!("snapshot.C1");
        let duration_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let run = Run { id: ids::new(), day, method: method.as_str(), look: &look, duration_ms };
        let late = snapshot_runs::insert_run(&mut kept, &run).await?;
        let count = if stood { 0 } else { snapshot_runs::keep(&mut kept, &run, &figures).await? };
        crate::crash_point!("snapshot.C2");
        kept.commit().await?;
        crate::crash_point!("snapshot.C7");
        Ok(Taken { run: run.id, figures: count, late, stood })
    }

    /// Takes the snapshots of all days that are over and have none since the last.
    ///
    /// # Errors
    /// As [`Books::take`].
    pub async fn catch_up(&mut self) -> sqlx::Result<Vec<NaiveDate>> {
        let days = snapshot_runs::missing_days(self.primary).await?;
        for day in &days {
            self.take(*day, Method::Scheduled).await?;
        }
        Ok(days)
    }
}

/// The first day of which there is something to tell; `None` where there is none yet.
///
/// # Errors
/// When the database does not answer.
pub async fn first_day(conn: &mut PgConnection) -> sqlx::Result<Option<NaiveDate>> {
    snapshot_runs::first_day(conn).await
}

/// The last day of the business that is over.
///
/// # Errors
/// When the database does not answer.
pub async fn last_day(conn: &mut PgConnection) -> sqlx::Result<NaiveDate> {
    snapshot_runs::last_day(conn).await
}

/// Where the snapshot of a day differs from a full recomputation.
///
/// # Errors
/// When nothing can be told of the day.
pub async fn check(conn: &mut PgConnection, day: NaiveDate) -> sqlx::Result<Vec<Difference>> {
    snapshot_runs::require_day(&mut *conn, day).await?;
    snapshots::differences(conn, day).await
}
