//! Claims jobs of one queue, never more than can start now, and sleeps until there may be more.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tracing::{error, info, warn};

use super::Delivery;
use crate::{
    JobContext,
    ending::{Death, Outcome, brief},
    lease::{Lease, Line},
    process::Shared,
    store::{self, Claimed, Rest},
};

/// A few free slots wait this long for more, so that claims stay large when handlers are quick.
const GATHER: Duration = Duration::from_millis(2);
/// How long an idle queue keeps looking before it asks to be notified: while jobs trickle in
/// faster than this, nobody pays for notifications.
const LINGER: [Duration; 3] =
    [Duration::from_millis(1), Duration::from_millis(2), Duration::from_millis(4)];
/// With jobs ready that a limit, a pause or another's lock holds back, look again this soon.
const HELD_BACK: Duration = Duration::from_millis(50);
/// Under load, jobs that come due are let in this often.
const PROMOTE_EVERY: Duration = Duration::from_millis(200);
const PATIENCE_FIRST: Duration = Duration::from_millis(2);
const OUTAGE_WAIT_FIRST: Duration = Duration::from_millis(50);
const OUTAGE_WAIT_MAX: Duration = Duration::from_secs(2);

pub(super) struct Fetcher {
    shared: Arc<Shared>,
    line: Arc<Line>,
    deliveries: mpsc::Sender<Delivery>,
    check: fn(&[u8]) -> Result<(), serde_json::Error>,
    promoted_at: Instant,
    /// How long the queue may sleep now. Grows while nothing comes: a job whose transaction was
    /// open when the worker asked to be notified brings no notification, but is found soon.
    patience: Duration,
}

impl Fetcher {
    pub(super) fn new(
        shared: Arc<Shared>,
        line: Arc<Line>,
        deliveries: mpsc::Sender<Delivery>,
        check: fn(&[u8]) -> Result<(), serde_json::Error>,
    ) -> Self {
        Self {
            shared,
            line,
            deliveries,
            check,
            promoted_at: Instant::now(),
            patience: PATIENCE_FIRST,
        }
    }

    pub(super) async fn run(mut self) {
        let stop = self.line.stop.clone();
        let mut outage_wait = Duration::ZERO;
        while !stop.is_cancelled() {
            let round = tokio::select! {
                () = stop.cancelled() => break,
                // Its worker is gone.
                () = self.deliveries.closed() => break,
                slots = self.slots() => self.round(slots).await,
            };
            let pause = match round {
                Ok(pause) => {
                    if outage_wait > Duration::ZERO {
                        info!(job.name = self.line.name, "the queue reaches its database again");
                        outage_wait = Duration::ZERO;
                    }
                    pause
                }
                Err(fault) => {
                    if outage_wait.is_zero() {
                        warn!(job.name = self.line.name, error = %fault, "the queue cannot reach its database");
                    }
                    outage_wait = (outage_wait * 2).clamp(OUTAGE_WAIT_FIRST, OUTAGE_WAIT_MAX);
                    Some(outage_wait)
                }
            };
            if let Some(pause) = pause {
                tokio::select! {
                    () = stop.cancelled() => break,
                    _ = timeout(pause, self.line.wake.notified()) => {}
                }
            }
        }
    }

    /// Waits for free slots.
    async fn slots(&self) -> usize {
        let line = &self.line;
        let enough = (line.config.concurrency / 4).clamp(1, line.config.batch.max(1));
        let mut patience = None;
        loop {
            let free = line.free();
            if free >= enough {
                return free.min(line.config.batch.max(1));
            }
            let waited = if free == 0 {
                line.freed.notified().await;
                Ok(())
            } else {
                let until = *patience.get_or_insert_with(|| Instant::now() + GATHER);
                timeout_at(until, line.freed.notified()).await
            };
            if waited.is_err() {
                return free;
            }
        }
    }

