//! The heartbeat: keeps this process's leases alive whatever its handlers do, and frees the jobs
//! of processes that died.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};
use tracing::{error, info, warn};

use super::Shared;
use crate::store;

const PRUNE_EVERY: Duration = Duration::from_secs(600);
const BEAT_MAX: Duration = Duration::from_secs(5);
const BEAT_MIN: Duration = Duration::from_millis(20);

pub(super) async fn run(shared: Arc<Shared>) {
    let mut pruned_at: Option<Instant> = None;
    let mut away = false;
    loop {
        tokio::select! {
            () = shared.finished.cancelled() => return,
            _ = timeout(beat(&shared), shared.line_added.notified()) => {}
        }
        match keep(&shared).await {
            Ok(()) => away = false,
            Err(fault) => {
                if !away {
                    warn!(error = %fault, "the heartbeat cannot reach its database");
                }
                away = true;
                continue;
            }
        }
        if pruned_at.is_none_or(|at| at.elapsed() > PRUNE_EVERY) {
            pruned_at = Some(Instant::now());
            if let Err(fault) = store::call(&shared.pool, store::prune).await {
                warn!(error = %fault, "old jobs were not pruned");
            }
        }
    }
}

/// Four times per shortest lease.
fn beat(shared: &Shared) -> Duration {
    let lines = shared.lines();
    let shortest = lines.iter().map(|line| line.config.lease / 4).min();
    shortest.unwrap_or(BEAT_MAX).clamp(BEAT_MIN, BEAT_MAX)
}

async fn keep(shared: &Shared) -> sqlx::Result<()> {
    let due = shared.held.due();
    // Our own leases first: what is reclaimed after is nobody's.
    let (extended, reclaimed) = store::call(&shared.pool, async |connection| {
        let extended = match due.as_slice() {
            [] => vec![],
            due => store::extend(connection, shared.worker, due).await?,
        };
        store::sign_in(connection, shared.worker, &shared.name).await?;
        Ok((extended, store::reclaim(connection, shared.worker).await?))
    })
    .await?;
    let kept: std::collections::HashSet<i64> = extended.into_iter().collect();
    shared.held.remove(due.iter().map(|(fence, _)| fence).filter(|f| !kept.contains(&f.id)));
    for job in &reclaimed {
        if job.quarantined {
            error!(
                job.name = job.queue,
                job.id = job.id,
                deaths = job.deaths,
                "a job killed its process too often: it is quarantined"
            );
        } else {
            info!(
                job.name = job.queue,
                job.id = job.id,
                deaths = job.deaths,
                "a job whose worker died is free again"
            );
        }
    }
    for line in shared.lines() {
        if reclaimed.iter().any(|job| job.queue == line.name) {
            line.wake.notify_one();
        }
    }
    Ok(())
}
