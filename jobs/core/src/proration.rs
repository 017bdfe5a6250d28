//! What a change in mid-period costs.
//!
//! Fractions stay exact to the last step; then each line is rounded half up on
//! its own, before tax. What is credited and what is kept of a price add up to
//! it: the kept line is the difference, so the residual unit is always there.

mod basis;
mod chain;
mod credit;
mod timing;

use std::fmt;

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

/// What of a change is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// [`Change::period`].
    Period,
    /// [`Change::new_period`].
    NewPeriod,
    /// [`Change::at`].
    Instant,
    /// [`Change::segment_end`].
    SegmentEnd,
    /// [`Change::old_price`].
    OldPrice,
    /// [`Change::new_price`].
    NewPrice,
    /// [`Change::creditable`], a credit or what it is credited against.
    Credit,
}

/// Why a change has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProrationError {
    /// A span that ends before it starts, or is shorter than the unit.
    #[error("the {0} has no length")]
    Empty(Part),
    /// An instant that is not within the (rest of the) period.
    #[error("the {0} is outside the period")]
    Outside(Part),
    /// Prices and credits are not negative.
    #[error("the {0} is negative")]
    Negative(Part),
    /// The amount does not fit, or is of another currency.
    #[error("the {part} does not work out: {source}")]
    Money {
        /// Which amount.
        part: Part,
        /// Why.
        source: MoneyError,
    },
}

impl ProrationError {
    /// What is wrong.
    pub fn part(&self) -> Part {
        match self {
            ProrationError::Empty(part)
            | ProrationError::Outside(part)
            | ProrationError::Negative(part)
            | ProrationError::Money { part, .. } => *part,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Period => "period",
            Part::NewPeriod => "new period",
            Part::Instant => "change",
            Part::SegmentEnd => "segment's end",
            Part::OldPrice => "old price",
            Part::NewPrice => "new price",
            Part::Credit => "credit",
        })
    }
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
    let Change { old_price, new_price, period, new_period, .. } = *change;
    not_negative(Part::OldPrice, old_price)?;
    not_negative(Part::NewPrice, new_price)?;
    change.checked()?;
    let unused = change.share_left(Part::Period, period)?;
    let credit = old_price.share(unused).map_err(of(Part::OldPrice))?;
    let credit = change.creditable.map_or(Ok(credit), |limit| {
        credit.at_most(not_negative(Part::Credit, limit)?).map_err(of(Part::Credit))
    })?;
    let to_use = match new_period {
        Some(own) => change.share_left(Part::NewPeriod, own)?,
        None => unused,
    };
    Ok(Proration { credit, charge: new_price.share(to_use).map_err(of(Part::NewPrice))? })
}

impl Change {
    /// The change is within the period, and the segment ends within what is left of it.
    fn checked(&self) -> Result<(), ProrationError> {
        if self.old_price.currency != self.new_price.currency {
            let (left, right) = (self.old_price.currency, self.new_price.currency);
            return Err(of(Part::NewPrice)(MoneyError::CurrencyMismatch { left, right }));
        }
        if self.period.end <= self.period.start {
            return Err(ProrationError::Empty(Part::Period));
        }
        if !(self.period.start..=self.period.end).contains(&self.at) {
            return Err(ProrationError::Outside(Part::Instant));
        }
        match self.segment_end {
            Some(end) if !(self.at..=self.period.end).contains(&end) => {
                Err(ProrationError::Outside(Part::SegmentEnd))
            }
            _ => Ok(()),
        }
    }

    /// The part of `span` that lies after the change and before the segment ends.
    fn share_left(&self, part: Part, span: Span) -> Result<Fraction, ProrationError> {
        let whole = self.basis.units(span.start, span.end);
        if span.end <= span.start || whole <= 0 {
            return Err(ProrationError::Empty(part));
        }
        let end = self.segment_end.map_or(span.end, |end| end.min(span.end));
        let left = self.basis.units(self.at.max(span.start), end).max(0);
        Ok(Fraction::new(left.into(), whole.into()))
    }
}

fn not_negative(part: Part, amount: Money) -> Result<Money, ProrationError> {
    if amount.is_negative() { Err(ProrationError::Negative(part)) } else { Ok(amount) }
}

fn of(part: Part) -> impl Fn(MoneyError) -> ProrationError {
    move |source| ProrationError::Money { part, source }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
