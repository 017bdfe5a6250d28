//! Exact fractions, and the one place that says how an amount is rounded.

use num_integer::Integer;
use num_rational::Ratio;

use super::MoneyError;

/// An exact fraction; amounts stay one until the last step.
pub type Fraction = Ratio<i128>;

/// The nearest whole number; a half goes away from zero.
///
/// "Up" is by magnitude, so that an amount and its reversal round to the same
/// number of units and cancel.
pub fn round_half_up(exact: Fraction) -> Result<i64, MoneyError> {
    i64::try_from(round_half_up_wide(exact)?).map_err(|_| MoneyError::Overflow)
}

/// The same for figures that are sums of very many amounts.
pub fn round_half_up_wide(exact: Fraction) -> Result<i128, MoneyError> {
    let (whole, rest) = (exact.numer() / exact.denom(), exact.numer() % exact.denom());
    let rest = rest.abs();
    // Not `2 * rest >= denom`: that may overflow.
    let up = rest >= exact.denom() - rest && rest > 0;
    let step = if up { exact.numer().signum() } else { 0 };
    whole.checked_add(step).ok_or(MoneyError::Overflow)
}

/// The sum, or that it does not fit.
pub fn checked_sum(left: Fraction, right: Fraction) -> Result<Fraction, MoneyError> {
    let shared = left.denom().gcd(right.denom());
    let (left_rest, right_rest) = (left.denom() / shared, right.denom() / shared);
    let numer = || {
        let left = left.numer().checked_mul(right_rest)?;
        left.checked_add(right.numer().checked_mul(left_rest)?)
    };
    checked(numer(), left.denom().checked_mul(right_rest))
}

/// The product, or that it does not fit.
pub fn checked_product(left: Fraction, right: Fraction) -> Result<Fraction, MoneyError> {
    // Shortened crosswise first, so that the factors are as small as can be.
    let (down, up) = (left.numer().gcd(right.denom()), right.numer().gcd(left.denom()));
    let numer = (left.numer() / down).checked_mul(right.numer() / up);
    checked(numer, (left.denom() / up).checked_mul(right.denom() / down))
}

/// A fraction whose parts fit with room for a sign.
fn checked(numer: Option<i128>, denom: Option<i128>) -> Result<Fraction, MoneyError> {
    match (numer, denom) {
        (Some(numer), Some(denom)) if numer != i128::MIN => Ok(Fraction::new(numer, denom)),
        _ => Err(MoneyError::Overflow),
    }
}

/// Splits `total` by `weights`; the parts add up to it. `None` without weights.
pub(super) fn largest_remainder(total: i64, weights: &[u64]) -> Option<Vec<i64>> {
    let sum: i128 = weights.iter().copied().map(i128::from).sum();
    if sum == 0 {
        return None;
    }
    // |total| · weight < 2^63 · 2^64: it fits.
    let shares: Vec<(i128, i128)> = weights
        .iter()
        .map(|weight| (i128::from(total) * i128::from(*weight)).div_mod_floor(&sum))
        .collect();
    let mut parts: Vec<i128> = shares.iter().map(|(whole, _)| *whole).collect();
    let left = i128::from(total) - parts.iter().sum::<i128>();
    let mut by_loss: Vec<usize> = (0..shares.len()).collect();
    by_loss.sort_by_key(|index| std::cmp::Reverse(shares[*index].1));
    for (_, index) in (0..left).zip(by_loss) {
        parts[index] += 1;
    }
    parts.into_iter().map(|part| i64::try_from(part).ok()).collect()
}
