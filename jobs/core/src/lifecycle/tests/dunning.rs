//! The ladder, grace, and the end.

use super::world::{World, at, item, terms};
use crate::dunning::{DunningPolicy, EndAction, Span};
use crate::lifecycle::{Access, Action, Event, Notice, Status, UnusedTime};

#[test]
fn a_retry_that_succeeds_brings_a_receipt_and_no_more_dunning() {
    let mut world = World::past_due();
    assert_eq!(world.access(), Access::Full);
    world.run_to(at("2026-02-02"));
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt", "recovered"]));
    world.run_to(at("2026-02-27"));
    assert_eq!(world.mails(), Vec::<&str>::new());
}

#[test]
fn grace_keeps_access_warns_once_more_and_ends() {
    let mut world = World::in_grace(DunningPolicy::default());
    assert_eq!((world.status(), world.access()), (Status::Grace, Access::Full));
    world.run_to(at("2026-02-14"));
    assert_eq!(world.mails(), ["grace_ending"]);
    world.now = at("2026-02-15");
    // Access ends with the instant, not when a worker comes by.
    assert_eq!((world.status(), world.access()), (Status::Grace, Access::None));
    world.work();
    assert_eq!((world.status(), world.mails()), (Status::Expired, vec!["expired"]));
    assert_eq!(world.books.account("bad_debt"), 49_00);
}

#[test]
fn restriction_begins_when_the_policy_says() {
    let restrict_after = Some("3d".parse().unwrap());
    let mut world =
        World::past_due_under(DunningPolicy { restrict_after, ..Default::default() }, terms());
    world.now = at("2026-02-03");
    assert_eq!(world.access(), Access::Full);
    world.now = at("2026-02-04");
    assert_eq!(world.access(), Access::Restricted);
}

#[test]
fn a_late_worker_drops_passed_rungs_and_makes_one_late_attempt() {
    let mut world = World::past_due();
    let before = world.books.charges.len();
    world.sleep_to(at("2026-02-06"));
    assert_eq!(world.books.charges.len(), before + 1);
    world.decline("insufficient_funds");
    let said = world.letters.last().unwrap().1.clone();
    // Two attempts were made, and two rungs are to come.
    assert!(matches!(said, Notice::PaymentFailed { attempt: 2, of: 4, .. }), "{said:?}");
    assert_eq!(world.next(), Some((Action::RetryPayment, at("2026-02-06T09:00:00Z"))));
}

#[test]
fn our_downtime_ends_nobodys_access_without_a_warning() {
    let mut world = World::past_due();
    world.sleep_to(at("2026-02-20"));
    world.decline("insufficient_funds");
    assert_eq!((world.status(), world.mails()), (Status::Grace, vec!["grace_started"]));
    world.work();
    assert_eq!((world.status(), world.access()), (Status::Grace, Access::Full));
    world.run_to(at("2026-02-21"));
    assert_eq!(world.status(), Status::Expired);
}

#[test]
fn a_late_warning_of_the_end_moves_the_end() {
    let mut world = World::in_grace(DunningPolicy::default());
    world.now = at("2026-02-16");
    assert_eq!(world.access(), Access::Full);
    world.work();
    assert_eq!((world.status(), world.mails()), (Status::Grace, vec!["grace_ending"]));
    world.run_to(at("2026-02-16T12:00:00Z"));
    assert_eq!((world.status(), world.mails()), (Status::Expired, vec!["expired"]));
}

#[test]
fn a_payment_under_way_keeps_grace_open_and_may_still_save_it() {
    let mut world = World::in_grace(DunningPolicy::default());
    world.run_to(at("2026-02-14T23:00:00Z"));
    world.attach("second");
    world.sleep_to(at("2026-02-18"));
    assert_eq!((world.status(), world.access()), (Status::Grace, Access::Full));
    world.succeed();
    assert_eq!(world.status(), Status::Active);
    assert_eq!(world.mails(), ["grace_ending", "receipt", "recovered"]);
}

