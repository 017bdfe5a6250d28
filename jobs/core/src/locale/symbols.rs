//! What a currency is called where.

use std::borrow::Cow;

use crate::currency::Currency;

/// Code and symbol.
pub(super) type Names = &'static [(&'static str, &'static str)];

/// A locale's names for currencies; those it does not name show their code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbols {
    /// Own names, which come first.
    pub(super) own: Names,
    /// Names taken from elsewhere.
    pub(super) otherwise: Names,
}

/// No names: codes.
pub(super) const CODES: Names = &[];

/// Names that most locales share.
pub(super) const COMMON: Names = &[
    ("USD", "US$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("JPY", "JP¥"),
    ("INR", "₹"),
    ("CAD", "CA$"),
    ("AUD", "AU$"),
    ("NZD", "NZ$"),
    ("BRL", "R$"),
    ("MXN", "MX$"),
    ("CNY", "CN¥"),
    ("KRW", "₩"),
    ("HKD", "HK$"),
    ("TWD", "NT$"),
];

/// Names in French.
pub(super) const FRENCH: Names = &[
    ("USD", "$US"),
    ("EUR", "€"),
    ("GBP", "£GB"),
    ("INR", "₹"),
    ("CAD", "$CA"),
    ("AUD", "$AU"),
    ("NZD", "$NZ"),
    ("BRL", "R$"),
    ("MXN", "$MX"),
    ("KRW", "₩"),
    ("SGD", "$SG"),
];

impl Symbols {
    pub(super) fn of(&self, currency: Currency) -> Cow<'static, str> {
        self.own
            .iter()
            .chain(self.otherwise)
            .find(|(code, _)| *code == currency.code())
            .map_or_else(|| currency.code().to_owned().into(), |(_, symbol)| (*symbol).into())
    }
}
