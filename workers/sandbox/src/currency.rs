//! Currencies the provider takes, and its bounds on amounts.

use crate::wire::error::{Answer, ApiError};

/// The largest amount: eight digits, in most currencies.
const AMOUNT_MAX: i64 = 99_999_999;
const MAXIMUM: &[(&str, i64)] = &[
    ("cop", 9_999_999_999),
    ("huf", 9_999_999_999),
    ("idr", 999_999_999_999),
    ("inr", 999_999_999),
    ("jpy", 9_999_999_999),
];

/// Smallest charges of the currencies for which the provider publishes one.
const MINIMUM: &[(&str, i64)] = &[
    ("aed", 200),
    ("aud", 50),
    ("bgn", 100),
    ("brl", 50),
    ("cad", 50),
    ("chf", 50),
    ("czk", 1500),
    ("dkk", 250),
    ("eur", 50),
    ("gbp", 30),
    ("hkd", 400),
    ("huf", 17_500),
    ("inr", 50),
    ("jpy", 50),
    ("mxn", 1000),
    ("myr", 200),
    ("nok", 300),
    ("nzd", 50),
    ("pln", 200),
    ("ron", 200),
    ("sek", 300),
    ("sgd", 50),
    ("thb", 1000),
    ("usd", 50),
];

/// Currencies whose amounts must be a multiple of something.
const MULTIPLE: &[(&str, i64)] =
    &[("bhd", 10), ("isk", 100), ("jod", 10), ("kwd", 10), ("omr", 10), ("tnd", 10), ("ugx", 100)];

const KNOWN: &str = "aed afn all amd aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw";

/// The currency in lower case, or the provider's refusal.
pub(crate) fn known(currency: &str) -> Answer<String> {
    let lower = currency.to_ascii_lowercase();
    if lower.len() == 3 && KNOWN.split(' ').any(|known| known == lower) {
        return Ok(lower);
    }
    let message = format!("Invalid currency: {currency}. Supported currencies are: {KNOWN}");
    Err(ApiError::invalid("parameter_invalid", "currency", message))
}

/// Checks an amount to be charged.
pub(crate) fn check_amount(amount: i64, currency: &str) -> Answer<()> {
    let find = |table: &[(&str, i64)]| table.iter().find(|row| row.0 == currency).map(|row| row.1);
    let refuse = |code: &str, message: &str| Err(ApiError::invalid(code, "amount", message));
    let multiple = find(MULTIPLE).unwrap_or(1);
    let most = find(MAXIMUM).unwrap_or(AMOUNT_MAX);
    if amount < 1 {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.")
    } else if amount < find(MINIMUM).unwrap_or(1) {
        refuse("amount_too_small", "The amount is below the minimum charge of this currency.")
    } else if amount > most {
        let message = format!("Amount must be no more than {most} minor units.");
        refuse("amount_too_large", &message)
    } else if amount % multiple != 0 {
        let message = format!("Amount must be a multiple of {multiple} in {currency}.");
        refuse("parameter_invalid_integer", &message)
    } else {
        Ok(())
    }
}
