//! How a customer's recurring revenue moves (rule A2).
//!
//! What moves is the customer's total in one currency: what one subscription of theirs loses and
//! another gains at the same instant is no movement.

use super::mrr::Mrr;
use crate::lifecycle::Status;
use crate::lifecycle::status::words;
use crate::money::MoneyError;

words! {
    /// What a movement is.
    Kind {
        /// The first revenue ever of this customer.
        New = "new",
        /// More of it.
        Expansion = "expansion",
        /// Less of it.
        Contraction = "contraction",
        /// None any more, as the customer wanted.
        ChurnVoluntary = "churn_voluntary",
        /// None any more, for want of payment.
        ChurnInvoluntary = "churn_involuntary",
        /// Some again, of a customer who had none any more.
        Reactivation = "reactivation",
    }
}

/// Why revenue would be lost. Where both are true at once, the customer's wish counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// On request.
    Voluntary,
    /// For want of payment.
    Involuntary,
}

/// Whether a customer has ever been revenue in this currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum History {
    /// Never yet.
    NeverPaid,
    /// Now or before.
    HasPaid,
}

/// What changed about one subscription's contribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What it contributed.
    pub before: Mrr,
    /// What it contributes now.
    pub after: Mrr,
    /// Why, where it is less.
    pub cause: Cause,
}

/// A movement of a customer's total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// What it is.
    pub kind: Kind,
    /// By how much: above zero for `new`, `expansion` and `reactivation`, else below.
    pub amount: Mrr,
}

/// Where a customer stands in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The total over all of the customer's subscriptions.
    pub total: Mrr,
    /// Whether it was ever above zero.
    pub history: History,
}

impl Cause {
    /// The cause of what is lost when a subscription goes from one status to another: grace and
    /// suspension are for want of payment, unless somebody cancels.
    #[must_use]
    pub fn of(before: Status, after: Status) -> Cause {
        match (before, after) {
            (_, Status::Canceled) => Cause::Voluntary,
            (Status::Grace, _) | (_, Status::Expired | Status::Unpaid) => Cause::Involuntary,
            _ => Cause::Voluntary,
        }
    }
}

impl Standing {
    /// Nothing yet.
    pub const NEW: Standing = Standing { total: Mrr::ZERO, history: History::NeverPaid };

    /// Takes up all that changed at one instant; the order of the changes does not matter.
    ///
    /// Answers with the movement, which is none where the changes cancel out.
    pub fn take(&mut self, changes: &[Change]) -> Result<Option<Movement>, MoneyError> {
        let after = changes
            .iter()
            .try_fold(self.total, |total, change| total.plus(change.after.minus(change.before)?))?;
        let kind = self.kind(after, cause(changes));
        let amount = after.minus(self.total)?;
        self.total = after;
        if !after.is_zero() {
            self.history = History::HasPaid;
        }
        Ok(kind.map(|kind| Movement { kind, amount }))
    }

    /// What going to `after` is.
    fn kind(&self, after: Mrr, cause: Cause) -> Option<Kind> {
        let before = self.total;
        if after == before {
            return None;
        }
        Some(match (before.is_zero(), after.is_zero(), self.history, cause) {
            (true, _, History::NeverPaid, _) => Kind::New,
            (true, _, History::HasPaid, _) => Kind::Reactivation,
            (_, true, _, Cause::Voluntary) => Kind::ChurnVoluntary,
            (_, true, _, Cause::Involuntary) => Kind::ChurnInvoluntary,
            _ if after > before => Kind::Expansion,
            _ => Kind::Contraction,
        })
    }
}

/// Of the changes by which something was lost.
fn cause(changes: &[Change]) -> Cause {
    let losses = changes.iter().filter(|change| change.after < change.before);
    losses.map(|change| change.cause).min().unwrap_or(Cause::Voluntary)
}
