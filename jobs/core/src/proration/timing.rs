//! When a change takes effect, unless someone chose otherwise.

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

/// When a change of price or seats takes effect and is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTiming {
    /// Now, and charged now, prorated.
    ChargeNow,
    /// Now, and prorated onto the next invoice.
    NextInvoice,
    /// At the next boundary, without proration.
    NextBoundary,
}

impl ChangeTiming {
    /// Upgrades and more seats now, downgrades and fewer seats at the boundary.
    pub fn default_for(old_price: Money, new_price: Money) -> Result<ChangeTiming, MoneyError> {
        let dearer = new_price.minus(old_price)?.is_positive();
        Ok(if dearer { ChangeTiming::ChargeNow } else { ChangeTiming::NextBoundary })
    }
}
