//! One run of one job in this process, from its claim to its acknowledgement.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    ending::{Ending, Outcome, Run, outcome},
    store::{Claimed, Fence},
};

/// What the tasks of one queue share.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) config: Config,
    /// Slots taken: by handlers that run and by claims under way.
    taken: AtomicUsize,
    /// Jobs claimed and not yet acknowledged in the database.
    unsettled: AtomicUsize,
    /// Jobs are ready that a limit or a pause holds back.
    pub(crate) held_back: AtomicBool,
    /// A slot came free, or an acknowledgement was written.
    pub(crate) freed: Notify,
    /// There may be something to claim.
    pub(crate) wake: Notify,
    pub(crate) stop: CancellationToken,
}

impl Line {
    pub(crate) fn new(name: String, config: Config, stop: CancellationToken) -> Self {
        Self {
            name,
            config,
            taken: AtomicUsize::new(0),
            unsettled: AtomicUsize::new(0),
            held_back: AtomicBool::new(false),
            freed: Notify::new(),
            wake: Notify::new(),
            stop,
        }
    }

    /// Slots for jobs that can start now. Finished jobs whose acknowledgements pile up count too,
    /// once they are more than the claims of two rounds.
    pub(crate) fn free(&self) -> usize {
        let Config { concurrency, batch, .. } = self.config;
        let unsettled_max = concurrency.saturating_mul(2) + batch.saturating_mul(2);
        concurrency
            .saturating_sub(self.taken.load(Ordering::Acquire))
            .min(unsettled_max.saturating_sub(self.unsettled.load(Ordering::Acquire)))
    }

    /// Takes slots ahead of a claim. Only the queue's one fetcher does, so nobody else can.
    pub(crate) fn take(&self, slots: usize) {
        self.taken.fetch_add(slots, Ordering::AcqRel);
    }

    pub(crate) fn release(&self, slots: usize) {
        self.taken.fetch_sub(slots, Ordering::AcqRel);
        self.freed.notify_one();
    }

    pub(crate) fn claimed(&self, jobs: usize) {
        self.unsettled.fetch_add(jobs, Ordering::AcqRel);
    }

    pub(crate) fn settled(&self, jobs: usize) {
        self.unsettled.fetch_sub(jobs, Ordering::AcqRel);
        self.freed.notify_one();
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.unsettled.load(Ordering::Acquire) == 0
    }
}

/// An outcome on its way to the database.
#[derive(Debug)]
pub(crate) struct Ack {
    pub(crate) fence: Fence,
    pub(crate) outcome: Outcome,
    pub(crate) line: Arc<Line>,
}

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
/// The job ended in the handler's own transaction.
const COMPLETED: u8 = 2;
const SETTLED: u8 = 3;

/// Dropped before it began, a lease gives its job back without counting an attempt.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) fence: Fence,
    pub(crate) attempt: u32,
    pub(crate) attempts_max: u32,
    pub(crate) trace: Option<String>,
    pub(crate) line: Arc<Line>,
    phase: AtomicU8,
    acks: mpsc::UnboundedSender<Ack>,
}

impl Lease {
    pub(crate) fn new(
        row: &mut Claimed,
        line: &Arc<Line>,
        acks: &mpsc::UnboundedSender<Ack>,
    ) -> Self {
        let attempts_max = row.max_attempts.and_then(|max| u32::try_from(max).ok());
        Self {
            fence: Fence { id: row.id, run: row.run },
            attempt: u32::try_from(row.attempt).unwrap_or(1),
            attempts_max: attempts_max.unwrap_or(line.config.attempts_max),
            trace: row.trace.take(),
            line: Arc::clone(line),
            phase: AtomicU8::new(WAITING),
            acks: acks.clone(),
        }
    }

    pub(crate) fn begin(&self) {
        self.phase.store(BEGUN, Ordering::Release);
    }

    /// The handler's transaction ends the job: nothing is left to acknowledge if it says `Done`.
    pub(crate) fn complete(&self) {
        self.phase.store(COMPLETED, Ordering::Release);
    }

    /// Hands the ending to the acknowledging tasks. The first ending counts.
    pub(crate) fn end(&self, ending: Ending) {
        let run = Run {
            attempt: self.attempt,
            attempts_max: self.attempts_max,
            seed: self.fence.id.unsigned_abs().rotate_left(32) ^ u64::from(self.attempt),
        };
        self.settle(outcome(ending, run, &self.line.config));
    }

    pub(crate) fn settle(&self, outcome: Outcome) {
        let phase = self.phase.swap(SETTLED, Ordering::AcqRel);
        if phase == SETTLED {
            return;
        }
        self.line.release(1);
        let outcome = if phase == COMPLETED && outcome == Outcome::Done {
            // Its transaction may have rolled back all the same. Then the lease runs out and the
            // job runs again; deleting its row here would lose it.
            Outcome::Completed
        } else {
            outcome
        };
        // Fails only when the process has drained; then the lease runs out.
        let _ = self.acks.send(Ack { fence: self.fence, outcome, line: Arc::clone(&self.line) });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if *self.phase.get_mut() == WAITING {
            self.settle(Outcome::GivenBack);
        }
    }
}

/// The leases this process keeps alive, from claim to acknowledgement.
#[derive(Debug, Default)]
pub(crate) struct Held {
    leases: Mutex<HashMap<Fence, (Arc<Line>, Instant)>>,
}

impl Held {
    pub(crate) fn add(&self, line: &Arc<Line>, rows: &[Claimed]) {
        let now = Instant::now();
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            leases.insert(Fence { id: row.id, run: row.run }, (Arc::clone(line), now));
        }
    }

    pub(crate) fn remove<'a>(&self, fences: impl Iterator<Item = &'a Fence>) {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        for fence in fences {
            leases.remove(fence);
        }
    }

    /// The leases to extend: those a third through, except of handlers that overstayed their
    /// timeout so long that they must be stuck without ever yielding. Those are left to run out.
    pub(crate) fn due(&self) -> Vec<(Fence, Duration)> {
        let leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases
            .iter()
            .filter_map(|(fence, (line, since))| {
                let Config { lease, timeout, .. } = line.config;
                let age = since.elapsed();
                (age >= lease / 4 && age < timeout + lease).then_some((*fence, lease))
            })
            .collect()
    }
}
