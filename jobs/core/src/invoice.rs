//! What an invoice comes to: lines, total, what is still due, and whether that
//! can be charged.
//!
//! Amounts are recomputed from rows, never adjusted in place.

mod number;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::money::{Money, MoneyError};

pub use number::{NumberError, NumberSeries};

/// One line: so many times a unit price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Line {
    unit_price: Money,
    quantity: u32,
    amount: Money,
}

/// What is still to be paid of an invoice. At most one of the two is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Owed by the customer; never negative.
    pub due: Money,
    /// Paid or credited beyond the total; belongs to the customer's balance.
    pub surplus: Money,
}

/// What to do about an amount due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collectability {
    /// Nothing is due: paid without an attempt and without a receipt.
    Nothing,
    /// Less than the provider charges: it goes to the customer's balance.
    CarryToBalance {
        /// All that is due.
        carried: Money,
    },
    /// Charge it.
    Charge {
        /// What the provider can charge of it.
        charge: Money,
        /// What the provider's units cannot express (a last digit in
        /// three-decimal currencies); mostly zero. It goes to the balance.
        carried: Money,
    },
}

/// Why an invoice does not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceError {
    /// A settled amount or a credit is not negative.
    #[error("the {what} is negative")]
    Negative {
        /// Which amount.
        what: &'static str,
    },
    /// A stored line whose amount is not price times quantity.
    #[error("the line's amount is not its unit price times its quantity")]
    WrongAmount,
    /// The amounts do not fit or do not match.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Line {
    /// `quantity` times `unit_price`; a credit has a negative price.
    pub fn new(unit_price: Money, quantity: u32) -> Result<Line, MoneyError> {
        Ok(Line { unit_price, quantity, amount: unit_price.times(quantity.into())? })
    }

    /// A line of one: a setup fee, a prorated amount.
    pub fn of(amount: Money) -> Line {
        Line { unit_price: amount, quantity: 1, amount }
    }

    /// Price of one.
    pub fn unit_price(&self) -> Money {
        self.unit_price
    }

    /// How many: seats, units.
    pub fn quantity(&self) -> u32 {
        self.quantity
    }

    /// Price times quantity.
    pub fn amount(&self) -> Money {
        self.amount
    }
}

/// The sum of the lines.
pub fn total(currency: Currency, lines: &[Line]) -> Result<Money, MoneyError> {
    Money::sum(currency, lines.iter().map(Line::amount))
}

/// What is left of `total` after settled payments and applied credits.
pub fn balance(total: Money, settled: Money, credits: Money) -> Result<Balance, InvoiceError> {
    for (what, amount) in [("settled amount", settled), ("applied credit", credits)] {
        if amount.is_negative() {
            return Err(InvoiceError::Negative { what });
        }
    }
    let left = total.minus(settled)?.minus(credits)?;
    let nothing = Money::zero(total.currency);
    Ok(if left.is_negative() {
        Balance { due: nothing, surplus: left.negated()? }
    } else {
        Balance { due: left, surplus: nothing }
    })
}

/// Whether `due` can be charged, and how much of it.
pub fn collectability(due: Money) -> Result<Collectability, InvoiceError> {
    if due.is_negative() {
        return Err(InvoiceError::Negative { what: "amount due" });
    }
    if due.is_zero() {
        return Ok(Collectability::Nothing);
    }
    let rest = due.minor % due.currency.charge_step_minor();
    let charge = Money { minor: due.minor - rest, ..due };
    let least = due.currency.min_charge_minor().unwrap_or(0);
    Ok(if charge.is_zero() || charge.minor < least {
        Collectability::CarryToBalance { carried: due }
    } else {
        Collectability::Charge { charge, carried: Money { minor: rest, ..due } }
    })
}

/// A line as stored, before its amount is believed.
#[derive(Deserialize)]
struct Unchecked {
    unit_price: Money,
    quantity: u32,
    amount: Money,
}

impl TryFrom<Unchecked> for Line {
    type Error = InvoiceError;

    fn try_from(stored: Unchecked) -> Result<Line, InvoiceError> {
        let line = Line::new(stored.unit_price, stored.quantity)?;
        if line.amount == stored.amount { Ok(line) } else { Err(InvoiceError::WrongAmount) }
    }
}

#[cfg(test)]
mod tests;
