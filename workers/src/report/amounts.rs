//! How figures are written.

use perennial_core::currency::Currency;
use perennial_core::locale::Locale;
use perennial_core::money::{Fraction, Money, checked_product, round_half_up, round_half_up_wide};

use super::figures::Figure;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Minor units of a currency.
    Money(Currency),
    /// Things.
    Count,
    /// A share of a whole.
    Rate,
    /// How many times one is the other.
    Ratio,
}

/// Metrics that are shares of a whole.
const RATES: &[&str] =
    &["nrr_", "grr_", "revenue_churn_", "logo_churn_", "dunning_recovery_by_", "trial_conversion"];

/// Metrics that are amounts, where they have a currency.
const AMOUNTS: &[&str] = &[
    "mrr",
    "arr",
    "arpu",
    "ltv",
    "billed",
    "collected",
    "refunded",
    "disputed",
    "outstanding",
    "money_at_risk",
];

impl Unit {
    /// What this metric counts.
    #[must_use]
    pub fn of(metric: &str, currency: &str) -> Self {
        if RATES.iter().any(|rate| metric.starts_with(rate)) {
            return Self::Rate;
        }
        if metric.starts_with("quick_ratio") {
            return Self::Ratio;
        }
        let amount = AMOUNTS.contains(&metric)
            || metric.starts_with("movement_") && !metric.ends_with("_count");
        match Currency::parse(currency) {
            Ok(currency) if amount => Self::Money(currency),
            _ => Self::Count,
        }
    }
}

/// A figure for people: `$1,234.00`, `12`, `93.1%`.
#[must_use]
pub fn written(value: Fraction, unit: Unit) -> String {
    let told = match unit {
        Unit::Money(currency) => money(value, currency),
        Unit::Count => round_half_up(value).ok().map(|count| Locale::find("en-US").number(count)),
        Unit::Rate => checked_product(value, Fraction::from_integer(100))
            .ok()
            .and_then(|percent| decimals(percent, 1))
            .map(|percent| percent + "%"),
        Unit::Ratio => decimals(value, 2),
    };
    // Beyond what is ever drawn, and still exact.
    told.unwrap_or_else(|| value.to_string())
}

/// A figure for machines, as a decimal: money in major units and to a hundredth of a minor one,
/// rates to six decimals.
#[must_use]
pub fn decimal(figure: &Figure) -> String {
    let told = match Unit::of(&figure.metric, &figure.currency) {
        Unit::Money(currency) => {
            let exponent = u32::from(currency.exponent());
            let major = 10_i128.checked_pow(exponent).map(|power| Fraction::new(1, power));
            major
                .and_then(|major| checked_product(figure.value, major).ok())
                .and_then(|major| decimals(major, exponent + 2))
        }
        Unit::Count if figure.value.is_integer() => Some(figure.value.numer().to_string()),
        Unit::Count | Unit::Rate | Unit::Ratio => decimals(figure.value, 6),
    };
    told.unwrap_or_else(|| figure.value.to_string())
}

fn money(value: Fraction, currency: Currency) -> Option<String> {
    let minor = round_half_up(value).ok()?;
    Some(Locale::find("en-US").money(Money::new(minor, currency)))
}

/// Money as short as an axis wants it: without its minor units, large amounts in thousands (k) or
/// millions (M).
pub(super) fn short_money(minor: i128, currency: Currency) -> String {
    let major = major(currency);
    let (shown, suffix) = match (minor / major).abs() {
        ..10_000 => (minor / major, ""),
        10_000..10_000_000 => (minor / major / 1_000, "k"),
        _ => (minor / major / 1_000_000, "M"),
    };
    let text = written(Fraction::from_integer(shown * major), Unit::Money(currency));
    let whole = match text.rsplit_once('.') {
        Some((whole, rest)) if rest.chars().all(|digit| digit == '0') => whole,
        _ => &text,
    };
    format!("{whole}{suffix}")
}

/// The minor units of one major unit.
pub(super) fn major(currency: Currency) -> i128 {
    10_i128.checked_pow(currency.exponent().into()).unwrap_or(1)
}

