use chrono_tz::Tz;

use super::*;
use crate::currency::Currency;

fn at(text: &str) -> DateTime<Utc> {
    match text.len() {
        10 => format!("{text}T00:00:00Z").parse().unwrap(),
        _ => text.parse().unwrap(),
    }
}

fn span(start: &str, end: &str) -> Span {
    Span { start: at(start), end: at(end) }
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// From 30.00 to 60.00 after ten days of September.
fn september(basis: Basis) -> Change {
    Change::new(span("2021-09-01", "2021-10-01"), at("2021-09-11"), usd(3000), usd(6000), basis)
}

fn lines(change: &Change) -> (i64, i64) {
    let lines = prorate(change).unwrap();
    (lines.credit.minor, lines.charge.minor)
}

#[test]
fn the_provider_documents_this_example() {
    let period = span("2020-08-06T21:28:08Z", "2020-09-06T21:28:08Z");
    let at = at("2020-09-01T17:42:28Z");
    let change = Change::new(period, at, usd(1000), usd(3252), Basis::Second);
    assert_eq!(lines(&change), (166, 541));
}

#[test]
fn a_change_at_either_end_is_all_or_nothing() {
    let change = september(Basis::Second);
    assert_eq!(lines(&change), (2000, 4000));
    assert_eq!(lines(&Change { at: change.period.start, ..change }), (3000, 6000));
    assert_eq!(lines(&Change { at: change.period.end, ..change }), (0, 0));
}

#[test]
fn the_day_of_a_change_belongs_to_the_new_price() {
    let change = september(Basis::Day(Tz::UTC));
    assert_eq!(lines(&change), (2000, 4000));
    let late = Change { at: at("2021-09-11T23:59:59Z"), ..change };
    assert_eq!(lines(&late), (2000, 4000));
}

#[test]
fn days_are_those_of_the_zone() {
    // 23:30 in Berlin on 10 September.
    let change = Change { at: at("2021-09-10T21:30:00Z"), ..september(Basis::Second) };
    let period = span("2021-08-31T22:00:00Z", "2021-09-30T22:00:00Z");
    let in_berlin = Change { period, basis: Basis::Day(Tz::Europe__Berlin), ..change };
    assert_eq!(lines(&in_berlin), (2100, 4200));
    let in_tokyo = Change { basis: Basis::Day(Tz::Asia__Tokyo), ..in_berlin };
    assert_eq!(lines(&in_tokyo), (2000, 4000));
}

#[test]
fn a_day_of_23_hours_counts_as_a_day() {
    let period = span("2021-03-01T05:00:00Z", "2021-04-01T04:00:00Z");
    let at = at("2021-03-15T04:00:00Z");
    let basis = Basis::Day(Tz::America__New_York);
    let change = Change::new(period, at, usd(3100), usd(6200), basis);
    assert_eq!(lines(&change), (1700, 3400));
}

#[test]
fn a_new_price_with_its_own_period_is_charged_for_that() {
    let new_period = Some(span("2021-09-11", "2022-09-11"));
    let change = Change { new_period, ..september(Basis::Second) };
    assert_eq!(lines(&change), (2000, 6000));
    let begun = Some(span("2021-09-06", "2021-09-16"));
    assert_eq!(lines(&Change { new_period: begun, ..change }), (2000, 3000));
}

#[test]
fn a_new_period_that_begins_after_the_change_is_charged_in_full() {
    let new_period = Some(span("2021-09-21", "2021-10-21"));
    let change = Change { new_period, ..september(Basis::Second) };
    assert_eq!(lines(&change), (2000, 6000));
}

#[test]
fn a_segment_that_outlives_the_new_period_is_charged_to_its_end() {
    let new_period = Some(span("2021-09-06", "2021-09-16"));
    let segment_end = Some(at("2021-09-21"));
    let change = Change { new_period, segment_end, ..september(Basis::Second) };
    assert_eq!(lines(&change), (1000, 3000));
}

#[test]
fn a_segment_that_ends_early_leaves_less() {
    let segment_end = Some(at("2021-09-21"));
    let change = Change { segment_end, ..september(Basis::Second) };
    assert_eq!(lines(&change), (1000, 2000));
}

#[test]
fn no_more_is_credited_than_was_billed() {
    let change = Change { creditable: Some(usd(150)), ..september(Basis::Second) };
    assert_eq!(lines(&change), (150, 4000));
    assert_eq!(lines(&Change { creditable: Some(usd(0)), ..change }), (0, 4000));
    assert_eq!(lines(&Change { creditable: Some(usd(9999)), ..change }), (2000, 4000));
}

#[test]
fn a_change_that_cannot_be_says_which_part() {
    let good = september(Basis::Second);
    let part = |change: Change| prorate(&change).unwrap_err().part();
    assert_eq!(part(Change { at: at("2021-10-02"), ..good }), Part::Instant);
    assert_eq!(part(Change { at: at("2021-08-31"), ..good }), Part::Instant);
    assert_eq!(part(Change { period: span("2021-09-01", "2021-09-01"), ..good }), Part::Period);
    assert_eq!(part(Change { period: span("2021-09-01", "2021-08-01"), ..good }), Part::Period);
    assert_eq!(part(Change { segment_end: Some(at("2021-09-10")), ..good }), Part::SegmentEnd);
    assert_eq!(part(Change { segment_end: Some(at("2021-10-10")), ..good }), Part::SegmentEnd);
    let nothing = Some(span("2021-09-11", "2021-09-11"));
    assert_eq!(part(Change { new_period: nothing, ..good }), Part::NewPeriod);
    assert_eq!(part(Change { old_price: usd(-1), ..good }), Part::OldPrice);
    assert_eq!(part(Change { new_price: usd(-1), ..good }), Part::NewPrice);
    assert_eq!(part(Change { creditable: Some(usd(-1)), ..good }), Part::Credit);
    assert_eq!(part(Change { new_price: Money::new(1, Currency::EUR), ..good }), Part::NewPrice);
    let hours = span("2021-09-11T01:00:00Z", "2021-09-11T02:00:00Z");
    let within_a_day = Change { period: hours, at: hours.start, ..september(Basis::Day(Tz::UTC)) };
    assert_eq!(part(within_a_day), Part::Period);
}

#[test]
fn an_open_invoice_is_credited_first() {
    let split = |credit, due| credit_open_invoice_first(usd(credit), usd(due)).unwrap();
    let expected =
        |invoice, balance| CreditSplit { to_open_invoice: usd(invoice), to_balance: usd(balance) };
    assert_eq!(split(500, 0), expected(0, 500));
    assert_eq!(split(500, 200), expected(200, 300));
    assert_eq!(split(500, 900), expected(500, 0));
    assert!(credit_open_invoice_first(usd(-1), usd(0)).is_err());
    assert!(credit_open_invoice_first(usd(1), usd(-1)).is_err());
}

#[test]
fn more_is_charged_now_and_less_waits_for_the_boundary() {
    let timing = |old, new| ChangeTiming::default_for(usd(old), usd(new)).unwrap();
    assert_eq!(timing(4900, 19_900), ChangeTiming::ChargeNow);
    assert_eq!(timing(19_900, 4900), ChangeTiming::NextBoundary);
    assert_eq!(timing(4900, 4900), ChangeTiming::NextBoundary);
}

#[test]
fn what_is_lost_to_rounding_is_kept() {
    // A third of 100 credited: 33 go back, 67 are kept.
    let period = span("2021-09-01", "2021-10-01");
    let kept =
        settle_chain(period, Basis::Second, usd(100), &[(at("2021-09-21"), usd(0))]).unwrap();
    assert_eq!(kept[0], Kept { billed: usd(100), credited: usd(33), kept: usd(67) });
    assert_eq!(kept[1], Kept { billed: usd(0), credited: usd(0), kept: usd(0) });
}

#[test]
fn changes_are_in_order() {
    let period = span("2021-09-01", "2021-10-01");
    let changes = [(at("2021-09-21"), usd(1)), (at("2021-09-20"), usd(2))];
    let refused = settle_chain(period, Basis::Second, usd(100), &changes).unwrap_err();
    assert_eq!(refused.part(), Part::Instant);
}
