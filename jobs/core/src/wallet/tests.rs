use super::*;

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-{text}T00:00:00Z").parse().unwrap()
}

/// Ten units, paid for, usable always.
fn grant(id: &'static str) -> Grant<&'static str> {
    let (effective_at, expires_at) = (None, None);
    let (priority, category, position) = (0, Category::Paid, 0);
    Grant { id, amount: 10, priority, effective_at, expires_at, category, position }
}

fn usage(on: &str, amount: i64) -> Usage {
    Usage { at: at(on), amount }
}

fn balances(settlement: &Settlement<&'static str>) -> Vec<(&'static str, i64)> {
    settlement.grants.iter().map(|standing| (standing.id, standing.balance)).collect()
}

#[test]
fn each_tie_is_broken_by_the_next_rule() {
    let promotional = Category::Promotional;
    let in_order = [
        Grant { priority: -1, ..grant("z priority") },
        Grant { expires_at: Some(at("03-01")), ..grant("y expires soonest") },
        Grant { expires_at: Some(at("04-01")), category: promotional, ..grant("x promotional") },
        Grant { expires_at: Some(at("04-01")), ..grant("w paid") },
        Grant { category: promotional, ..grant("v never expires") },
        Grant { ..grant("u always effective") },
        Grant { effective_at: Some(at("01-01")), ..grant("t effective first") },
        Grant { effective_at: Some(at("01-02")), position: 1, ..grant("s created first") },
        Grant { effective_at: Some(at("01-02")), position: 2, ..grant("r created last") },
    ];
    let mut given = in_order.to_vec();
    given.reverse();
    let settlement = settle(&given, &[], at("01-01")).unwrap();
    let order: Vec<_> = settlement.grants.iter().map(|standing| standing.id).collect();
    assert_eq!(order, in_order.map(|grant| grant.id));
}

#[test]
fn usage_goes_on_to_the_next_grant_and_then_over() {
    let grants = [Grant { priority: 1, ..grant("second") }, grant("first")];
    let settlement = settle(&grants, &[usage("01-02", 25)], at("01-03")).unwrap();
    assert_eq!(balances(&settlement), [("first", 0), ("second", 0)]);
    assert_eq!(settlement.overage, 5);
    let settlement = settle(&grants, &[usage("01-02", 12)], at("01-03")).unwrap();
    assert_eq!(balances(&settlement), [("first", 0), ("second", 8)]);
}

#[test]
fn a_grant_pays_from_its_first_instant_and_not_at_its_end() {
    let (effective_at, expires_at) = (Some(at("02-01")), Some(at("03-01")));
    let grants = [Grant { effective_at, expires_at, ..grant("february") }];
    let over = |at: DateTime<Utc>| {
        settle(&grants, &[Usage { at, amount: 1 }], self::at("12-31")).unwrap().overage
    };
    let instant = chrono::TimeDelta::nanoseconds(1);
    assert_eq!([over(at("02-01") - instant), over(at("02-01"))], [1, 0]);
    assert_eq!([over(at("03-01") - instant), over(at("03-01"))], [0, 1]);
}

#[test]
fn late_usage_burns_what_was_usable_when_it_happened() {
    let expires_at = Some(at("03-01"));
    let grants = [grant("later"), Grant { expires_at, ..grant("expired by now") }];
    let settlement = settle(&grants, &[usage("02-28", 4)], at("06-01")).unwrap();
    let expired = Standing { id: "expired by now", balance: 0, burned: 4, expired: 6 };
    assert_eq!(settlement.grants[0], expired);
    assert_eq!(balances(&settlement)[1], ("later", 10));
}

#[test]
fn what_is_not_effective_yet_is_listed_with_its_amount() {
    let grants = [Grant { effective_at: Some(at("05-01")), ..grant("may") }];
    let settlement = settle(&grants, &[usage("04-01", 3)], at("04-02")).unwrap();
    assert_eq!(balances(&settlement), [("may", 10)]);
    assert_eq!(settlement.overage, 3);
}

#[test]
fn usage_after_the_instant_asked_about_is_not_counted() {
    let used = [usage("02-01", 1), usage("02-02", 2)];
    let settlement = settle(&[grant("only")], &used, at("02-01")).unwrap();
    assert_eq!(balances(&settlement), [("only", 9)]);
}

#[test]
fn what_cannot_be_settled_is_named_by_its_position() {
    let refused = |grants: &[Grant<&'static str>], used: &[Usage]| {
        settle(grants, used, at("01-01")).unwrap_err()
    };
    let twice = [grant("a"), grant("b"), grant("a")];
    assert_eq!(refused(&twice, &[]), WalletError::SameId { position: 2 });
    let negative = [grant("a"), Grant { amount: -1, ..grant("b") }];
    assert_eq!(refused(&negative, &[]), WalletError::NegativeGrant { position: 1 });
    let (effective_at, expires_at) = (Some(at("02-01")), Some(at("02-01")));
    let never = [Grant { effective_at, expires_at, ..grant("a") }];
    assert_eq!(refused(&never, &[]), WalletError::NeverUsable { position: 0 });
    // Checked even where it is too late to count.
    let used = [usage("01-01", 1), usage("12-01", -1)];
    assert_eq!(refused(&[], &used), WalletError::NegativeUsage { position: 1 });
    let much = [usage("01-01", i64::MAX), usage("01-01", 1)];
    assert_eq!(refused(&[], &much), WalletError::Overflow);
}