#[test]
fn a_period_that_begins_during_dunning_is_billed_and_both_are_collected() {
    let policy = DunningPolicy { access_ends_after: Span::days(60), ..Default::default() };
    let mut world = World::in_grace(policy);
    world.run_to(at("2026-03-02"));
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Grace, 98_00));
    world.attach("second");
    world.succeed();
    assert_eq!(world.status(), Status::Grace);
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt", "recovered"]));
}

#[test]
fn suspension_ends_access_and_payment_begins_a_new_period_after_the_gap() {
    let mut world =
        World::in_grace(DunningPolicy { end: EndAction::Suspend, ..Default::default() });
    world.run_to(at("2026-05-10"));
    assert_eq!((world.status(), world.access()), (Status::Unpaid, Access::None));
    assert_eq!(world.mails(), ["grace_ending", "expired"]);
    assert_eq!(world.subscription.owed_minor(), 49_00);
    world.attach("second");
    world.succeed();
    assert_eq!(world.status(), Status::Active);
    assert_eq!(world.subscription.period.start, at("2026-05-10"));
    // Only the rest of the month is billed.
    assert_eq!(world.subscription.owed_minor(), 34_77);
    world.succeed();
    assert_eq!(world.mails(), ["receipt", "recovered", "receipt"]);
}

#[test]
fn who_wanted_to_end_anyway_is_not_suspended_for_ever() {
    let mut world =
        World::in_grace(DunningPolicy { end: EndAction::Suspend, ..Default::default() });
    world.cancel_at_period_end();
    world.run_to(at("2026-02-15"));
    assert_eq!(world.status(), Status::Canceled);
}

#[test]
fn a_downgrade_goes_on_with_the_lesser_plan() {
    let end = EndAction::Downgrade("free".to_owned());
    let mut world = World::in_grace(DunningPolicy { end, ..Default::default() });
    world.downgrade = Some(vec![item(0)]);
    world.run_to(at("2026-03-05"));
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Active, 0));
    assert_eq!(world.mails(), ["grace_ending", "expired"]);
    assert_eq!(world.books.charges.len(), 6);
}

#[test]
fn a_downgrade_that_leads_nowhere_ends_as_it_would_without_the_lesser_plan() {
    let end = EndAction::Downgrade("gone".to_owned());
    let mut world = World::in_grace(DunningPolicy { end, ..Default::default() });
    world.downgrade = None;
    world.run_to(at("2026-03-05"));
    assert_eq!(world.subscription.parked, None);
    assert_eq!((world.status(), world.access()), (Status::Expired, Access::None));
    assert_eq!(world.mails(), ["grace_ending", "expired"]);
}

#[test]
fn a_decline_after_the_end_asks_for_nothing_more() {
    let mut world = World::past_due();
    world.run_to(at("2026-02-02"));
    world.cancel_now(UnusedTime::Forfeited);
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Canceled, 49_00));
    world.decline("insufficient_funds");
    assert_eq!((world.subscription.owed_minor(), world.mails()), (0, vec!["canceled"]));
    assert_eq!(world.books.account("bad_debt"), 49_00);
}

#[test]
fn a_part_payment_leaves_it_past_due_until_nothing_is_owed() {
    let mut world = World::past_due();
    world.run_to(at("2026-02-02"));
    pay_in_part(&mut world, 9_00);
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::PastDue, 40_00));
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt", "recovered"]));
}

#[test]
fn what_is_left_of_a_part_payment_after_the_end_is_given_up() {
    let mut world = World::past_due();
    world.run_to(at("2026-02-02"));
    world.cancel_now(UnusedTime::Forfeited);
    pay_in_part(&mut world, 9_00);
    assert_eq!((world.subscription.owed_minor(), world.books.account("bad_debt")), (0, 40_00));
    assert_eq!(world.mails(), ["canceled", "receipt"]);
}

/// The provider captured less than was asked for.
fn pay_in_part(world: &mut World, amount_minor: i64) {
    let (invoice, payment) = world.in_flight().unwrap();
    world.tell(Event::PaymentSucceeded { payment, invoice, amount_minor });
}
