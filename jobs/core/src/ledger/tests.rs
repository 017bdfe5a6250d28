use proptest::prelude::*;

use super::AccountKind::{AccountsReceivable, Cash, CustomerCredit, Revenue};
use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn entry(account: AccountKind, side: Side, amount: Money) -> Entry {
    Entry { account, side, amount }
}

#[test]
fn a_finalised_invoice_is_owed_and_earned() {
    let posting = Posting::invoice_finalised(usd(4900)).unwrap();
    assert_eq!(posting.change_of(AccountsReceivable, Currency::USD), 4900);
    assert_eq!(posting.change_of(Revenue, Currency::USD), -4900);
    assert_eq!(posting.change_of(Cash, Currency::USD), 0);
    assert_eq!(posting.change_of(Revenue, Currency::EUR), 0);
}

#[test]
fn an_invoice_paid_in_full_leaves_nothing_owed() {
    let postings = [
        Posting::invoice_finalised(usd(4900)).unwrap(),
        Posting::credit_applied(usd(900)).unwrap(),
        Posting::payment_received(usd(4000)).unwrap(),
    ];
    let owed: i128 =
        postings.iter().map(|one| one.change_of(AccountsReceivable, Currency::USD)).sum();
    assert_eq!(owed, 0);
}

#[test]
fn what_does_not_balance_is_no_posting() {
    let lopsided = vec![
        entry(AccountsReceivable, Side::Debit, usd(100)),
        entry(Revenue, Side::Credit, usd(99)),
    ];
    let refused = LedgerError::Unbalanced { currency: Currency::USD, difference: 1 };
    assert_eq!(Posting::new(lopsided), Err(refused));
    assert_eq!(Posting::new(vec![]), Err(LedgerError::Empty));
}

#[test]
fn two_currencies_balance_each_on_their_own() {
    let crossed = vec![
        entry(Cash, Side::Debit, usd(100)),
        entry(Revenue, Side::Credit, Money::new(100, Currency::EUR)),
    ];
    let refused = LedgerError::Unbalanced { currency: Currency::EUR, difference: -100 };
    assert_eq!(Posting::new(crossed), Err(refused));
}

#[test]
fn an_entry_is_more_than_nothing() {
    for minor in [0, -1] {
        let refused = LedgerError::NotPositive { account: Cash, amount: usd(minor) };
        assert_eq!(Posting::payment_received(usd(minor)), Err(refused));
    }
}

#[test]
fn amounts_that_would_overflow_a_sum_still_balance() {
    let most = usd(i64::MAX);
    let entries = [Side::Debit, Side::Credit]
        .into_iter()
        .flat_map(|side| [entry(Cash, side, most), entry(CustomerCredit, side, most)]);
    assert!(Posting::new(entries.collect()).is_ok());
}

#[test]
fn a_stored_posting_is_believed_only_if_it_balances() {
    let posting = Posting::payment_received(usd(4900)).unwrap();
    let json = serde_json::to_string(&posting).unwrap();
    assert_eq!(serde_json::from_str::<Posting>(&json).unwrap(), posting);
    let wrong = json.replacen("4900", "4901", 1);
    assert!(serde_json::from_str::<Posting>(&wrong).is_err());
    assert!(serde_json::from_str::<Posting>("[]").is_err());
}

#[test]
fn names_are_as_stored() {
    for account in AccountKind::ALL {
        let json = serde_json::to_string(&account).unwrap();
        assert_eq!(json, format!("\"{}\"", account.as_str()));
    }
    for side in [Side::Debit, Side::Credit] {
        assert_eq!(serde_json::to_string(&side).unwrap(), format!("\"{}\"", side.as_str()));
    }
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let currency = prop_oneof![Just(Currency::USD), Just(Currency::JPY)];
    let side = prop_oneof![Just(Side::Debit), Just(Side::Credit)];
    let one = (proptest::sample::select(&AccountKind::ALL[..]), side, 1..4_i64, currency).prop_map(
        |(account, side, minor, currency)| entry(account, side, Money::new(minor, currency)),
    );
    proptest::collection::vec(one, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn entries_are_a_posting_exactly_when_they_balance(entries in entries()) {
        let balance = |currency| -> i128 {
            entries.iter().filter(|one| one.amount.currency == currency)
                .map(|one| one.side.signed(one.amount)).sum()
        };
        let balanced = balance(Currency::USD) == 0 && balance(Currency::JPY) == 0;
        prop_assert_eq!(Posting::new(entries.clone()).is_ok(), balanced && !entries.is_empty());
    }

    #[test]
    fn a_posting_and_its_reversal_change_nothing(minor in 1..=i64::MAX) {
        let posting = Posting::invoice_finalised(usd(minor)).unwrap();
        let undone = posting.reversal();
        prop_assert_eq!(undone.reversal(), posting.clone());
        prop_assert!(Posting::new(undone.entries().to_vec()).is_ok());
        for account in AccountKind::ALL {
            let change = |one: &Posting| one.change_of(account, Currency::USD);
            prop_assert_eq!(change(&posting) + change(&undone), 0);
        }
    }

    #[test]
    fn every_kind_of_posting_balances(minor in 1..=i64::MAX) {
        let kinds = [
            Posting::invoice_finalised, Posting::payment_received, Posting::credit_applied,
            Posting::invoice_credited, Posting::balance_credited, Posting::carried_to_balance,
            Posting::surplus_to_balance, Posting::written_off, Posting::refunded, Posting::rounded_off,
        ];
        for kind in kinds {
            let posting = kind(usd(minor)).unwrap();
            let sum: i128 = AccountKind::ALL.iter().map(|one| posting.change_of(*one, Currency::USD)).sum();
            prop_assert_eq!(sum, 0);
        }
    }
}
