//! Deletes dead letters, ticks and finished jobs that nobody needs any more.
//!
//! **Runs** on a schedule.
//! **Safe to repeat:** what is deleted is gone.

use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};

/// It is time to clean up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PruneJobs {}

impl Job for PruneJobs {
    const NAME: &'static str = "prune_jobs";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        sqlx::query!("select perennial.prune_jobs(interval '90 days', interval '30 days')")
            .execute(&cx.pool)
            .await?;
        Ok(())
    }
}
