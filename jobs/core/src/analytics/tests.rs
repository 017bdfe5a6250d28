use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::*;
use crate::calendar::{Interval, Unit};
use crate::lifecycle::Status;
use crate::money::{Fraction, MoneyError};

fn mrr(price: i64, unit: Unit, count: u32, quantity: i64) -> Mrr {
    let interval = Interval::new(unit, count).unwrap();
    Mrr::of_price(Fraction::from_integer(price.into()), interval, quantity).unwrap()
}

fn minor(amount: i64) -> Mrr {
    Mrr::minor(amount)
}

fn change(before: i64, after: i64, cause: Cause) -> Change {
    Change { before: minor(before), after: minor(after), cause }
}

fn paying(total: i64) -> Standing {
    Standing { total: minor(total), history: History::HasPaid }
}

#[test]
fn each_interval_has_its_monthly_value() {
    assert_eq!(mrr(1829, Unit::Year, 1, 1), Mrr::new(1829, 12).unwrap());
    assert_eq!(mrr(9000, Unit::Month, 3, 1), minor(3000));
    assert_eq!(mrr(4900, Unit::Month, 1, 7), minor(34_300));
    assert_eq!(mrr(1200, Unit::Week, 2, 1), minor(2600));
    assert_eq!(mrr(1, Unit::Day, 1, 12), minor(365));
    assert_eq!(mrr(24, Unit::Year, 2, 1), minor(1));
}

#[test]
fn it_is_rounded_half_up_in_major_units_and_for_display_only() {
    let yearly = mrr(1829, Unit::Year, 1, 1);
    assert_eq!(yearly.major(2, 4).unwrap(), "1.5242");
    assert_eq!(yearly.major(2, 0).unwrap(), "2");
    assert_eq!(mrr(100, Unit::Year, 1, 1).major(0, 2).unwrap(), "8.33");
    assert_eq!(mrr(5, Unit::Month, 1, 1).major(3, 2).unwrap(), "0.01");
    assert_eq!(Mrr::new(-1, 2).unwrap().major(2, 2).unwrap(), "-0.01");
    assert_eq!(Mrr::ZERO.major(2, 2).unwrap(), "0.00");
    let thrice = yearly.plus(yearly).unwrap().plus(yearly).unwrap();
    assert_eq!(thrice.major(2, 2).unwrap(), "4.57");
}

#[test]
fn what_does_not_fit_is_said() {
    let most = mrr(i64::MAX, Unit::Month, 1, i64::MAX);
    assert_eq!(most.major(0, 20), Err(MoneyError::Overflow));
    let twice = most.plus(most).unwrap();
    assert_eq!(twice.plus(most), Err(MoneyError::Overflow));
    assert_eq!(most.annual(), Err(MoneyError::Overflow));
    assert!(Mrr::new(1, 0).is_err());
    assert!(Mrr::new(i128::MIN, 1).is_err());
}

#[test]
fn revenue_is_what_is_paid_for_or_collected_with_access_kept() {
    let recurring: Vec<Status> =
        Status::ALL.iter().copied().filter(|status| status.recurs()).collect();
    assert_eq!(recurring, [Status::Active, Status::PastDue, Status::Grace]);
}

#[test]
fn a_life_has_each_movement() {
    let mut ada = Standing::NEW;
    let mut moved = |before, after, cause| {
        let movement = ada.take(&[change(before, after, cause)]).unwrap();
        movement.map(|movement| (movement.kind, movement.amount))
    };
    use Cause::{Involuntary, Voluntary};
    assert_eq!(moved(0, 100, Voluntary), Some((Kind::New, minor(100))));
    assert_eq!(moved(100, 100, Voluntary), None);
    assert_eq!(moved(100, 150, Voluntary), Some((Kind::Expansion, minor(50))));
    assert_eq!(moved(150, 120, Involuntary), Some((Kind::Contraction, minor(-30))));
    assert_eq!(moved(120, 0, Involuntary), Some((Kind::ChurnInvoluntary, minor(-120))));
    assert_eq!(moved(0, 40, Voluntary), Some((Kind::Reactivation, minor(40))));
    assert_eq!(moved(40, 0, Voluntary), Some((Kind::ChurnVoluntary, minor(-40))));
}

