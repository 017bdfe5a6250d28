//! The locales. The first of a language stands in for its other regions, the
//! first of all for everything unknown.

use super::Locale;
use super::date::Dates;
use super::date::Order::{
    DayDeMonthDeYear, DayDotMonthYear, DayMonthYear, MonthDayYear, YearMonthDay, YearMonthDaySpaced,
};
use super::money::Amounts;
use super::money::Grouping::{self, Lakh, Thousands, ThousandsFromFiveDigits};
use super::money::Layout::{self, After, Before, BeforeSignAfter, BeforeSignInstead, BeforeSpaced};
use super::months::{
    AUSTRIAN, CHINESE_AND_JAPANESE, CZECH, DANISH, DUTCH, ENGLISH, FINNISH, FRENCH, GERMAN,
    ITALIAN, KOREAN, NORWEGIAN, POLISH, PORTUGUESE, SPANISH, SWEDISH,
};
use super::symbols::{self, CODES, COMMON, Names, Symbols};

pub(super) static LOCALES: &[Locale] = &[
    locale(
        "en-US",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("USD", "$"), ("JPY", "¥"), ("AUD", "A$")], COMMON),
        dates(ENGLISH, MonthDayYear),
    ),
    locale(
        "en-GB",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("AUD", "A$")], COMMON),
        dates(ENGLISH, DayMonthYear),
    ),
    locale(
        "en-IE",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("AUD", "A$")], COMMON),
        dates(ENGLISH, DayMonthYear),
    ),
    locale(
        "en-CA",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("CAD", "$"), ("AUD", "A$")], COMMON),
        dates(ENGLISH, MonthDayYear),
    ),
    locale(
        "en-AU",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("AUD", "$")], CODES),
        dates(ENGLISH, DayMonthYear),
    ),
    locale(
        "en-IN",
        amounts('.', ',', Lakh, Before, '-'),
        named(&[("USD", "$"), ("AUD", "A$")], COMMON),
        dates(ENGLISH, DayMonthYear),
    ),
    locale(
        "de-DE",
        amounts(',', '.', Thousands, After, '-'),
        named(&[("USD", "$"), ("JPY", "¥")], COMMON),
        dates(GERMAN, DayDotMonthYear),
    ),
    locale(
        "de-AT",
        amounts(',', '.', Thousands, BeforeSpaced, '-'),
        named(&[("USD", "$"), ("JPY", "¥")], COMMON),
        dates(AUSTRIAN, DayDotMonthYear),
    ),
    locale(
        "de-CH",
        amounts('.', '’', Thousands, BeforeSignInstead, '-'),
        named(&[("EUR", "EUR"), ("USD", "$"), ("JPY", "¥")], COMMON),
        dates(GERMAN, DayDotMonthYear),
    ),
    locale(
        "fr-FR",
        amounts(',', '\u{202f}', Thousands, After, '-'),
        named(&[], symbols::FRENCH),
        dates(FRENCH, DayMonthYear),
    ),
    locale(
        "fr-BE",
        amounts(',', '\u{202f}', Thousands, After, '-'),
        named(&[], symbols::FRENCH),
        dates(FRENCH, DayMonthYear),
    ),
    locale(
        "fr-CA",
        amounts(',', '\u{a0}', Thousands, After, '-'),
        named(
            &[
                ("USD", "$\u{a0}US"),
                ("EUR", "€"),
                ("GBP", "£"),
                ("JPY", "¥"),
                ("CAD", "$"),
                ("AUD", "$\u{a0}AU"),
                ("NZD", "$\u{a0}NZ"),
                ("BRL", "R$"),
                ("CNY", "CN¥"),
                ("HKD", "$\u{a0}HK"),
                ("SGD", "$\u{a0}SG"),
            ],
            CODES,
        ),
        dates(FRENCH, DayMonthYear),
    ),
    locale(
        "fr-CH",
        amounts('.', '\u{202f}', Thousands, After, '-'),
        named(&[], symbols::FRENCH),
        dates(FRENCH, DayMonthYear),
    ),
    locale(
        "es-ES",
        amounts(',', '.', ThousandsFromFiveDigits, After, '-'),
        named(&[("USD", "US$"), ("EUR", "€")], CODES),
        dates(SPANISH, DayDeMonthDeYear),
    ),
    locale(
        "es-MX",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("MXN", "$")], CODES),
        dates(SPANISH, DayDeMonthDeYear),
    ),
    locale(
        "it-IT",
        amounts(',', '.', ThousandsFromFiveDigits, After, '-'),
        named(
            &[
                ("EUR", "€"),
                ("GBP", "£"),
                ("CAD", "CA$"),
                ("AUD", "A$"),
                ("NZD", "NZ$"),
                ("CNY", "CN¥"),
            ],
            CODES,
        ),
        dates(ITALIAN, DayMonthYear),
    ),
    locale(
        "pt-BR",
        amounts(',', '.', Thousands, BeforeSpaced, '-'),
        named(&[], COMMON),
        dates(PORTUGUESE, DayDeMonthDeYear),
    ),
    locale(
        "pt-PT",
        amounts(',', '\u{a0}', ThousandsFromFiveDigits, After, '-'),
        named(&[], COMMON),
        dates(PORTUGUESE, DayDeMonthDeYear),
    ),
    locale(
        "nl-NL",
        amounts(',', '.', Thousands, BeforeSignAfter, '-'),
        named(&[("CAD", "C$")], COMMON),
        dates(DUTCH, DayMonthYear),
    ),
    locale(
        "sv-SE",
        amounts(',', '\u{a0}', Thousands, After, '\u{2212}'),
        named(
            &[
                ("SEK", "kr"),
                ("DKK", "Dkr"),
                ("NOK", "Nkr"),
                ("ISK", "Ikr"),
                ("USD", "US$"),
                ("EUR", "€"),
                ("CAD", "CA$"),
                ("BRL", "BR$"),
                ("MXN", "MX$"),
            ],
            CODES,
        ),
        dates(SWEDISH, DayMonthYear),
    ),
    locale(
        "da-DK",
        amounts(',', '.', Thousands, After, '-'),
        named(&[("DKK", "kr.")], COMMON),
        dates(DANISH, DayDotMonthYear),
    ),
    locale(
        "nb-NO",
        amounts(',', '\u{a0}', Thousands, After, '\u{2212}'),
        named(&[("NOK", "kr"), ("EUR", "€"), ("GBP", "£")], CODES),
        dates(NORWEGIAN, DayDotMonthYear),
    ),
    locale(
        "fi-FI",
        amounts(',', '\u{a0}', Thousands, After, '\u{2212}'),
        named(&[("EUR", "€"), ("USD", "$"), ("GBP", "£"), ("JPY", "¥")], CODES),
        dates(FINNISH, DayDotMonthYear),
    ),
    locale(
        "pl-PL",
        amounts(',', '\u{a0}', ThousandsFromFiveDigits, After, '-'),
        named(&[("PLN", "zł"), ("EUR", "€"), ("BRL", "R$")], CODES),
        dates(POLISH, DayMonthYear),
    ),
    locale(
        "cs-CZ",
        amounts(',', '\u{a0}', Thousands, After, '-'),
        named(&[("CZK", "Kč"), ("INR", "INR")], COMMON),
        dates(CZECH, DayDotMonthYear),
    ),
    locale(
        "ja-JP",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("JPY", "￥"), ("USD", "$"), ("AUD", "A$"), ("CNY", "元")], COMMON),
        dates(CHINESE_AND_JAPANESE, YearMonthDay),
    ),
    locale(
        "zh-CN",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("CNY", "¥")], COMMON),
        dates(CHINESE_AND_JAPANESE, YearMonthDay),
    ),
    locale(
        "zh-TW",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[("TWD", "$"), ("JPY", "¥"), ("KRW", "￦")], COMMON),
        dates(CHINESE_AND_JAPANESE, YearMonthDay),
    ),
    locale(
        "ko-KR",
        amounts('.', ',', Thousands, Before, '-'),
        named(&[], COMMON),
        dates(KOREAN, YearMonthDaySpaced),
    ),
];

const fn locale(tag: &'static str, amounts: Amounts, symbols: Symbols, dates: Dates) -> Locale {
    Locale { tag, amounts, symbols, dates }
}

const fn amounts(
    decimal: char,
    group: char,
    grouping: Grouping,
    layout: Layout,
    minus: char,
) -> Amounts {
    Amounts { decimal, group, grouping, layout, minus }
}

const fn named(own: Names, otherwise: Names) -> Symbols {
    Symbols { own, otherwise }
}

const fn dates(months: &'static [&'static str; 12], order: super::date::Order) -> Dates {
    Dates { months, order }
}
