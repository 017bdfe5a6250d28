//! Currencies, from the house's own table.
//!
//! The exponents come from `data/currency_minor_units.json` (ISO 4217 and what
//! the payment provider says about itself), never from a locale library: those
//! and ISO disagree on more than a dozen currencies.
//!
//! Must never guess: a code that is not in the table is not a currency.

mod provider;
mod table;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use provider::Unchargeable;

/// An ISO 4217 currency that is in use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why a text is not a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCurrency {
    /// No currency has this code.
    #[error("{code:?} is not an ISO 4217 currency code")]
    NotListed {
        /// What was given, shortened.
        code: String,
    },
    /// The code was a currency once.
    #[error("{code} is not a currency any more: {note}")]
    Withdrawn {
        /// The code that was given.
        code: String,
        /// When or why it ended.
        note: String,
    },
}

impl Currency {
    /// United States dollar.
    pub const USD: Currency = Currency(*b"USD");
    /// Euro.
    pub const EUR: Currency = Currency(*b"EUR");
    /// Pound sterling.
    pub const GBP: Currency = Currency(*b"GBP");
    /// Yen, which has no minor unit.
    pub const JPY: Currency = Currency(*b"JPY");
    /// Kuwaiti dinar, which has three decimals.
    pub const KWD: Currency = Currency(*b"KWD");

    /// Reads a code in upper or lower case.
    pub fn parse(code: &str) -> Result<Currency, UnknownCurrency> {
        let not_listed = || UnknownCurrency::NotListed { code: code.chars().take(16).collect() };
        let bytes = <[u8; 3]>::try_from(code.as_bytes()).map_err(|_| not_listed())?;
        let currency = Currency(bytes.map(|letter| letter.to_ascii_uppercase()));
        match table::find(currency.0) {
            Some(entry) if entry.iso_exponent.is_some() => Ok(currency),
            Some(entry) => Err(UnknownCurrency::Withdrawn {
                code: currency.code().to_owned(),
                note: entry.note.clone().unwrap_or_default(),
            }),
            None => Err(not_listed()),
        }
    }

    /// Every currency in use, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Currency> {
        table::codes_in_use().map(Currency)
    }

    /// The three upper-case letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is made of three ASCII letters")
    }

    /// Decimals of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn exponent(&self) -> u8 {
        self.entry().iso_exponent.expect("a withdrawn currency does not parse")
    }

    fn entry(&self) -> &'static table::Entry {
        table::find(self.0).expect("a currency is made from the table")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Currency, UnknownCurrency> {
        Currency::parse(code)
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Currency, UnknownCurrency> {
        Currency::parse(&code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Currency::parse(&code).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
