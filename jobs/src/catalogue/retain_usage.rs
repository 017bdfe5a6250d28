//! Keeps usage events for as long as the plans say: makes partitions ahead, drops the months that
//! nobody keeps, and deletes what single customers do not keep.
//!
//! **Runs** on a schedule.
//! **Safe to repeat:** what is made is there, what is deleted is gone. Each step is a transaction of
//! its own and bounded, so that recording goes on beside it.

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};
use crate::store::usage_retention::{self, Pruned};

/// Rows that are deleted in one transaction.
const BATCH: i32 = 10_000;

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
        usage_retention::make_partitions(&mut conn).await?;
        let dropped = usage_retention::drop_partitions(&mut conn).await?;
        let mut deleted = 0;
        for partition in usage_retention::prunable_partitions(&mut conn).await? {
            deleted += prune(&mut conn, &partition).await?;
        }
        while usage_retention::prune_ids(&mut conn, BATCH).await? > 0 {}
        while usage_retention::prune_counters(&mut conn, BATCH).await? > 0 {}
        tracing::info!(
            dropped,
            deleted,
            "dropped {dropped} months and {deleted} single events of usage"
        );
        Ok(())
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
