//! The heartbeat: keeps this process's leases alive whatever its handlers do, and frees the jobs
//! of processes that died.

use std::{collections::HashSet, sync::Arc, time::Duration};

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
        // After an outage the others get a beat to extend their leases before they count as dead.
        let kept = if away { extend(&shared).await } else { keep(&shared).await };
        match kept {
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

/// Our own leases first: what is reclaimed after is nobody's.
async fn keep(shared: &Shared) -> sqlx::Result<()> {
    extend(shared).await?;
    reclaim(shared).await
}

async fn extend(shared: &Shared) -> sqlx::Result<()> {
    let due = shared.held.due();
    let extended = store::call(&shared.pool, async |connection| {
        store::sign_in(connection, shared.worker, &shared.name).await?;
        match due.as_slice() {
            [] => Ok(vec![]),
            due => store::extend(connection, shared.worker, due).await,
        }
    })
    .await?;
    let kept: HashSet<i64> = extended.into_iter().collect();
    shared.held.remove(due.iter().map(|(fence, _)| fence).filter(|f| !kept.contains(&f.id)));
    Ok(())
}

async fn reclaim(shared: &Shared) -> sqlx::Result<()> {
    let reclaimed = store::call(&shared.pool, async |connection| {
        store::reclaim(connection, shared.worker).await
    })
    .await?;
    let released = store::call(&shared.pool, store::release_quarantined).await?;
    if released > 0 {
        info!(released, "quarantines are over: the jobs are run again, each alone");
    }
    for job in &reclaimed {
        if job.quarantined {
            error!(
                job.name = job.queue,
                job.id = job.id,
                deaths = job.deaths,
                "a job killed its process, alone: it is quarantined for a while"
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