/// Rounded half up to `scale` decimals.
fn decimals(value: Fraction, scale: u32) -> Option<String> {
    let power = 10_i128.checked_pow(scale)?;
    let digits = round_half_up_wide(checked_product(value, Fraction::from_integer(power)).ok()?);
    let digits = digits.ok()?;
    let sign = if digits < 0 { "-" } else { "" };
    let (whole, rest) = (
        digits.unsigned_abs() / power.unsigned_abs(),
        digits.unsigned_abs() % power.unsigned_abs(),
    );
    if scale == 0 {
        return Some(format!("{sign}{whole}"));
    }
    let width = usize::try_from(scale).ok()?;
    Some(format!("{sign}{whole}.{rest:0width$}"))
}

/// Whole units: minor units, things.
pub(super) fn whole(value: Fraction) -> i128 {
    round_half_up_wide(value).unwrap_or_default()
}

/// `part` of `all`, in hundredths of a percent.
pub(super) fn basis_points(part: Fraction, all: Fraction) -> Option<i128> {
    if all == Fraction::from_integer(0) {
        return None;
    }
    let ratio = checked_product(part, all.recip()).ok()?;
    round_half_up_wide(checked_product(ratio, Fraction::from_integer(10_000)).ok()?).ok()
}

/// `93.1%` of hundredths of a percent.
pub(super) fn percent(basis_points: i128) -> String {
    written(Fraction::new(basis_points, 10_000), Unit::Rate)
}

/// `93%` of hundredths of a percent.
pub(super) fn whole_percent(basis_points: i128) -> String {
    format!("{}%", whole(Fraction::new(basis_points, 100)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(metric: &str, currency: &str, numer: i128, denom: i128) -> Figure {
        Figure {
            metric: metric.to_owned(),
            currency: currency.to_owned(),
            breakdown: "total".to_owned(),
            key: String::new(),
            value: Fraction::new(numer, denom),
        }
    }

    #[test]
    fn a_figure_is_written_for_people_in_its_unit() {
        for (metric, currency, numer, denom, told) in [
            ("mrr", "USD", 123_450, 1, "$1,234.50"),
            ("mrr", "JPY", 123_450, 1, "¥123,450"),
            ("mrr", "KWD", 1_234_567, 1, "KWD\u{a0}1,234.567"),
            ("movement_churn_voluntary", "USD", -4_900, 1, "-$49.00"),
            ("movement_new_count", "USD", 12, 1, "12"),
            ("customers", "", 12_000, 1, "12,000"),
            ("nrr_30d", "USD", 1_051, 1_000, "105.1%"),
            ("logo_churn_voluntary_30d", "", 1, 3, "33.3%"),
            ("quick_ratio_30d", "USD", 7, 2, "3.50"),
        ] {
            let unit = Unit::of(metric, currency);
            assert_eq!(written(Fraction::new(numer, denom), unit), told, "{metric} {currency}");
        }
    }

    #[test]
    fn a_figure_for_machines_is_a_decimal_in_major_units() {
        for (metric, currency, numer, denom, told) in [
            ("mrr", "USD", 1_829, 12, "1.5242"),
            ("mrr", "JPY", 100, 3, "33.33"),
            ("mrr", "USD", -1, 1, "-0.0100"),
            ("customers", "", 7, 1, "7"),
            ("nrr_30d", "USD", 2, 3, "0.666667"),
        ] {
            assert_eq!(
                decimal(&figure(metric, currency, numer, denom)),
                told,
                "{metric} {currency}"
            );
        }
    }

    #[test]
    fn an_axis_leaves_minor_units_out() {
        assert_eq!(short_money(123_456, Currency::parse("USD").unwrap()), "$1,234");
        assert_eq!(short_money(2_000_000, Currency::parse("USD").unwrap()), "$20k");
        assert_eq!(short_money(-50_000_000, Currency::parse("JPY").unwrap()), "-¥50M");
        assert_eq!(short_money(500, Currency::parse("JPY").unwrap()), "¥500");
    }
}