    /// One round of claiming. Answers how long to sleep, if there is nothing to do.
    async fn round(&mut self, slots: usize) -> sqlx::Result<Option<Duration>> {
        if self.promoted_at.elapsed() > PROMOTE_EVERY {
            self.promote().await?;
        }
        if self.claim(slots).await? > 0 {
            return Ok(None);
        }
        if self.patience == PATIENCE_FIRST {
            for linger in LINGER {
                let _ = timeout(linger, self.line.wake.notified()).await;
                if self.claim(slots).await? > 0 {
                    return Ok(None);
                }
            }
        }
        let rest = self.rest().await?;
        // Looked at after the wish to be notified is on record: nothing slips in between.
        if self.claim(slots).await? > 0 {
            return Ok(None);
        }
        self.line.held_back.store(rest.ready, Ordering::Relaxed);
        let sleep = pause(&rest, self.patience.min(self.line.config.poll));
        self.patience = self.patience.saturating_mul(2).min(self.line.config.poll);
        Ok(Some(sleep))
    }

    async fn claim(&mut self, slots: usize) -> sqlx::Result<usize> {
        let Self { shared, line, .. } = &*self;
        let wanted = i32::try_from(slots).unwrap_or(i32::MAX);
        line.take(slots);
        let claimed = store::call(&shared.pool, async |connection| {
            store::claim(connection, &line.name, wanted, shared.worker, line.config.lease).await
        })
        .await;
        let rows = match claimed {
            Ok(rows) => rows,
            Err(fault) => {
                line.release(slots);
                return Err(fault);
            }
        };
        if rows.len() < slots {
            line.release(slots - rows.len());
        }
        let count = rows.len();
        line.claimed(count);
        shared.held.add(line, &rows);
        for row in rows {
            self.deliver(row).await;
        }
        if count > 0 {
            self.patience = PATIENCE_FIRST;
        }
        Ok(count)
    }

    /// Hands a job to the worker. A payload that does not decode is a dead letter and nobody
    /// else's concern.
    async fn deliver(&self, mut row: Claimed) {
        let lease = Lease::new(&mut row, &self.line, &self.shared.acks);
        let payload = row.payload.into_bytes();
        if let Err(fault) = (self.check)(&payload) {
            error!(job.name = self.line.name, job.id = row.id, error = %fault, "a job's payload does not decode: it is dead");
            let reason = brief(format!("the payload does not decode: {fault}"));
            lease.settle(Outcome::Dead { kind: Death::Undecodable, reason, key_hold: None });
            return;
        }
        let context = JobContext { lease: Arc::new(lease), worker: self.shared.worker };
        // If the worker is closing, the delivery is dropped here and so given back.
        let _ = self.deliveries.send(Delivery { payload, context }).await;
    }

    async fn promote(&mut self) -> sqlx::Result<i32> {
        self.promoted_at = Instant::now();
        let Self { shared, line, .. } = self;
        store::call(&shared.pool, async |connection| store::promote(connection, &line.name).await)
            .await
    }

    async fn rest(&mut self) -> sqlx::Result<Rest> {
        self.promoted_at = Instant::now();
        let Self { shared, line, .. } = self;
        store::call(&shared.pool, async |connection| {
            store::rest(connection, &line.name, shared.worker).await
        })
        .await
    }
}

fn pause(rest: &Rest, poll: Duration) -> Duration {
    let held_back = if rest.ready { HELD_BACK } else { poll };
    let next = rest.next_ms.map_or(poll, |ms| Duration::from_millis(ms.max(1).unsigned_abs()));
    held_back.min(next).min(poll)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_queue_sleeps_until_the_next_job_comes_due_or_its_poll() {
        let poll = Duration::from_secs(1);
        let sleep = |ready, next_ms| pause(&Rest { ready, next_ms }, poll);
        assert_eq!(sleep(false, None), poll);
        assert_eq!(sleep(false, Some(90_000)), poll);
        assert_eq!(sleep(false, Some(40)), Duration::from_millis(40));
        assert_eq!(sleep(false, Some(-7)), Duration::from_millis(1));
        assert_eq!(sleep(true, None), HELD_BACK);
    }
}
