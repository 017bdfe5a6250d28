//! Units given for a time.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Units that may be used in `[effective_at, expires_at)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant<Id> {
    /// Its name; no two grants share it.
    pub id: Id,
    /// How many units.
    pub amount: i64,
    /// The lowest is burned first.
    pub priority: i64,
    /// The first instant at which it is usable; `None`: it always was.
    pub effective_at: Option<DateTime<Utc>>,
    /// The first instant at which it is no longer usable; `None`: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it was paid for.
    pub category: Category,
    /// Its number in the order of creation: what decides where all else is equal.
    pub position: i64,
}

/// Whether units were paid for. The order is the burn order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Given away, or included in a plan.
    Promotional,
    /// Bought.
    Paid,
}

/// Not a category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a category: promotional or paid")]
pub struct UnknownCategory {
    /// What was given, shortened.
    pub given: String,
}

impl<Id: Clone + Ord> Grant<Id> {
    /// What grants are sorted by: priority, soonest expiry, promotional before
    /// paid, effective first, created first. The id is there so that it is an
    /// order even of grants that a caller gave the same position.
    pub(super) fn burn_order(&self) -> impl Ord + use<Id> {
        // An expiry that is none comes last, so `None` must not be the smallest.
        let expiry = (self.expires_at.is_none(), self.expires_at);
        (self.priority, expiry, self.category, self.effective_at, self.position, self.id.clone())
    }
}

impl<Id> Grant<Id> {
    /// Whether it pays for usage at `at`.
    pub fn usable_at(&self, at: DateTime<Utc>) -> bool {
        self.effective_at.is_none_or(|from| from <= at) && !self.expired_at(at)
    }

    /// Whether it no longer pays at `at`.
    pub fn expired_at(&self, at: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= at)
    }
}

impl Category {
    /// Its name as stored: `promotional`.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Promotional => "promotional",
            Category::Paid => "paid",
        }
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(given: &str) -> Result<Category, UnknownCategory> {
        [Category::Promotional, Category::Paid]
            .into_iter()
            .find(|category| category.as_str() == given)
            .ok_or_else(|| UnknownCategory { given: given.chars().take(32).collect() })
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
