//! Closes the usage periods that have ended and opens the next ones.
//!
//! **Runs** when a meter's period ends, for all meters of a clock that are due: one job, however
//! many there are.
//! **Safe to repeat:** a period is closed once, by its key; each step is one transaction.

use perennial_core::ids::ClockId;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Failure, Job, Scope};
use crate::usage::{self, Whose};
use crate::waiting;

/// Meters whose periods are closed in one transaction.
const BATCH: i32 = 20_000;

/// Meters of a clock are due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetQuota {
    /// Whose business time it is.
    pub clock: ClockId,
}

impl Job for ResetQuota {
    const NAME: &'static str = "reset_quota";
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        self.clock.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        loop {
            let mut transaction = waiting::begin(&cx.pool).await?;
            let closed =
                usage::close_step(&mut transaction, self.clock.0, Whose::All, BATCH).await?;
            crate::crash_point!("reset.C2");
            transaction.commit().await?;
            crate::crash_point!("reset.C7");
            if closed == 0 {
                return Ok(());
            }
        }
    }
}
