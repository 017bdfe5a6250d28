use proptest::prelude::*;

use super::*;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

#[test]
fn the_table_has_every_currency_in_use_in_order() {
    let all: Vec<Currency> = Currency::all().collect();
    assert_eq!(all.len(), 165);
    assert!(all.is_sorted());
    for one in all {
        assert_eq!(Currency::parse(one.code()), Ok(one));
        assert!(one.exponent() <= 4);
    }
}

#[test]
fn the_constants_are_currencies() {
    for one in [Currency::USD, Currency::EUR, Currency::GBP, Currency::JPY, Currency::KWD] {
        assert_eq!(Currency::parse(one.code()), Ok(one));
    }
}

#[test]
fn a_code_is_read_in_either_case() {
    assert_eq!(Currency::parse("usd"), Ok(Currency::USD));
    assert_eq!("Usd".parse(), Ok(Currency::USD));
    assert_eq!(Currency::USD.to_string(), "USD");
}

#[test]
fn exponents_are_iso_4217s() {
    let exponents = ["USD", "JPY", "KWD", "CLF", "ISK", "UGX", "MGA", "HUF", "IQD"]
        .map(|code| currency(code).exponent());
    assert_eq!(exponents, [2, 0, 3, 4, 0, 0, 2, 2, 3]);
}

#[test]
fn what_is_no_currency_is_refused() {
    for code in ["", "US", "USDX", "XXX", "€€", "ÄÖ", "US$", "BTC", " USD"] {
        let refused = Currency::parse(code);
        assert!(matches!(refused, Err(UnknownCurrency::NotListed { .. })), "{code}: {refused:?}");
    }
}

#[test]
fn a_withdrawn_currency_is_refused_and_says_why() {
    let refused = Currency::parse("bgn").unwrap_err().to_string();
    assert!(refused.starts_with("BGN is not a currency any more: withdrawn"), "{refused}");
}

#[test]
fn the_providers_quirks_are_mapped() {
    let there = |code: &str, minor| currency(code).to_provider_amount(minor);
    assert_eq!(there("USD", 4900), Ok(4900));
    assert_eq!(there("JPY", 1999), Ok(1999));
    assert_eq!(there("ISK", 500), Ok(50_000));
    assert_eq!(there("UGX", 1), Ok(100));
    assert_eq!(there("MGA", 500), Ok(5));
    assert_eq!(there("KWD", 1230), Ok(1230));
    let step = |code: &str, minor, step| Unchargeable::NotAMultiple {
        minor,
        currency: currency(code),
        step,
    };
    assert_eq!(there("KWD", 1234), Err(step("KWD", 1234, 10)));
    assert_eq!(there("MGA", 550), Err(step("MGA", 550, 100)));
    let too_large = Unchargeable::TooLarge { minor: i64::MAX, currency: currency("ISK") };
    assert_eq!(there("ISK", i64::MAX), Err(too_large));
    assert_eq!(currency("ISK").from_provider_amount(50_000), Ok(500));
    assert_eq!(currency("ISK").from_provider_amount(50_001), Err(step("ISK", 50_001, 100)));
}

#[test]
fn the_least_charge_is_in_our_units_too() {
    assert_eq!(Currency::USD.min_charge_minor(), Some(50));
    assert_eq!(currency("HUF").min_charge_minor(), Some(17_500));
    assert_eq!(Currency::KWD.min_charge_minor(), None);
    for one in Currency::all().filter(|one| one.min_charge_minor().is_some()) {
        assert_eq!(one.exponent(), one.provider_exponent(), "{one}: the table speaks of one unit");
    }
}

#[test]
fn the_largest_charge_is_in_our_units_and_can_be_sent() {
    let most = |code: &str| currency(code).max_charge_minor();
    assert_eq!(most("USD"), 99_999_999);
    assert_eq!(
        (most("INR"), most("JPY"), most("IDR")),
        (999_999_999, 9_999_999_999, 999_999_999_999)
    );
    assert_eq!((most("ISK"), most("MGA"), most("KWD")), (999_999, 9_999_999_900, 99_999_990));
    for one in Currency::all() {
        assert!(one.to_charge(one.max_charge_minor()).is_ok(), "{one}");
        assert!(one.to_charge(one.max_charge_minor() + one.charge_step_minor()).is_err(), "{one}");
    }
}

#[test]
fn a_currency_is_its_code_in_json() {
    assert_eq!(serde_json::to_string(&Currency::EUR).unwrap(), "\"EUR\"");
    assert_eq!(serde_json::from_str::<Currency>("\"eur\"").unwrap(), Currency::EUR);
    assert!(serde_json::from_str::<Currency>("\"BGN\"").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn an_amount_at_the_provider_is_the_same_money(
        currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
        steps in -1_000_000_000_000..1_000_000_000_000_i64,
    ) {
        let minor = steps * currency.charge_step_minor();
        let there = currency.to_provider_amount(minor).unwrap();
        prop_assert_eq!(there % currency.round_to_minor(), 0);
        prop_assert_eq!(currency.from_provider_amount(there), Ok(minor));
        // The same value, each in its own units.
        let ours = i128::from(minor) * 10_i128.pow(currency.provider_exponent().into());
        let theirs = i128::from(there) * 10_i128.pow(currency.exponent().into());
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,6}") {
        if let Ok(currency) = Currency::parse(&text) {
            prop_assert_eq!(currency.code(), text.to_ascii_uppercase());
        }
    }

    #[test]
    fn any_amount_is_mapped_or_refused(
        currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
        minor in any::<i64>(),
    ) {
        if let Ok(there) = currency.to_provider_amount(minor) {
            prop_assert_eq!(currency.from_provider_amount(there), Ok(minor));
        }
        if let Ok(here) = currency.from_provider_amount(minor) {
            prop_assert_eq!(currency.to_provider_amount(here), Ok(minor));
        }
    }
}
