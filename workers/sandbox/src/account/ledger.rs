//! The provider's own money book, against which a client's books can be checked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One captured charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The charge.
    pub charge: String,
    /// The payment intent it belongs to.
    pub payment_intent: String,
    /// Captured minor units.
    pub amount: i64,
    /// Currency in lower case, as on the wire.
    pub currency: String,
    /// Who paid.
    pub customer: Option<String>,
    /// With which payment method.
    pub payment_method: String,
    /// The payment intent's metadata when the money moved.
    pub metadata: BTreeMap<String, String>,
    /// When, on the sandbox's clock.
    pub at: DateTime<Utc>,
}

/// Money and attempts of one API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Every captured charge, in order.
    pub entries: Vec<Entry>,
    /// Captured minor units per currency.
    pub totals: BTreeMap<String, i64>,
    /// Charge attempts, whatever became of them.
    pub attempts: u64,
    /// Declined attempts by decline code, or by error code where there is none.
    pub declines: BTreeMap<String, u64>,
}

impl Ledger {
    /// The entries whose metadata has `key` = `value`: how a client finds what it paid for.
    pub fn by_metadata<'a>(
        &'a self,
        key: &'a str,
        value: &'a str,
    ) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.metadata.get(key).is_some_and(|held| held == value))
    }

    pub(crate) fn attempted(&mut self) {
        self.attempts += 1;
    }

    pub(crate) fn declined(&mut self, reason: &str) {
        *self.declines.entry(reason.to_owned()).or_default() += 1;
    }

    pub(crate) fn captured(&mut self, entry: Entry) {
        *self.totals.entry(entry.currency.clone()).or_default() += entry.amount;
        self.entries.push(entry);
    }
}
