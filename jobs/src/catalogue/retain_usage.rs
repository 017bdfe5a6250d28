//! Keeps usage events for as long as the plans say: makes partitions ahead, drops the months that
//! nobody keeps, and deletes what single customers do not keep.
//!
//! **Runs** on a schedule.
//! **Safe to repeat:** what is made is there, what is deleted is gone. Each step is a transaction of
//! its own and bounded, so that recording goes on beside it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};
use crate::store::usage_retention::{self, Pruned};
use crate::waiting;

/// Rows that are deleted in one transaction.
const BATCH: i32 = 10_000;

/// When partitions are tried again that a caller's transaction locks. Each try makes usage that is
/// recorded meanwhile wait for a moment.
const BLOCKED_WAIT: Duration = Duration::from_secs(60);

/// It is time to clean up usage events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RetainUsage {}

impl Job for RetainUsage {
    const NAME: &'static str = "retain_usage";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let mut conn = cx.pool.acquire().await?;
        let made = unless_blocked(usage_retention::make_partitions(&mut conn).await)?;
        let dropped = unless_blocked(usage_retention::drop_partitions(&mut conn).await)?;
        let mut deleted = 0;
        for partition in usage_retention::prunable_partitions(&mut conn).await? {
            deleted += prune(&mut conn, &partition).await?;
        }
        while usage_retention::prune_ids(&mut conn, BATCH).await? > 0 {}
        while usage_retention::prune_counters(&mut conn, BATCH).await? > 0 {}
        let months = dropped.unwrap_or_default();
        tracing::info!(
            dropped = months,
            deleted,
            "dropped {months} months and {deleted} single events of usage"
        );
        match (made, dropped) {
            (Some(_), Some(_)) => Ok(()),
            _ => Err(Failure::NotYet { wait: BLOCKED_WAIT }),
        }
    }
}

/// What a step answered; `None` where a transaction that stays open locks its table.
fn unless_blocked<T>(answer: sqlx::Result<T>) -> sqlx::Result<Option<T>> {
    match answer {
        Err(error) if waiting::is_blocked(&error) => Ok(None),
        answer => answer.map(Some),
    }
}

async fn prune(conn: &mut PgConnection, partition: &str) -> sqlx::Result<i64> {
    let (mut total, mut after) = (0, Some(Uuid::nil()));
    while let Some(customer) = after {
        let Pruned { deleted, reached } =
            usage_retention::prune(&mut *conn, partition, customer, BATCH).await?;
        total += deleted;
        after = reached;
    }
    Ok(total)
}
