//! Digits, separators, sign and the currency's place.

use crate::money::Money;

/// U+00A0: a space at which no line breaks.
pub(super) const NO_BREAK_SPACE: char = '\u{a0}';

/// How a locale writes amounts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amounts {
    pub(super) decimal: char,
    pub(super) group: char,
    pub(super) grouping: Grouping,
    pub(super) layout: Layout,
    /// `-`, or U+2212 in the north.
    pub(super) minus: char,
}

/// Which digits are set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    /// 1,234,567
    Thousands,
    /// 1234 but 12.345
    ThousandsFromFiveDigits,
    /// 12,34,567
    Lakh,
}

/// Where the currency and the sign stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// -$1: a space only after letters (`CHF 1`).
    Before,
    /// -€ 1
    BeforeSpaced,
    /// CHF 1, but CHF-1
    BeforeSignInstead,
    /// € -1
    BeforeSignAfter,
    /// -1 €
    After,
}

impl Amounts {
    pub(super) fn write(&self, amount: Money, symbol: &str) -> String {
        let number = self.number(amount);
        let space = NO_BREAK_SPACE;
        let sign = if amount.is_negative() { self.minus.to_string() } else { String::new() };
        match self.layout {
            Layout::Before if symbol.ends_with(char::is_alphabetic) => {
                format!("{sign}{symbol}{space}{number}")
            }
            Layout::Before => format!("{sign}{symbol}{number}"),
            Layout::BeforeSpaced => format!("{sign}{symbol}{space}{number}"),
            Layout::BeforeSignInstead if amount.is_negative() => format!("{symbol}{sign}{number}"),
            Layout::BeforeSignInstead => format!("{symbol}{space}{number}"),
            Layout::BeforeSignAfter => format!("{symbol}{space}{sign}{number}"),
            Layout::After => format!("{sign}{number}{space}{symbol}"),
        }
    }

    pub(super) fn count(&self, count: i64) -> String {
        let sign = if count < 0 { self.minus.to_string() } else { String::new() };
        format!("{sign}{}", self.grouped(&count.unsigned_abs().to_string()))
    }

    fn number(&self, amount: Money) -> String {
        let (whole, decimals) = amount.digits();
        let whole = self.grouped(&whole);
        if decimals.is_empty() { whole } else { format!("{whole}{}{decimals}", self.decimal) }
    }

    fn grouped(&self, digits: &str) -> String {
        let starts_group = |left: usize| match self.grouping {
            Grouping::Thousands => left.is_multiple_of(3),
            Grouping::ThousandsFromFiveDigits => left.is_multiple_of(3) && digits.len() >= 5,
            Grouping::Lakh => left == 3 || (left > 3 && left % 2 == 1),
        };
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && starts_group(digits.len() - at) {
                grouped.push(self.group);
            }
            grouped.push(digit);
        }
        grouped
    }
}
