use proptest::prelude::*;

use super::*;
use crate::currency::Currency;

/// `_` stands for U+00A0 and `~` for U+202F.
#[track_caller]
fn check(locale: &str, minor: i64, currency: &str, expected: &str) {
    let amount = Money::new(minor, Currency::parse(currency).unwrap());
    let text = format_money(amount, locale);
    assert_eq!(text.replace('\u{a0}', "_").replace('\u{202f}', "~"), expected, "{locale}");
}

#[test]
fn amounts_have_their_currencys_decimals() {
    check("en-US", 1999, "JPY", "¥1,999");
    check("en-US", 4900, "USD", "$49.00");
    check("en-US", 1_234_567, "KWD", "KWD_1,234.567");
    check("en-US", 500, "ISK", "ISK_500");
    check("en-US", 1, "CLF", "CLF_0.0001");
    check("de-DE", 4900, "EUR", "49,00_€");
}

#[test]
fn a_count_has_its_locales_separators() {
    let counts = [("en-US", "-1,234,567"), ("de-DE", "-1.234.567"), ("en-IN", "-12,34,567")];
    for (locale, expected) in counts {
        assert_eq!(Locale::find(locale).number(-1_234_567), expected, "{locale}");
    }
    assert_eq!(Locale::find("es-ES").number(1_234), "1234");
}

#[test]
fn each_locale_has_its_separators_and_places() {
    let euros = [
        ("en-US", "€1,234.56"),
        ("en-GB", "€1,234.56"),
        ("en-IE", "€1,234.56"),
        ("en-CA", "€1,234.56"),
        ("en-AU", "EUR_1,234.56"),
        ("en-IN", "€1,234.56"),
        ("de-DE", "1.234,56_€"),
        ("de-AT", "€_1.234,56"),
        ("de-CH", "EUR_1’234.56"),
        ("fr-FR", "1~234,56_€"),
        ("fr-BE", "1~234,56_€"),
        ("fr-CA", "1_234,56_€"),
        ("fr-CH", "1~234.56_€"),
        ("es-ES", "1234,56_€"),
        ("es-MX", "EUR_1,234.56"),
        ("it-IT", "1234,56_€"),
        ("pt-BR", "€_1.234,56"),
        ("pt-PT", "1234,56_€"),
        ("nl-NL", "€_1.234,56"),
        ("sv-SE", "1_234,56_€"),
        ("da-DK", "1.234,56_€"),
        ("nb-NO", "1_234,56_€"),
        ("fi-FI", "1_234,56_€"),
        ("pl-PL", "1234,56_€"),
        ("cs-CZ", "1_234,56_€"),
        ("ja-JP", "€1,234.56"),
        ("zh-CN", "€1,234.56"),
        ("zh-TW", "€1,234.56"),
        ("ko-KR", "€1,234.56"),
    ];
    assert_eq!(euros.len(), table::LOCALES.len());
    for (locale, expected) in euros {
        check(locale, 123_456, "EUR", expected);
    }
}

#[test]
fn each_locale_has_its_names_for_money_at_home() {
    check("en-GB", 4900, "GBP", "£49.00");
    check("en-CA", 4900, "CAD", "$49.00");
    check("en-AU", 4900, "AUD", "$49.00");
    check("de-CH", 4900, "CHF", "CHF_49.00");
    check("fr-CA", 4900, "CAD", "49,00_$");
    check("fr-CA", 4900, "USD", "49,00_$_US");
    check("fr-FR", 4900, "USD", "49,00_$US");
    check("pt-BR", 4900, "BRL", "R$_49,00");
    check("sv-SE", 4900, "SEK", "49,00_kr");
    check("da-DK", 4900, "DKK", "49,00_kr.");
    check("nb-NO", 4900, "NOK", "49,00_kr");
    check("pl-PL", 4900, "PLN", "49,00_zł");
    check("cs-CZ", 4900, "CZK", "49,00_Kč");
    check("es-MX", 4900, "MXN", "$49.00");
    check("ja-JP", 1999, "JPY", "￥1,999");
    check("zh-CN", 4900, "CNY", "¥49.00");
    check("ko-KR", 4900, "KRW", "₩4,900");
    check("ja-JP", 4900, "CNY", "元_49.00");
}

#[test]
fn a_sign_stands_where_the_locale_puts_it() {
    check("en-US", -4900, "USD", "-$49.00");
    check("en-US", -5, "CHF", "-CHF_0.05");
    check("de-DE", -4900, "EUR", "-49,00_€");
    check("de-CH", -4900, "CHF", "CHF-49.00");
    check("nl-NL", -4900, "EUR", "€_-49,00");
    check("sv-SE", -4900, "SEK", "\u{2212}49,00_kr");
    check("pt-BR", -4900, "BRL", "-R$_49,00");
}

