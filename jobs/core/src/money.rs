//! Amounts: integer minor units of one currency.
//!
//! There is no `Add`: money is added with [`Money::plus`], which says when the
//! currencies differ or the sum does not fit. Nothing here knows a float.

mod fraction;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;

pub use fraction::{Fraction, checked_product, checked_sum, round_half_up, round_half_up_wide};

/// An amount of one currency, in its minor units; negative amounts are credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents, yen, fils: the currency's smallest unit.
    pub minor: i64,
    /// The currency the units are of.
    pub currency: Currency,
}

/// Why an amount could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits.
    #[error("the amount does not fit")]
    Overflow,
    /// Two currencies met.
    #[error("{left} and {right} are not combined: they are different currencies")]
    CurrencyMismatch {
        /// The one that was there.
        left: Currency,
        /// The one that came.
        right: Currency,
    },
    /// Something was to be shared among nobody.
    #[error("nothing is shared: all weights are zero")]
    NoWeights,
}

impl Money {
    /// `minor` minor units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The sum.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// The difference.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// This many times the amount: seats, units.
    pub fn times(self, quantity: i64) -> Result<Money, MoneyError> {
        self.with(self.minor.checked_mul(quantity))
    }

    /// The same amount in the other direction.
    pub fn negated(self) -> Result<Money, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// The smaller of two amounts.
    pub fn at_most(self, limit: Money) -> Result<Money, MoneyError> {
        self.same_currency(limit)?;
        Ok(Money { minor: self.minor.min(limit.minor), ..self })
    }

    /// The sum of `amounts`, which may be none.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Money>,
    ) -> Result<Money, MoneyError> {
        amounts.into_iter().try_fold(Money::zero(currency), Money::plus)
    }

    /// A fraction of the amount, rounded half up once.
    pub fn share(self, fraction: Fraction) -> Result<Money, MoneyError> {
        let numerator = i128::from(self.minor).checked_mul(*fraction.numer());
        let exact = Fraction::new(numerator.ok_or(MoneyError::Overflow)?, *fraction.denom());
        Ok(Money { minor: round_half_up(exact)?, ..self })
    }

    /// Splits the amount by `weights` so that the parts add up to it exactly.
    ///
    /// Each part is rounded down and the units left over go to the parts that
    /// lost most (the earlier one where two lost the same).
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
        let parts =
            fraction::largest_remainder(self.minor, weights).ok_or(MoneyError::NoWeights)?;
        Ok(parts.into_iter().map(|minor| Money { minor, ..self }).collect())
    }

    /// Whether nothing is left.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether it is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Whether it is less than nothing.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    fn with(self, minor: Option<i64>) -> Result<Money, MoneyError> {
        Ok(Money { minor: minor.ok_or(MoneyError::Overflow)?, ..self })
    }

    fn same_currency(self, other: Money) -> Result<(), MoneyError> {
        let (left, right) = (self.currency, other.currency);
        if left == right { Ok(()) } else { Err(MoneyError::CurrencyMismatch { left, right }) }
    }
}

/// Plain text for logs and diaries: `49.00 USD`. Letters use [`crate::locale`].
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = self.digits();
        let sign = if self.is_negative() { "-" } else { "" };
        let dot = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{dot}{decimals} {}", self.currency)
    }
}

impl Money {
    /// The amount's digits without sign, before and after the decimal point.
    pub(crate) fn digits(self) -> (String, String) {
        let exponent = usize::from(self.currency.exponent());
        let all = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, decimals) = all.split_at(all.len() - exponent);
        (whole.to_owned(), decimals.to_owned())
    }
}

#[cfg(test)]
mod tests;
