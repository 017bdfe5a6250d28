//! Writes acknowledgements, in batches and on tasks of their own: a finished job waits for no
//! handler, no fetch and no other queue. What cannot be written is kept until it can.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{Mutex, mpsc::UnboundedReceiver},
    time::timeout,
};
use tracing::{info, warn};

use super::Shared;
use crate::{
    ending::Outcome,
    lease::Ack,
    store::{self, Fence},
};

pub(super) const TASKS: usize = 2;
const BATCH_MAX: usize = 2000;
const OUTAGE_WAIT_FIRST: Duration = Duration::from_millis(20);
const OUTAGE_WAIT_MAX: Duration = Duration::from_secs(1);

pub(super) async fn run(shared: Arc<Shared>, outcomes: Arc<Mutex<UnboundedReceiver<Ack>>>) {
    loop {
        let mut batch = Vec::new();
        let received = {
            let mut outcomes = outcomes.lock().await;
            tokio::select! {
                received = outcomes.recv_many(&mut batch, BATCH_MAX) => received,
                () = shared.finished.cancelled() => return,
            }
        };
        if received == 0 {
            return;
        }
        for group in by_kind(batch) {
            write(&shared, group).await;
        }
    }
}

/// One statement writes one kind of outcome.
fn by_kind(batch: Vec<Ack>) -> Vec<Vec<Ack>> {
    let mut groups: Vec<Vec<Ack>> = Vec::new();
    for ack in batch {
        let kind = std::mem::discriminant(&ack.outcome);
        let same = |group: &&mut Vec<Ack>| {
            group.first().is_some_and(|a| std::mem::discriminant(&a.outcome) == kind)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(ack),
            None => groups.push(vec![ack]),
        }
    }
    groups
}

async fn write(shared: &Shared, group: Vec<Ack>) {
    let mut rows: Vec<(Fence, Outcome)> = Vec::with_capacity(group.len());
    let mut lines = Vec::with_capacity(group.len());
    for Ack { fence, outcome, line } in group {
        rows.push((fence, outcome));
        lines.push(line);
    }
    let mut wait = Duration::ZERO;
    let settled = loop {
        let written = store::call(&shared.pool, async |connection| {
            store::settle(connection, shared.worker, &rows).await
        });
        match written.await {
            Ok(settled) => break settled,
            Err(fault) => {
                if wait.is_zero() {
                    warn!(error = %fault, acks = rows.len(), "acknowledgements are kept until the database is back");
                }
                wait = (wait * 2).clamp(OUTAGE_WAIT_FIRST, OUTAGE_WAIT_MAX);
                // Nothing but a drain given up cancels this wait.
                let _ = timeout(wait, shared.finished.cancelled()).await;
            }
        }
    };
    report(&rows, settled);
    shared.held.remove(rows.iter().map(|(fence, _)| fence));
    // What was put back comes due at a time the queue has not heard of.
    let put_back = matches!(rows.first(), Some((_, Outcome::Later { .. } | Outcome::GivenBack)));
    for line in lines {
        line.settled(1);
        if put_back || line.held_back.load(Ordering::Relaxed) {
            line.wake.notify_one();
        }
    }
    shared.acked.notify_waiters();
    shared.acked.notify_one();
}

/// The fence refuses a repeated acknowledgement whose first reply was lost, and those of jobs
/// that went to another worker or vanished.
fn report(rows: &[(Fence, Outcome)], settled: i64) {
    let refused = rows.len().saturating_sub(usize::try_from(settled).unwrap_or(0));
    if refused > 0 && !matches!(rows.first(), Some((_, Outcome::Completed))) {
        info!(refused, "acknowledgements came too late: the jobs were no longer ours");
    }
}
