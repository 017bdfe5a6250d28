use proptest::prelude::*;

use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

#[test]
fn seats_and_a_setup_fee_add_up() {
    let lines = [Line::new(usd(4900), 12).unwrap(), Line::of(usd(50_000))];
    assert_eq!(total(Currency::USD, &lines), Ok(usd(108_800)));
    assert_eq!(total(Currency::USD, &[]), Ok(usd(0)));
}

#[test]
fn a_total_is_of_one_currency_and_fits() {
    let euro = Line::of(Money::new(1, Currency::EUR));
    assert!(matches!(
        total(Currency::USD, &[euro]),
        Err(MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::EUR })
    ));
    let most = Line::of(usd(i64::MAX));
    assert_eq!(total(Currency::USD, &[most, most]), Err(MoneyError::Overflow));
    assert_eq!(Line::new(usd(i64::MAX), 2), Err(MoneyError::Overflow));
}

#[test]
fn a_part_payment_leaves_the_rest_due() {
    let left = |settled, credits| balance(usd(4900), usd(settled), usd(credits)).unwrap();
    let expected = |due, surplus| Balance { due: usd(due), surplus: usd(surplus) };
    assert_eq!(left(0, 0), expected(4900, 0));
    assert_eq!(left(1900, 1000), expected(2000, 0));
    assert_eq!(left(4900, 0), expected(0, 0));
    assert_eq!(left(4900, 100), expected(0, 100));
    assert!(balance(usd(1), usd(-1), usd(0)).is_err());
    assert!(balance(usd(1), usd(0), usd(-1)).is_err());
}

#[test]
fn nothing_due_needs_no_charge() {
    assert_eq!(collectability(usd(0)), Ok(Collectability::Nothing));
    let negative = InvoiceError::Negative { what: "amount due" };
    assert_eq!(collectability(usd(-1)), Err(negative));
}

#[test]
fn less_than_the_provider_charges_is_carried_to_the_balance() {
    assert_eq!(collectability(usd(49)), Ok(Collectability::CarryToBalance { carried: usd(49) }));
    let charge = Collectability::Charge { charge: usd(50), carried: usd(0) };
    assert_eq!(collectability(usd(50)), Ok(charge));
    let rupee = Money::new(1, Currency::parse("NPR").unwrap());
    let charge = Collectability::Charge { charge: rupee, carried: Money::zero(rupee.currency) };
    assert_eq!(collectability(rupee), Ok(charge), "no known minimum");
}

#[test]
fn a_digit_the_provider_cannot_express_is_carried() {
    let dinar = |minor| Money::new(minor, Currency::KWD);
    let charge = Collectability::Charge { charge: dinar(1230), carried: dinar(4) };
    assert_eq!(collectability(dinar(1234)), Ok(charge));
    let carry = Collectability::CarryToBalance { carried: dinar(4) };
    assert_eq!(collectability(dinar(4)), Ok(carry));
}

#[test]
fn an_invoice_number_has_six_digits_or_more() {
    let series = NumberSeries::new("ACME").unwrap();
    assert_eq!(series.number(123), "ACME-000123");
    assert_eq!(series.number(1_234_567), "ACME-1234567");
    assert_eq!(series.serial("ACME-000123"), Ok(123));
    for other in ["ACME-123", "ACMEX-000123", "ACME000123", "ACME-+00123", "", "ACME-0000123"] {
        assert!(series.serial(other).is_err(), "{other}");
    }
    for prefix in ["", "acme", "A-B", "A B", "ÄB", "ABCDEFGHIJKLMNOPQ"] {
        assert_eq!(NumberSeries::new(prefix), Err(NumberError::Prefix), "{prefix}");
    }
}

#[test]
fn a_stored_line_is_believed_only_if_it_adds_up() {
    let line = Line::new(usd(4900), 12).unwrap();
    let json = serde_json::to_string(&line).unwrap();
    assert_eq!(serde_json::from_str::<Line>(&json).unwrap(), line);
    let wrong = json.replace("58800", "58801");
    assert!(serde_json::from_str::<Line>(&wrong).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_total_is_the_exact_sum_of_its_lines(
        lines in proptest::collection::vec((-1_000_000_000..1_000_000_000_i64, 0..10_000_u32), 0..20),
    ) {
        let exact: i128 = lines.iter().map(|(price, n)| i128::from(*price) * i128::from(*n)).sum();
        let lines: Vec<Line> =
            lines.into_iter().map(|(price, n)| Line::new(usd(price), n).unwrap()).collect();
        prop_assert_eq!(i128::from(total(Currency::USD, &lines).unwrap().minor), exact);
    }

    #[test]
    fn what_is_due_and_what_is_over_are_never_both(
        total in any::<i64>(),
        settled in 0..=i64::MAX,
        credits in 0..=i64::MAX,
    ) {
        let exact = i128::from(total) - i128::from(settled) - i128::from(credits);
        match balance(usd(total), usd(settled), usd(credits)) {
            Ok(Balance { due, surplus }) => {
                prop_assert!(due.minor >= 0 && surplus.minor >= 0);
                prop_assert!(due.is_zero() || surplus.is_zero());
                prop_assert_eq!(i128::from(due.minor) - i128::from(surplus.minor), exact);
            }
            Err(InvoiceError::Money(MoneyError::Overflow)) => {
                prop_assert!(exact <= i128::from(i64::MIN) || i64::try_from(exact).is_err()
                    || i64::try_from(i128::from(total) - i128::from(settled)).is_err());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    #[test]
    fn whatever_is_due_is_charged_or_carried_in_full(
        currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
        due in prop_oneof![0..20_000_i64, 0..=i64::MAX],
    ) {
        match collectability(Money::new(due, currency)).unwrap() {
            Collectability::Nothing => prop_assert_eq!(due, 0),
            Collectability::CarryToBalance { carried } => {
                prop_assert_eq!(carried.minor, due);
                let least = currency.min_charge_minor().unwrap_or(0).max(currency.charge_step_minor());
                prop_assert!(due < least);
            }
            Collectability::Charge { charge, carried } => {
                prop_assert_eq!(charge.minor + carried.minor, due);
                prop_assert!(charge.is_positive() && carried.minor >= 0);
                prop_assert!(charge.minor >= currency.min_charge_minor().unwrap_or(0));
                prop_assert!(carried.minor < currency.charge_step_minor());
                let mapped = currency.to_provider_amount(charge.minor);
                prop_assert!(mapped.is_ok() || due > i64::MAX / 100);
            }
        }
    }

    #[test]
    fn numbers_of_a_series_are_distinct_and_read_back(serial in any::<u64>(), other in any::<u64>()) {
        let series = NumberSeries::new("PRN").unwrap();
        prop_assert_eq!(series.serial(&series.number(serial)), Ok(serial));
        prop_assert_eq!(serial == other, series.number(serial) == series.number(other));
    }
}
