//! Snapshots of the business's numbers: taken once per day, the same whenever that is.
//!
//! What is read may be read from a replica, what is found is kept in the primary. A day is read in
//! one state of the database, which is not older than the day's end.

use std::time::Instant;

use chrono::{Days, NaiveDate};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::ids;
use crate::store::snapshot_runs::{self, Kept, Run, Way};
use crate::store::snapshots::{self, Difference};

/// For how many days a movement is in the rates that are told.
const WINDOW: Days = Days::new(30);

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
    /// Facts that came after the day was first looked at, of all kinds that figures are made of.
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
        let found = match (stood, look.has_base) {
            (true, _) => None,
            (false, true) => Some(snapshot_runs::figures(&mut read, day, Way::Incremental).await?),
            (false, false) => Some(snapshot_runs::figures(&mut read, day, Way::Full).await?),
        };
        read.rollback().await?;
        crate::crash_point!("snapshot.C1");
        let run = Run {
            id: ids::new(),
            day,
            method: method.as_str(),
            look: &look,
            duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
            found: found.as_deref(),
        };
        let Kept { figures, late } = snapshot_runs::keep(&mut kept, &run).await?;
        crate::crash_point!("snapshot.C2");
        kept.commit().await?;
        crate::crash_point!("snapshot.C7");
        Ok(Taken { run: run.id, figures: u64::try_from(figures).unwrap_or(0), late, stood })
    }

    /// Tells the days from `first` to `last` anew, and then those days told after them that this
    /// reaches: each goes on from the one before, and a movement is in the rates of 30 days.
    /// Answers with the days of the span, and with the others that are another now.
    ///
    /// # Errors
    /// As [`Books::take`].
    pub async fn restate(
        &mut self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> sqlx::Result<Vec<(NaiveDate, Taken)>> {
        let mut told = Vec::new();
        let mut reached = last;
        for day in first.iter_days().take_while(|day| *day <= last) {
            let taken = self.take(day, Method::Restated).await?;
            if snapshot_runs::reaches_on(self.primary, taken.run, day).await? {
                reached = last.max(day + WINDOW);
            }
            told.push((day, taken));
        }
        for day in snapshot_runs::told_after(self.primary, last).await? {
            if day > reached {
                break;
            }
            let taken = self.take(day, Method::Restated).await?;
            if snapshot_runs::reaches_on(self.primary, taken.run, day).await? {
                reached = day + WINDOW;
            }
            if taken.figures > 0 {
                told.push((day, taken));
            }
        }
        Ok(told)
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
