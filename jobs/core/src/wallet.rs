//! Prepaid units: which grant pays for what, and what is left of each.
//!
//! Everything is judged by the instant of the *usage*, never by when somebody
//! looks: the same grants and usage settle in the same way however late that is.

mod grant;

use chrono::{DateTime, Utc};

pub use grant::{Category, Grant, UnknownCategory};

/// Units used at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// When: a grant pays if it is usable then.
    pub at: DateTime<Utc>,
    /// How many.
    pub amount: i64,
}

/// Where a wallet stands at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement<Id> {
    /// Every grant, in burn order.
    pub grants: Vec<Standing<Id>>,
    /// Units used that found no grant.
    pub overage: i64,
}

/// What became of a grant: its amount is the sum of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<Id> {
    /// Which grant.
    pub id: Id,
    /// Units left. Those of a grant that is yet to become effective are counted:
    /// they are the customer's, though not usable today.
    pub balance: i64,
    /// Units that paid for usage.
    pub burned: i64,
    /// Units that nobody used in time.
    pub expired: i64,
}

/// Why a wallet does not settle. Positions are those of what was given, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// Two grants have the same id.
    #[error("grant {position} has the id of another one")]
    SameId {
        /// The later of the two.
        position: usize,
    },
    /// A grant of less than nothing.
    #[error("grant {position} has a negative amount")]
    NegativeGrant {
        /// Which grant.
        position: usize,
    },
    /// A grant that is never usable.
    #[error("grant {position} expires before it is effective, or at that instant")]
    NeverUsable {
        /// Which grant.
        position: usize,
    },
    /// Usage of less than nothing: a refund is not a usage.
    #[error("usage {position} has a negative amount")]
    NegativeUsage {
        /// Which usage.
        position: usize,
    },
    /// More overage than 64 bits hold.
    #[error("the overage does not fit")]
    Overflow,
}

/// Burns `usage` up to and including `until`, oldest first, from `grants`.
///
/// The order in which either is given does not matter.
pub fn settle<Id: Clone + Ord>(
    grants: &[Grant<Id>],
    usage: &[Usage],
    until: DateTime<Utc>,
) -> Result<Settlement<Id>, WalletError> {
    check_grants(grants)?;
    let mut buckets: Vec<(&Grant<Id>, i64)> = grants.iter().map(|g| (g, g.amount)).collect();
    buckets.sort_by_key(|(grant, _)| grant.burn_order());
    let mut overage: i64 = 0;
    for Usage { at, amount } in in_time(usage, until)? {
        let unpaid = burn(&mut buckets, at, amount);
        overage = overage.checked_add(unpaid).ok_or(WalletError::Overflow)?;
    }
    let grants = buckets.into_iter().map(|(grant, left)| standing(grant, left, until)).collect();
    Ok(Settlement { grants, overage })
}

/// The usage that counts, oldest first.
fn in_time(usage: &[Usage], until: DateTime<Utc>) -> Result<Vec<Usage>, WalletError> {
    if let Some(position) = usage.iter().position(|usage| usage.amount < 0) {
        return Err(WalletError::NegativeUsage { position });
    }
    let mut in_time: Vec<Usage> = usage.iter().copied().filter(|one| one.at <= until).collect();
    in_time.sort_by_key(|usage| usage.at);
    Ok(in_time)
}

/// Takes `amount` from what is usable at `at`; answers with what it did not find.
fn burn<Id>(buckets: &mut [(&Grant<Id>, i64)], at: DateTime<Utc>, amount: i64) -> i64 {
    let mut unpaid = amount;
    for (_, left) in buckets.iter_mut().filter(|(grant, _)| grant.usable_at(at)) {
        let taken = unpaid.min(*left);
        *left -= taken;
        unpaid -= taken;
        if unpaid == 0 {
            break;
        }
    }
    unpaid
}

fn standing<Id: Clone>(grant: &Grant<Id>, left: i64, until: DateTime<Utc>) -> Standing<Id> {
    let (balance, expired) = if grant.expired_at(until) { (0, left) } else { (left, 0) };
    Standing { id: grant.id.clone(), balance, burned: grant.amount - left, expired }
}

fn check_grants<Id: Ord>(grants: &[Grant<Id>]) -> Result<(), WalletError> {
    let mut ids = std::collections::BTreeSet::new();
    for (position, grant) in grants.iter().enumerate() {
        if !ids.insert(&grant.id) {
            return Err(WalletError::SameId { position });
        }
        if grant.amount < 0 {
            return Err(WalletError::NegativeGrant { position });
        }
        if grant.effective_at.zip(grant.expires_at).is_some_and(|(from, to)| to <= from) {
            return Err(WalletError::NeverUsable { position });
        }
    }
    Ok(())
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
