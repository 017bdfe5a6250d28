//! Several changes within one period.

use chrono::{DateTime, Utc};

use super::{Basis, Change, Part, ProrationError, Span, of, prorate};
use crate::money::Money;

/// What became of one price in a chain: `billed = credited + kept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Asked for when the price began.
    pub billed: Money,
    /// Given back when the next price began; zero for the last one.
    pub credited: Money,
    /// The rest. A unit lost to rounding is always in this line.
    pub kept: Money,
}

/// Bills `first` for the whole period and each later price from its own
/// instant, crediting the one before.
///
/// The sum of what is kept is what the customer pays for the period.
pub fn settle_chain(
    period: Span,
    basis: Basis,
    first: Money,
    changes: &[(DateTime<Utc>, Money)],
) -> Result<Vec<Kept>, ProrationError> {
    let mut settled = Vec::with_capacity(changes.len() + 1);
    let (mut price, mut billed, mut since) = (first, first, period.start);
    for (at, new_price) in changes {
        if *at < since {
            return Err(ProrationError::Outside(Part::Instant));
        }
        let creditable = Some(billed);
        let change = Change::new(period, *at, price, *new_price, basis);
        let lines = prorate(&Change { creditable, ..change })?;
        let kept = billed.minus(lines.credit).map_err(of(Part::Credit))?;
        settled.push(Kept { billed, credited: lines.credit, kept });
        (price, billed, since) = (*new_price, lines.charge, *at);
    }
    settled.push(Kept { billed, credited: Money::zero(billed.currency), kept: billed });
    Ok(settled)
}