#[test]
fn digits_are_grouped_as_the_locale_counts() {
    check("en-IN", 123_456_789, "INR", "₹12,34,567.89");
    check("en-IN", 99_999, "INR", "₹999.99");
    check("en-IN", 100_000, "INR", "₹1,000.00");
    check("en-IN", 10_000_000, "INR", "₹1,00,000.00");
    check("es-ES", 123_456, "EUR", "1234,56_€");
    check("es-ES", 1_234_567, "EUR", "12.345,67_€");
    check("en-US", i64::MIN, "USD", "-$92,233,720,368,547,758.08");
}

#[test]
fn an_unknown_locale_falls_back_to_its_language_and_then_to_english() {
    let tag = |given| Locale::find(given).tag();
    assert_eq!(tag("de"), "de-DE");
    assert_eq!(tag("de-LI"), "de-DE");
    assert_eq!(tag("DE_at.UTF-8"), "de-AT");
    assert_eq!(tag("pt"), "pt-BR");
    assert_eq!(tag("zh-Hant-HK"), "zh-CN");
    assert_eq!(tag("no"), "nb-NO");
    assert_eq!(tag("nn-NO"), "nb-NO");
    for unknown in ["", "-", "tlh", "C", "POSIX", "日本"] {
        assert_eq!(tag(unknown), "en-US", "{unknown}");
    }
    assert_eq!(Locale::find("fr-CA").language(), "fr");
}

#[test]
fn dates_are_long_and_in_the_readers_language() {
    let instant = "2026-03-02T12:00:00Z".parse().unwrap();
    let dates = [
        ("en-US", "March 2, 2026"),
        ("en-GB", "2 March 2026"),
        ("de-DE", "2. März 2026"),
        ("fr-FR", "2 mars 2026"),
        ("es-ES", "2 de marzo de 2026"),
        ("it-IT", "2 marzo 2026"),
        ("pt-BR", "2 de março de 2026"),
        ("nl-NL", "2 maart 2026"),
        ("sv-SE", "2 mars 2026"),
        ("da-DK", "2. marts 2026"),
        ("nb-NO", "2. mars 2026"),
        ("fi-FI", "2. maaliskuuta 2026"),
        ("pl-PL", "2 marca 2026"),
        ("cs-CZ", "2. března 2026"),
        ("ja-JP", "2026年3月2日"),
        ("zh-CN", "2026年3月2日"),
        ("ko-KR", "2026년 3월 2일"),
        ("tlh", "March 2, 2026"),
    ];
    for (locale, expected) in dates {
        assert_eq!(format_date(instant, Tz::UTC, locale), expected, "{locale}");
    }
    let january = "2026-01-31T12:00:00Z".parse().unwrap();
    assert_eq!(format_date(january, Tz::UTC, "de-AT"), "31. Jänner 2026");
}

#[test]
fn a_date_is_the_readers_own_day() {
    let instant = "2026-03-02T23:30:00Z".parse().unwrap();
    assert_eq!(format_date(instant, Tz::America__New_York, "en-US"), "March 2, 2026");
    assert_eq!(format_date(instant, Tz::Asia__Tokyo, "en-US"), "March 3, 2026");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_digits_are_the_amount_whatever_the_locale(
        locale in (0..table::LOCALES.len()).prop_map(|at| &table::LOCALES[at]),
        currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
        minor in prop_oneof![-1_000_000..1_000_000_i64, any::<i64>()],
    ) {
        let text = locale.money(Money::new(minor, currency));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let expected = format!("{:0>width$}", minor.unsigned_abs(), width = usize::from(currency.exponent()) + 1);
        prop_assert_eq!(digits, expected);
        prop_assert_eq!(text.contains(['-', '\u{2212}']), minor < 0);
        prop_assert!(!text.contains(' '), "an amount is not broken over two lines");
    }

    #[test]
    fn any_tag_finds_a_locale(tag in "\\PC{0,12}") {
        prop_assert!(!Locale::find(&tag).tag().is_empty());
    }
}

#[test]
fn english_is_written_as_where_its_reader_lives() {
    let cases = [
        ("en-US", "en-US"),
        ("en_AU.UTF-8", "en-AU"),
        ("en", "en-US"),
        ("", "en-US"),
        ("es-US", "en-US"),
        ("fr-CA", "en-CA"),
        ("hi-IN", "en-IN"),
        ("es-ES", "en-GB"),
        ("de-DE", "en-GB"),
        ("ja", "en-GB"),
        ("zh-Hans-CN", "en-GB"),
        ("nonsense", "en-GB"),
    ];
    for (tag, expected) in cases {
        assert_eq!(Locale::english(tag).tag(), expected, "{tag}");
    }
}
