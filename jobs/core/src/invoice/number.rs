//! Invoice numbers: `ACME-000123`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest prefix.
const PREFIX_MAX: usize = 16;

/// A series that counts without gaps; the store hands out its serials when
/// invoices are finalised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NumberSeries(String);

/// Why something is no invoice number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a prefix.
    #[error("an invoice series is 1 to 16 of A to Z and 0 to 9")]
    Prefix,
    /// Not a number of this series.
    #[error("{given:?} is not an invoice number of {series}")]
    NotOfSeries {
        /// What was given.
        given: String,
        /// The series it was looked for in.
        series: NumberSeries,
    },
}

impl NumberSeries {
    /// A series with this prefix.
    pub fn new(prefix: &str) -> Result<NumberSeries, NumberError> {
        let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let fits = (1..=PREFIX_MAX).contains(&prefix.len()) && prefix.bytes().all(letter);
        if fits { Ok(NumberSeries(prefix.to_owned())) } else { Err(NumberError::Prefix) }
    }

    /// The number with this serial: at least six digits, more when needed.
    pub fn number(&self, serial: u64) -> String {
        format!("{}-{serial:06}", self.0)
    }

    /// The serial of a number of this series.
    pub fn serial(&self, number: &str) -> Result<u64, NumberError> {
        number
            .strip_prefix(self.0.as_str())
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|digits| digits.parse().ok())
            .filter(|serial| self.number(*serial) == number)
            .ok_or_else(|| NumberError::NotOfSeries {
                given: number.to_owned(),
                series: self.clone(),
            })
    }
}

impl fmt::Display for NumberSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for NumberSeries {
    type Error = NumberError;

    fn try_from(prefix: String) -> Result<NumberSeries, NumberError> {
        NumberSeries::new(&prefix)
    }
}

impl From<NumberSeries> for String {
    fn from(series: NumberSeries) -> String {
        series.0
    }
}
