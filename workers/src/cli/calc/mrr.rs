//! `mrr`: what a price is worth per month.
//!
//! Takes `price_minor` (an integer) or `price` (a decimal in major units, as a string; it may have
//! more decimals than the currency). `interval` is day, week, month, quarter or year;
//! `interval_count` and `quantity` are 1 unless given, `scale` is the currency's own. The answer is
//! in major units, rounded half up once.

use perennial_core::analytics::Mrr;
use perennial_core::calendar::{Interval, Unit};
use perennial_core::currency::Currency;
use perennial_core::money::Fraction;
use serde::Serialize;

use super::fields::{BadField, Fields, quoted};

/// Decimals that an answer may have.
const SCALE_MAX: u32 = 18;
/// Digits that a price may have.
const DIGITS_MAX: usize = 24;
/// The longest interval: a hundred thousand years of quarters are somebody's mistake.
const COUNT_MAX: u32 = 100_000;

#[derive(Serialize)]
pub(super) struct Answer {
    mrr: String,
}

pub(super) fn answer(fields: &mut Fields) -> Result<Answer, BadField> {
    let currency = fields.currency("currency")?;
    let price = price(fields, currency)?;
    let interval = interval(fields)?;
    let quantity = match fields.optional_integer("quantity")?.unwrap_or(1) {
        quantity if quantity > 0 => quantity,
        other => return Err(BadField::new("quantity", format!("{other} is not above zero"))),
    };
    let scale = fields.optional_integer_within("scale", 0, SCALE_MAX)?;
    let scale = scale.unwrap_or(currency.exponent().into());
    let mrr = Mrr::of_price(price, interval, quantity)
        .and_then(|mrr| mrr.major(currency.exponent(), scale))
        .map_err(|error| BadField::new("price", error))?;
    Ok(Answer { mrr })
}

/// Minor units, exact.
fn price(fields: &mut Fields, currency: Currency) -> Result<Fraction, BadField> {
    match (fields.optional_amount("price_minor")?, fields.optional_text("price")?) {
        (Some(_), Some(_)) => Err(BadField::new("price", "is given twice: as price_minor too")),
        (None, None) => Err(BadField::new("price_minor", "is missing, and so is price")),
        (Some(minor), None) => Ok(Fraction::from_integer(minor.into())),
        (None, Some(text)) => major(&text, currency),
    }
}

fn major(text: &str, currency: Currency) -> Result<Fraction, BadField> {
    let refused = || BadField::new("price", format!("{} is not a price: \"18.29\"", quoted(text)));
    let (whole, decimals) = match text.split_once('.') {
        Some((_, "")) => return Err(refused()),
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = format!("{whole}{decimals}");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain || digits.len() > DIGITS_MAX {
        return Err(refused());
    }
    let power =
        |decimals: usize| u32::try_from(decimals).ok().and_then(|all| 10_i128.checked_pow(all));
    let units = 10_i128.pow(currency.exponent().into());
    let digits: i128 = digits.parse().map_err(|_| refused())?;
    Ok(Fraction::new(digits * units, power(decimals.len()).ok_or_else(refused)?))
}

fn interval(fields: &mut Fields) -> Result<Interval, BadField> {
    let name = fields.text("interval")?;
    let count = fields.optional_integer_within("interval_count", 1, COUNT_MAX)?.unwrap_or(1);
    let made = match name.as_str() {
        "quarter" => Interval::new(Unit::Month, 3 * count),
        other => other.parse().and_then(|unit| Interval::new(unit, count)),
    };
    made.map_err(|error| BadField::new("interval", error))
}

#[cfg(test)]
mod tests;