#[test]
fn two_subscriptions_of_one_customer_net_out() {
    use Cause::{Involuntary, Voluntary};
    let moved = |changes: &[Change]| paying(100).take(changes).unwrap();
    assert_eq!(moved(&[change(100, 0, Voluntary), change(0, 100, Voluntary)]), None);
    let more = Movement { kind: Kind::Expansion, amount: minor(5) };
    assert_eq!(moved(&[change(100, 0, Voluntary), change(0, 105, Voluntary)]), Some(more));
    let both = moved(&[change(60, 0, Involuntary), change(40, 0, Voluntary)]).unwrap();
    assert_eq!(both.kind, Kind::ChurnVoluntary);
}

#[test]
fn a_loss_is_voluntary_unless_it_is_for_want_of_payment() {
    use Status::{Active, Canceled, Expired, Grace, PastDue, Unpaid};
    for (before, after) in [(Grace, Expired), (Grace, Unpaid), (Grace, Active)] {
        assert_eq!(Cause::of(before, after), Cause::Involuntary);
    }
    for (before, after) in [(Active, Canceled), (PastDue, Canceled), (Grace, Canceled)] {
        assert_eq!(Cause::of(before, after), Cause::Voluntary);
    }
    assert_eq!(Cause::of(Active, Active), Cause::Voluntary);
}

#[test]
fn rates_are_fractions_of_what_there_was() {
    let mut flow = Flow::from(minor(1000));
    for (kind, amount) in [
        (Kind::New, 200),
        (Kind::Expansion, 100),
        (Kind::Contraction, -50),
        (Kind::ChurnVoluntary, -60),
        (Kind::ChurnInvoluntary, -40),
        (Kind::Reactivation, 30),
    ] {
        flow.add(Movement { kind, amount: minor(amount) }).unwrap();
    }
    let exact = |numer, denom| Ok(Some(Fraction::new(numer, denom)));
    assert_eq!(flow.end(), Ok(minor(1180)));
    assert_eq!(flow.churn_rate(), exact(1, 10));
    assert_eq!(flow.net_retention(), exact(98, 100));
    assert_eq!(flow.gross_retention(), exact(85, 100));
    assert_eq!(flow.quick_ratio(), exact(330, 150));
    assert_eq!(arpu(minor(1180), 4), exact(295, 1));
    assert_eq!(
        customer_lifetime_value(Fraction::from_integer(295), Fraction::new(1, 10)),
        exact(2950, 1)
    );
}

#[test]
fn nothing_is_divided_by_nothing() {
    let flow = Flow::from(Mrr::ZERO);
    for rate in
        [flow.churn_rate(), flow.net_retention(), flow.gross_retention(), flow.quick_ratio()]
    {
        assert_eq!(rate, Ok(None));
    }
    assert_eq!(arpu(minor(5), 0), Ok(None));
    assert_eq!(customer_lifetime_value(Fraction::new(5, 1), Fraction::new(0, 1)), Ok(None));
}

#[test]
fn a_cohort_is_a_month_of_the_businesss_zone() {
    let instant: DateTime<Utc> = "2026-01-31T23:30:00Z".parse().unwrap();
    let cohort = |zone| Cohort::of(instant, zone).to_string();
    assert_eq!(cohort(Tz::UTC), "2026-01");
    assert_eq!(cohort(Tz::Europe__Berlin), "2026-02");
    let january: Cohort = "2026-01".parse().unwrap();
    assert_eq!(january.months_until("2027-03".parse().unwrap()), 14);
    assert_eq!(january.months_until("2025-12".parse().unwrap()), -1);
    assert_eq!(january.first_day().to_string(), "2026-01-01");
    for wrong in ["2026-13", "2026-1", "2026-01-01", "x", ""] {
        assert!(wrong.parse::<Cohort>().is_err(), "{wrong}");
    }
}
