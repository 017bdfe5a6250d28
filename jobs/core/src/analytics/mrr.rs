//! Monthly recurring revenue (rule A1).

use std::fmt;

use crate::calendar::{Interval, Unit};
use crate::lifecycle::{Status, Subscription};
use crate::money::{Fraction, MoneyError, checked_product, checked_sum, round_half_up_wide};

/// Weeks in a month, by convention: 52 in a year.
const WEEKS: (i128, i128) = (52, 12);
/// Days in a month, by convention: 365 in a year.
const DAYS: (i128, i128) = (365, 12);

/// Monthly recurring revenue in minor units of one currency, exact; the difference of two may be
/// below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mrr(Fraction);

/// A numerator and a denominator that are not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{numer}/{denom} is not an amount: the denominator is above zero, and both fit 128 bits")]
pub struct NotAnMrr {
    /// The numerator.
    pub numer: i128,
    /// The denominator.
    pub denom: i128,
}

impl Mrr {
    /// None.
    pub const ZERO: Mrr = Mrr(Fraction::new_raw(0, 1));

    /// An amount as stored.
    pub fn new(numer: i128, denom: i128) -> Result<Mrr, NotAnMrr> {
        if denom <= 0 || numer == i128::MIN {
            return Err(NotAnMrr { numer, denom });
        }
        Ok(Mrr(Fraction::new(numer, denom)))
    }

    /// Whole minor units per month.
    pub fn minor(minor: i64) -> Mrr {
        Mrr(Fraction::from_integer(minor.into()))
    }

    /// What `price` (minor units, of `quantity` pieces each) every `interval` is worth in a month.
    pub fn of_price(price: Fraction, interval: Interval, quantity: i64) -> Result<Mrr, MoneyError> {
        let count = i128::from(interval.count());
        let per_month = match interval.unit() {
            Unit::Day => Fraction::new(DAYS.0, DAYS.1 * count),
            Unit::Week => Fraction::new(WEEKS.0, WEEKS.1 * count),
            Unit::Month => Fraction::new(1, count),
            Unit::Year => Fraction::new(1, 12 * count),
        };
        let all = checked_product(price, Fraction::from_integer(quantity.into()))?;
        Ok(Mrr(checked_product(all, per_month)?))
    }

    /// What a subscription contributes as it stands. Setup fees and usage are not among its items'
    /// prices; trials are not paid for.
    pub fn of(subscription: &Subscription) -> Result<Mrr, MoneyError> {
        if !subscription.state.status().recurs() {
            return Ok(Mrr::ZERO);
        }
        subscription.items.iter().try_fold(Mrr::ZERO, |sum, item| {
            let price = Fraction::from_integer(item.unit_amount_minor.into());
            sum.plus(Mrr::of_price(price, subscription.cycle.interval, item.quantity)?)
        })
    }

    /// The sum.
    pub fn plus(self, other: Mrr) -> Result<Mrr, MoneyError> {
        checked_sum(self.0, other.0).map(Mrr)
    }

    /// The difference.
    pub fn minus(self, other: Mrr) -> Result<Mrr, MoneyError> {
        checked_sum(self.0, -other.0).map(Mrr)
    }

    /// Twelve of them: annual recurring revenue.
    pub fn annual(self) -> Result<Mrr, MoneyError> {
        checked_product(self.0, Fraction::from_integer(12)).map(Mrr)
    }

    /// The exact figure, in minor units.
    pub fn exact(self) -> Fraction {
        self.0
    }

    /// The numerator of the reduced fraction; it carries the sign.
    pub fn numer(self) -> i128 {
        *self.0.numer()
    }

    /// The denominator of the reduced fraction, above zero.
    pub fn denom(self) -> i128 {
        *self.0.denom()
    }

    /// Whether there is none.
    pub fn is_zero(self) -> bool {
        self.numer() == 0
    }

    /// In major units of a currency with `exponent` decimals, rounded half up to `scale` decimals:
    /// `1.5242`.
    pub fn major(self, exponent: u8, scale: u32) -> Result<String, MoneyError> {
        let power = |exponent| 10_i128.checked_pow(exponent).ok_or(MoneyError::Overflow);
        let scaled = Fraction::new(power(scale)?, power(exponent.into())?);
        let digits = round_half_up_wide(checked_product(self.0, scaled)?)?;
        let sign = if digits < 0 { "-" } else { "" };
        let decimals = usize::try_from(scale).map_err(|_| MoneyError::Overflow)?;
        let all = format!("{:0>width$}", digits.unsigned_abs(), width = decimals + 1);
        let (whole, rest) = all.split_at(all.len() - decimals);
        let dot = if rest.is_empty() { "" } else { "." };
        Ok(format!("{sign}{whole}{dot}{rest}"))
    }
}

impl Status {
    /// Whether a subscription in this status is recurring revenue (rule A1): it is paid for, or
    /// being collected for with access kept.
    #[must_use]
    pub fn recurs(self) -> bool {
        matches!(self, Self::Active | Self::PastDue | Self::Grace)
    }
}

/// Minor units as they are: `18290/12`.
impl fmt::Display for Mrr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
