//! How amounts and dates are written for people.
//!
//! A hand-written table of common locales, spelled as CLDR spells them. The
//! number of decimals is never the locale's: it is the currency's own.

mod date;
mod money;
mod months;
mod symbols;
mod table;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::money::Money;

/// How one locale writes.
#[derive(Debug)]
pub struct Locale {
    tag: &'static str,
    amounts: money::Amounts,
    symbols: symbols::Symbols,
    dates: date::Dates,
}

impl Locale {
    /// The locale of a tag such as `de-AT` or `de_AT.UTF-8`; failing that, the
    /// first of its language; failing that, `en-US`. Never fails.
    pub fn find(tag: &str) -> &'static Locale {
        let tag = tag.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
        let language = match tag.split('-').next().unwrap_or_default().to_ascii_lowercase() {
            norwegian if norwegian == "no" || norwegian == "nn" => "nb".to_owned(),
            language => language,
        };
        table::LOCALES
            .iter()
            .find(|locale| locale.tag.eq_ignore_ascii_case(&tag))
            .or_else(|| table::LOCALES.iter().find(|locale| locale.language() == language))
            .unwrap_or(&table::LOCALES[0])
    }

    /// How English is written where a tag's reader lives: of `es-US` as in `en-US`, of `de-DE` as in
    /// `en-GB`, which is closest to what continental Europe and most of the world write in English.
    pub fn english(tag: &str) -> &'static Locale {
        let tag = tag.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
        let mut parts = tag.split('-');
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let region = parts.find(|part| part.len() == 2);
        let english = region.map(|region| match region.to_ascii_uppercase().as_str() {
            "PR" | "PH" => "en-US".to_owned(),
            region => format!("en-{region}"),
        });
        let known = english.and_then(|english| {
            table::LOCALES.iter().find(|locale| locale.tag.eq_ignore_ascii_case(&english))
        });
        match known {
            Some(locale) => locale,
            None if language == "en" || language.is_empty() => Self::find("en-US"),
            None => Self::find("en-GB"),
        }
    }

    /// Its tag: `de-AT`.
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// Its language: `de`.
    pub fn language(&self) -> &'static str {
        self.tag.split('-').next().unwrap_or(self.tag)
    }

    /// `49,00 €`, with the no-break spaces that keep it on one line.
    pub fn money(&self, amount: Money) -> String {
        self.amounts.write(amount, &self.symbols.of(amount.currency))
    }

    /// `10,000`: a count, its digits set apart as in amounts.
    pub fn number(&self, number: i64) -> String {
        self.amounts.count(number)
    }

    /// The long date that people in `zone` see at `instant`: `2 March 2026`.
    pub fn date(&self, instant: DateTime<Utc>, zone: Tz) -> String {
        self.dates.write(crate::calendar::wall_time(instant, zone).date())
    }
}

/// An amount as people of this locale write it; an unknown tag falls back.
pub fn format_money(amount: Money, locale: &str) -> String {
    Locale::find(locale).money(amount)
}

/// A long date in the customer's zone; an unknown tag falls back.
pub fn format_date(instant: DateTime<Utc>, zone: Tz, locale: &str) -> String {
    Locale::find(locale).date(instant, zone)
}

#[cfg(test)]
mod tests;
