//! What usage beyond a limit costs.

use std::fmt;

use num_integer::Integer;
use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::money::{Fraction, Money, MoneyError, round_half_up};

/// A price that holds for some of the units beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The last unit beyond the limit that it holds for; `None`: all the rest.
    pub up_to: Option<i64>,
    /// Minor units for each `per_units` units.
    pub amount_minor: i64,
    /// How many units the amount is for.
    pub per_units: i64,
}

/// What is wrong with a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TierFault {
    /// It ends where the one before it does, or earlier.
    Order,
    /// It follows one that holds for all the rest.
    AfterTheLast,
    /// A price below nothing.
    Amount,
    /// A price for no units.
    PerUnits,
}

/// Why an overage has no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverageError {
    /// Units beyond a limit are not negative.
    #[error("{units} units are fewer than none")]
    Units {
        /// What was given.
        units: i64,
    },
    /// A tier that cannot be.
    #[error("tier {position} {fault}")]
    Tier {
        /// Which, counted from 1.
        position: usize,
        /// What is wrong with it.
        fault: TierFault,
    },
    /// The amount does not fit.
    #[error("the overage does not work out: {0}")]
    Money(#[from] MoneyError),
}

impl fmt::Display for TierFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TierFault::Order => "does not end after the one before it",
            TierFault::AfterTheLast => "follows one that holds for all the rest",
            TierFault::Amount => "has a negative amount",
            TierFault::PerUnits => "is a price for less than one unit",
        })
    }
}

/// The price of `units` beyond the limit: each tier's share exact, their sum
/// rounded half up once.
///
/// Units beyond the last tier cost nothing, so no tiers are no price at all and
/// a tier with an end is a ceiling of what can be asked for.
pub fn overage(units: i64, tiers: &[Tier], currency: Currency) -> Result<Money, OverageError> {
    if units < 0 {
        return Err(OverageError::Units { units });
    }
    checked(tiers)?;
    let (mut exact, mut priced) = (Fraction::from_integer(0), 0);
    for tier in tiers {
        let end = tier.up_to.map_or(units, |up_to| up_to.min(units));
        exact = sum(exact, tier.price_of(end - priced)).ok_or(MoneyError::Overflow)?;
        priced = end;
    }
    Ok(Money::new(round_half_up(exact)?, currency))
}

impl Tier {
    /// The exact price of some units of this tier.
    fn price_of(&self, units: i64) -> Fraction {
        // Two 63-bit factors: it fits.
        Fraction::new(i128::from(units) * i128::from(self.amount_minor), self.per_units.into())
    }
}

fn checked(tiers: &[Tier]) -> Result<(), OverageError> {
    let mut before = Some(0);
    for (position, tier) in (1..).zip(tiers) {
        let fault = |fault| Err(OverageError::Tier { position, fault });
        match (before, tier.up_to) {
            (None, _) => return fault(TierFault::AfterTheLast),
            (Some(before), Some(up_to)) if up_to <= before => return fault(TierFault::Order),
            _ if tier.amount_minor < 0 => return fault(TierFault::Amount),
            _ if tier.per_units < 1 => return fault(TierFault::PerUnits),
            _ => before = tier.up_to,
        }
    }
    Ok(())
}

/// `None` if it does not fit: the operator would panic.
fn sum(left: Fraction, right: Fraction) -> Option<Fraction> {
    let common = left.denom().gcd(right.denom());
    let (left_by, right_by) = (right.denom() / common, left.denom() / common);
    let numerator =
        left.numer().checked_mul(left_by)?.checked_add(right.numer().checked_mul(right_by)?)?;
    Some(Fraction::new(numerator, left.denom().checked_mul(left_by)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(up_to: impl Into<Option<i64>>, amount_minor: i64, per_units: i64) -> Tier {
        Tier { up_to: up_to.into(), amount_minor, per_units }
    }

    fn minor(units: i64, tiers: &[Tier]) -> Result<i64, OverageError> {
        overage(units, tiers, Currency::USD).map(|money| money.minor)
    }

    #[test]
    fn each_tier_prices_its_own_units() {
        let tiers = [tier(100, 10, 1), tier(1_000, 5, 1), tier(None, 100, 1_000)];
        let prices = [(0, 0), (1, 10), (100, 1_000), (101, 1_005), (1_000, 5_500), (11_000, 6_500)];
        for (units, expected) in prices {
            assert_eq!(minor(units, &tiers), Ok(expected), "{units}");
        }
    }

    #[test]
    fn the_line_is_rounded_once_and_not_tier_by_tier() {
        let tiers = [tier(1, 1, 4), tier(None, 1, 4)];
        assert_eq!(minor(1, &tiers), Ok(0));
        assert_eq!(minor(2, &tiers), Ok(1), "a half goes up");
    }

    #[test]
    fn units_beyond_the_last_tier_are_free() {
        assert_eq!(minor(1_000, &[tier(10, 7, 1)]), Ok(70));
        assert_eq!(minor(1_000, &[]), Ok(0));
    }

    #[test]
    fn a_tier_that_cannot_be_is_named() {
        let fault = |tiers: &[Tier]| match minor(1, tiers) {
            Err(OverageError::Tier { position, fault }) => (position, fault),
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&[tier(0, 1, 1)]), (1, TierFault::Order));
        assert_eq!(fault(&[tier(5, 1, 1), tier(5, 1, 1)]), (2, TierFault::Order));
        assert_eq!(fault(&[tier(None, 1, 1), tier(5, 1, 1)]), (2, TierFault::AfterTheLast));
        assert_eq!(fault(&[tier(None, -1, 1)]), (1, TierFault::Amount));
        assert_eq!(fault(&[tier(5, 1, 1), tier(None, 1, 0)]), (2, TierFault::PerUnits));
        assert_eq!(minor(-1, &[]), Err(OverageError::Units { units: -1 }));
    }

    #[test]
    fn an_amount_that_does_not_fit_is_an_error() {
        let overflow = Err(OverageError::Money(MoneyError::Overflow));
        assert_eq!(minor(i64::MAX, &[tier(None, 2, 1)]), overflow);
        let primes = [i64::MAX - 24, i64::MAX - 164, i64::MAX - 258];
        let tiers: Vec<Tier> = (1..).zip(primes).map(|(end, per)| tier(end, 1, per)).collect();
        assert_eq!(minor(3, &tiers), overflow);
    }
}
