//! How one queue is worked.

use std::time::Duration;

/// How one process works one queue.
#[derive(Debug, Clone)]
pub struct Config {
    /// Handlers of this queue that run at the same time in this process.
    pub concurrency: usize,
    /// Jobs claimed by one statement, at most. Never more than can start now.
    pub batch: usize,
    /// How long a job stays ours without a heartbeat. A dead process's jobs run again after this.
    pub lease: Duration,
    /// How long a handler may take. Its end is a retry like any other.
    pub timeout: Duration,
    /// Attempts before the job is dead, where the job does not say otherwise.
    pub attempts_max: u32,
    /// Waiting time between attempts.
    pub backoff: Backoff,
    /// How long an idle queue may go without looking, should a notification be lost.
    pub poll: Duration,
    /// How long the key of a job that used up its attempts stays taken, so that a sweep does not
    /// start it all over at once. Keys of jobs that gave up stay taken until an operator acts.
    pub exhausted_key_hold: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 32,
            batch: 500,
            lease: Duration::from_secs(30),
            timeout: Duration::from_secs(120),
            attempts_max: 20,
            backoff: Backoff::default(),
            poll: Duration::from_secs(1),
            exhausted_key_hold: Duration::from_secs(3600),
        }
    }
}

/// Exponential waiting: `first`, then twice as long each time, up to `longest`, each ±25 %.
#[derive(Debug, Clone)]
pub struct Backoff {
    /// After the first failed attempt.
    pub first: Duration,
    /// Never longer than this, jitter aside.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(3600) }
    }
}

impl Backoff {
    /// The wait after failed attempt number `attempt` (from 1). `seed` spreads jobs that fail
    /// together; the same seed gives the same wait.
    #[must_use]
    pub fn wait(&self, attempt: u32, seed: u64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(20);
        let plain = self.first.saturating_mul(1 << doublings).min(self.longest);
        let per_mille = 750 + u32::try_from(mixed(seed) % 501).unwrap_or(0);
        plain.saturating_mul(per_mille) / 1000
    }
}

/// The finalizer of splitmix64: neighbouring seeds give unrelated numbers.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_up_to_its_longest_and_stays_within_a_quarter() {
        let backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(60) };
        for (attempt, seconds) in [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (40, 60)] {
            let plain = Duration::from_secs(seconds);
            for seed in 0..200 {
                let wait = backoff.wait(attempt, seed);
                assert!(
                    wait >= plain * 3 / 4 && wait <= plain * 5 / 4,
                    "{attempt} {seed} {wait:?}"
                );
            }
        }
    }

    #[test]
    fn jobs_that_fail_together_are_spread() {
        let backoff = Backoff::default();
        let waits: std::collections::HashSet<_> = (0..100).map(|id| backoff.wait(1, id)).collect();
        assert!(waits.len() > 80);
    }
}
