//! What can be charged, and whether the rules allow it.

use chrono::{DateTime, Utc};

use crate::ids::PaymentMethodId;
use crate::network::{Network, budget, budget_keeping};

/// A card or account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its id.
    pub id: PaymentMethodId,
    /// The card behind it: the same for all references of one card.
    pub card: PaymentMethodId,
    /// Whose rules it is under.
    pub network: Network,
    /// A card is good until then.
    pub expires_at: Option<DateTime<Utc>>,
    /// Never charged again, for this reason.
    pub blocked: Option<String>,
    /// Not before then: the network's advice.
    pub not_before: Option<DateTime<Utc>>,
    /// Re-attempts of the card within the networks' windows, under whatever reference and for
    /// whatever invoice.
    pub recent_attempts: Vec<DateTime<Utc>>,
}

/// Why a method is not charged now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// A hard decline.
    Blocked(String),
    /// The network said when.
    NotBefore(DateTime<Utc>),
    /// The network's budget of attempts is spent until then.
    BudgetSpent(DateTime<Utc>),
}

impl Method {
    /// Whether the rules allow a re-attempt at `now`.
    ///
    /// # Errors
    /// Why not.
    pub fn usable(&self, now: DateTime<Utc>) -> Result<(), Unusable> {
        self.usable_at_first(now)?;
        budget(self.network, &self.recent_attempts, now)
            .map_err(|spent| Unusable::BudgetSpent(spent.next_allowed_at))
    }

    /// Whether the rules allow a re-attempt at `now` that somebody asks for, `steps` retry steps
    /// being still to come.
    ///
    /// # Errors
    /// Why not.
    pub fn usable_keeping(&self, steps: usize, now: DateTime<Utc>) -> Result<(), Unusable> {
        self.usable_at_first(now)?;
        budget_keeping(self.network, &self.recent_attempts, steps, now)
            .map_err(|spent| Unusable::BudgetSpent(spent.next_allowed_at))
    }

    /// Whether the card was charged again after `instant`.
    #[must_use]
    pub fn was_charged_again_since(&self, instant: DateTime<Utc>) -> bool {
        self.recent_attempts.iter().any(|at| *at > instant)
    }

    /// Whether the rules allow the first attempt of an invoice at `now`: the networks' budgets
    /// are of re-attempts.
    ///
    /// # Errors
    /// Why not.
    pub fn usable_at_first(&self, now: DateTime<Utc>) -> Result<(), Unusable> {
        if let Some(reason) = &self.blocked {
            return Err(Unusable::Blocked(reason.clone()));
        }
        match self.not_before.filter(|until| *until > now) {
            Some(until) => Err(Unusable::NotBefore(until)),
            None => Ok(()),
        }
    }
}
