//! What a change in mid-period costs.
//!
//! Fractions stay exact to the last step; then each line is rounded half up on
//! its own, before tax. What is credited and what is kept of a price add up to
//! it: the kept line is the difference, so the residual unit is always there.

mod basis;
mod chain;
mod credit;
mod timing;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Fraction, Money, MoneyError};

pub use basis::Basis;
pub use chain::{Kept, settle_chain};
pub use credit::{CreditSplit, credit_open_invoice_first};
pub use timing::ChangeTiming;

/// A half-open span of time that a price pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

/// A change from one price to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When the new price begins.
    pub at: DateTime<Utc>,
    /// The full period that the old price is for.
    pub period: Span,
    /// Price of that whole period, before the change.
    pub old_price: Money,
    /// Price of the whole new period.
    pub new_price: Money,
    /// The new price's own period, if it is not the old one's.
    pub new_period: Option<Span>,
    /// Where the service ends if that is before the period does.
    pub segment_end: Option<DateTime<Utc>>,
    /// What may still be credited: billed for this segment, less earlier
    /// credits. `None`: the whole old price was billed and nothing credited.
    pub creditable: Option<Money>,
    /// What time is counted in.
    pub basis: Basis,
}

/// The lines of a change; both are positive amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proration {
    /// Given back of the old price.
    pub credit: Money,
    /// Asked for of the new price.
    pub charge: Money,
}

/// Why a change has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProrationError {
    /// A span that ends before it starts, or where it starts.
    #[error("the {span} has no length in {unit}s")]
    Empty {
        /// Which span.
        span: &'static str,
        /// The unit it was counted in.
        unit: &'static str,
    },
    /// An instant where it makes no sense.
    #[error("the {what} is outside the {span}")]
    Outside {
        /// Which instant.
        what: &'static str,
        /// Which span.
        span: &'static str,
    },
    /// Prices and credits limits are not negative.
    #[error("the {what} is negative")]
    Negative {
        /// Which amount.
        what: &'static str,
    },
    /// The amounts do not fit or do not match.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Change {
    /// A change inside one period, at once, all of which was billed.
    pub fn new(
        period: Span,
        at: DateTime<Utc>,
        old_price: Money,
        new_price: Money,
        basis: Basis,
    ) -> Change {
        let (new_period, segment_end, creditable) = (None, None, None);
        Change { at, period, old_price, new_price, new_period, segment_end, creditable, basis }
    }
}

/// Credits the unused time of the old price and charges the new one for it.
pub fn prorate(change: &Change) -> Result<Proration, ProrationError> {
    not_negative("old price", change.old_price)?;
    not_negative("new price", change.new_price)?;
    let unused = share_left("period", change.period, change)?;
    let credit = change.old_price.share(unused)?;
    let credit = match change.creditable {
        Some(limit) => credit.at_most(not_negative("creditable amount", limit)?)?,
        None => credit,
    };
    let to_use = share_left("new period", change.new_period.unwrap_or(change.period), change)?;
    Ok(Proration { credit, charge: change.new_price.share(to_use)? })
}

/// The part of `span` that lies after the change and before the segment ends.
fn share_left(name: &'static str, span: Span, change: &Change) -> Result<Fraction, ProrationError> {
    let Change { at, basis, .. } = *change;
    let outside = |what| ProrationError::Outside { what, span: name };
    if at > span.end || (at < span.start && change.new_period.is_none()) {
        return Err(outside("change"));
    }
    let end = match change.segment_end {
        Some(end) if end < at || end > change.period.end => {
            return Err(ProrationError::Outside {
                what: "segment end",
                span: "rest of the period",
            });
        }
        Some(end) => end.min(span.end),
        None => span.end,
    };
    let whole = basis.units(span.start, span.end);
    if span.end <= span.start || whole <= 0 {
        return Err(ProrationError::Empty { span: name, unit: basis.unit() });
    }
    let left = basis.units(at.max(span.start), end).max(0);
    Ok(Fraction::new(left.into(), whole.into()))
}

fn not_negative(what: &'static str, amount: Money) -> Result<Money, ProrationError> {
    if amount.is_negative() { Err(ProrationError::Negative { what }) } else { Ok(amount) }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
