//! What is due after a pause: every missed period in order, but not without end.

use chrono::{DateTime, Utc};

use super::{CalendarError, Cycle};

/// More periods than this are not billed without someone looking.
pub const PERIODS_BEHIND_MAX: i64 = 36;

/// The boundaries that are due, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUp {
    /// Index and instant of each boundary to bill in this run.
    pub boundaries: Vec<(i64, DateTime<Utc>)>,
    /// How many more are due after this run.
    pub remaining: i64,
}

impl CatchUp {
    /// How many are due, in this run and after it.
    #[must_use]
    pub fn total(&self) -> i64 {
        i64::try_from(self.boundaries.len()).unwrap_or(i64::MAX).saturating_add(self.remaining)
    }

    /// Whether somebody has to look before they are billed (rule T6).
    #[must_use]
    pub fn is_too_far_behind(&self) -> bool {
        self.total() > PERIODS_BEHIND_MAX
    }
}

impl Cycle {
    /// The boundaries from `next_index` with `B(k) <= now`, at most `cap` of them.
    ///
    /// Each is billed as if on its day; the time to pay counts from processing,
    /// so that our own downtime puts nobody into dunning.
    pub fn due_boundaries(
        &self,
        next_index: i64,
        now: DateTime<Utc>,
        cap: usize,
    ) -> Result<CatchUp, CalendarError> {
        let current = self.period_containing(now)?;
        let due = current.saturating_sub(next_index).saturating_add(1).max(0);
        let in_this_run = due.min(i64::try_from(cap).unwrap_or(i64::MAX));
        let boundaries = (next_index..next_index + in_this_run)
            .map(|index| Ok((index, self.boundary(index)?)))
            .collect::<Result<_, CalendarError>>()?;
        Ok(CatchUp { boundaries, remaining: due - in_this_run })
    }
}
