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
    let (whole, rest) = (exact.numer() / exact.denom(), exact.numer() % exact.denom());
    let rest = rest.abs();
    // Not `2 * rest >= denom`: that may overflow.
    let up = rest >= exact.denom() - rest && rest > 0;
    let step = if up { exact.numer().signum() } else { 0 };
    i64::try_from(whole + step).map_err(|_| MoneyError::Overflow)
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
