use proptest::prelude::*;

use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn half_up(numerator: i128, denominator: i128) -> i64 {
    round_half_up(Fraction::new(numerator, denominator)).unwrap()
}

#[test]
fn amounts_of_two_currencies_are_not_combined() {
    let euro = Money::new(1, Currency::EUR);
    let refused = MoneyError::CurrencyMismatch { left: Currency::USD, right: Currency::EUR };
    assert_eq!(usd(1).plus(euro), Err(refused.clone()));
    assert_eq!(usd(1).minus(euro), Err(refused.clone()));
    assert_eq!(usd(1).at_most(euro), Err(refused));
}

#[test]
fn an_amount_that_does_not_fit_is_an_error() {
    assert_eq!(usd(i64::MAX).plus(usd(1)), Err(MoneyError::Overflow));
    assert_eq!(usd(i64::MIN).minus(usd(1)), Err(MoneyError::Overflow));
    assert_eq!(usd(i64::MIN).negated(), Err(MoneyError::Overflow));
    assert_eq!(usd(i64::MAX).times(2), Err(MoneyError::Overflow));
    assert_eq!(usd(i64::MAX).share(Fraction::new(2, 1)), Err(MoneyError::Overflow));
    assert_eq!(usd(2).share(Fraction::from(i128::MAX)), Err(MoneyError::Overflow));
}

#[test]
fn a_half_goes_up_and_its_reversal_with_it() {
    assert_eq!([half_up(1, 2), half_up(3, 2), half_up(5, 2)], [1, 2, 3]);
    assert_eq!([half_up(-1, 2), half_up(-3, 2)], [-1, -2]);
    assert_eq!([half_up(49, 100), half_up(-49, 100), half_up(51, 100)], [0, 0, 1]);
    assert_eq!(half_up(7, 1), 7);
    assert_eq!(half_up(i128::MAX, i128::MAX - 1), 1);
}

#[test]
fn what_cannot_be_divided_evenly_goes_to_whoever_lost_most() {
    let minor = |amount: i64, weights: &[u64]| -> Vec<i64> {
        usd(amount).allocate(weights).unwrap().iter().map(|part| part.minor).collect()
    };
    assert_eq!(minor(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(minor(5, &[3, 7]), [2, 3]);
    assert_eq!(minor(-100, &[1, 1, 1]), [-33, -33, -34]);
    assert_eq!(minor(10, &[0, 1, 0]), [0, 10, 0]);
    assert_eq!(minor(i64::MIN, &[u64::MAX, u64::MAX]), [i64::MIN / 2, i64::MIN / 2]);
    assert_eq!(usd(1).allocate(&[]), Err(MoneyError::NoWeights));
    assert_eq!(usd(1).allocate(&[0, 0]), Err(MoneyError::NoWeights));
}

#[test]
fn an_amount_is_shown_with_its_currencys_decimals() {
    assert_eq!(usd(4900).to_string(), "49.00 USD");
    assert_eq!(usd(-5).to_string(), "-0.05 USD");
    assert_eq!(Money::new(1999, Currency::JPY).to_string(), "1999 JPY");
    assert_eq!(Money::new(1, Currency::KWD).to_string(), "0.001 KWD");
    assert_eq!(usd(i64::MIN).to_string(), "-92233720368547758.08 USD");
}

#[test]
fn an_amount_survives_json() {
    let json = serde_json::to_string(&usd(4900)).unwrap();
    assert_eq!(json, r#"{"minor":4900,"currency":"USD"}"#);
    assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), usd(4900));
    assert!(serde_json::from_str::<Money>(r#"{"minor":4900,"currency":"USX"}"#).is_err());
    assert!(serde_json::from_str::<Money>(r#"{"minor":49.0,"currency":"USD"}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn rounding_is_the_nearest_whole_number(numerator in any::<i64>(), denominator in 1..=i64::MAX) {
        let exact = Fraction::new(numerator.into(), denominator.into());
        let rounded = round_half_up(exact).unwrap();
        let error = exact - Fraction::from(i128::from(rounded));
        let half = Fraction::new(1, 2);
        prop_assert!(-half <= error && error <= half);
        if error == half || error == -half {
            prop_assert_eq!(i128::from(rounded).signum(), exact.numer().signum());
            prop_assert!(i128::from(rounded).abs() * exact.denom() > exact.numer().abs());
        }
    }

    #[test]
    fn rounding_a_reversal_is_the_reversal(numerator in -(1_i64 << 62)..1 << 62, denominator in 1..1000_i128) {
        let there = half_up(numerator.into(), denominator);
        let back = half_up(-i128::from(numerator), denominator);
        prop_assert_eq!(there, -back);
    }

    #[test]
    fn the_parts_add_up_and_each_is_within_one_unit(
        total in any::<i64>(),
        weights in proptest::collection::vec(prop_oneof![3 => 0..1000_u64, 1 => any::<u64>()], 1..12),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let parts = usd(total).allocate(&weights).unwrap();
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(parts.iter().map(|part| i128::from(part.minor)).sum::<i128>(), i128::from(total));
        let sum: i128 = weights.iter().copied().map(i128::from).sum();
        for (part, weight) in parts.iter().zip(weights) {
            let exact = (i128::from(total) * i128::from(weight)).div_euclid(sum);
            prop_assert!((exact..=exact + 1).contains(&i128::from(part.minor)));
            prop_assert!(weight > 0 || part.is_zero());
        }
    }

    #[test]
    fn sums_are_exact_or_refused(left in any::<i64>(), right in any::<i64>(), times in any::<i64>()) {
        let wide = |exact: i128| i64::try_from(exact).map(usd).map_err(|_| MoneyError::Overflow);
        let (l, r) = (i128::from(left), i128::from(right));
        prop_assert_eq!(usd(left).plus(usd(right)), wide(l + r));
        prop_assert_eq!(usd(left).minus(usd(right)), wide(l - r));
        prop_assert_eq!(usd(left).times(times), wide(l * i128::from(times)));
        prop_assert_eq!(usd(left).negated(), wide(-l));
        prop_assert_eq!(Money::sum(Currency::USD, [usd(left), usd(right)]), wide(l + r));
    }
}
