//! Re-attempts of one card within a sliding window.

use chrono::{DateTime, TimeDelta, Utc};

use super::Network;

/// So many re-attempts in so long.
struct Limit {
    attempts_max: usize,
    window: TimeDelta,
}

const fn limit(attempts_max: usize, window: TimeDelta) -> Limit {
    Limit { attempts_max, window }
}

/// Visa Core Rules (April 2026), table 7-2.
const VISA: &[Limit] = &[limit(20, TimeDelta::days(30))];
const MASTERCARD: &[Limit] = &[limit(10, TimeDelta::hours(24)), limit(35, TimeDelta::days(30))];
const ACH: &[Limit] = &[limit(2, TimeDelta::days(14))];

/// An attempt that the network does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not attempted: {network} allows {limit} re-attempts in {} hours, the next at {next_allowed_at}",
    window.num_hours()
)]
pub struct BudgetSpent {
    /// Whose rule.
    pub network: Network,
    /// How many it allows.
    pub limit: usize,
    /// In how long.
    pub window: TimeDelta,
    /// From when on it allows another.
    pub next_allowed_at: DateTime<Utc>,
}

/// Whether a card may be tried again at `at`, given the re-attempts so far (in
/// any order; later ones than `at` count too, for they are planned).
///
/// An attempt leaves the window exactly one window after it was made.
pub fn budget(
    network: Network,
    attempts: &[DateTime<Utc>],
    at: DateTime<Utc>,
) -> Result<(), BudgetSpent> {
    budget_keeping(network, attempts, 0, at)
}

/// As [`budget`], leaving room for `kept` more attempts in every window (but for one attempt at
/// least).
pub fn budget_keeping(
    network: Network,
    attempts: &[DateTime<Utc>],
    kept: usize,
    at: DateTime<Utc>,
) -> Result<(), BudgetSpent> {
    limits(network)
        .iter()
        .map(|limit| Limit {
            attempts_max: limit.attempts_max.saturating_sub(kept).max(1),
            ..*limit
        })
        .filter_map(|limit| limit.spent_until(attempts, at).map(|until| (limit, until)))
        .max_by_key(|(_, until)| *until)
        .map_or(Ok(()), |(spent, next_allowed_at)| {
            let Limit { attempts_max, window } = spent;
            Err(BudgetSpent { network, limit: attempts_max, window, next_allowed_at })
        })
}

/// The budgets of a network: so many re-attempts in so long.
pub fn budgets(network: Network) -> impl Iterator<Item = (usize, TimeDelta)> {
    limits(network).iter().map(|limit| (limit.attempts_max, limit.window))
}

fn limits(network: Network) -> &'static [Limit] {
    match network {
        Network::Mastercard => MASTERCARD,
        Network::UsBankAccount => ACH,
        Network::Visa | Network::Amex | Network::Discover | Network::Other => VISA,
    }
}

impl Limit {
    /// The instant until which no attempt fits, if there is none left at `at`.
    fn spent_until(&self, attempts: &[DateTime<Utc>], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let leaves = |made: &DateTime<Utc>| made.checked_add_signed(self.window);
        let mut leaving: Vec<_> = attempts.iter().filter_map(leaves).collect();
        leaving.retain(|until| *until > at);
        leaving.sort_unstable();
        // The newest `attempts_max` fill the window; the oldest of them makes room.
        leaving.len().checked_sub(self.attempts_max).map(|oldest| leaving[oldest])
    }
}
