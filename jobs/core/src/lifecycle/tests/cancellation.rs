//! Ending on request.

use super::world::{World, at, terms};
use crate::dunning::DunningPolicy;
use crate::lifecycle::{Access, Event, Refused, Start, Status, UnusedTime};

#[test]
fn a_cancellation_keeps_access_to_the_end_of_the_period_and_starts_no_new_one() {
    let mut world = World::active();
    world.now = at("2026-01-10");
    world.cancel_at_period_end();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["canceled"]));
    world.now = at("2026-01-31T23:59:59Z");
    assert_eq!(world.access(), Access::Full);
    world.now = at("2026-02-01");
    assert_eq!(world.access(), Access::None, "whether or not a worker came by");
    world.work();
    assert_eq!((world.status(), world.mails()), (Status::Canceled, vec![]));
    assert_eq!(world.books.service_periods().len(), 1);
}

#[test]
fn it_can_be_undone_until_the_very_instant() {
    let mut world = World::active();
    world.cancel_at_period_end();
    world.now = at("2026-01-31T23:59:59Z");
    world.tell(Event::CancelUndone);
    world.run_to(at("2026-02-01"));
    assert!(world.in_flight().is_some());
    let mut world = World::active();
    world.cancel_at_period_end();
    world.now = at("2026-02-01");
    assert!(matches!(world.hear(Event::CancelUndone), Err(Refused::TooLate { .. })));
}

#[test]
fn a_cancellation_on_the_boundary_starts_no_new_period() {
    let mut world = World::active();
    world.now = at("2026-02-01");
    world.cancel_at_period_end();
    assert_eq!((world.status(), world.books.service_periods().len()), (Status::Canceled, 1));
    assert_eq!(world.mails(), ["canceled"]);
}

#[test]
fn a_trial_can_be_canceled_and_runs_to_its_end() {
    let how = Start::Trial { ends_at: at("2026-01-15") };
    let mut world = World::new(terms(), how, DunningPolicy::default());
    world.cancel_at_period_end();
    world.run_to(at("2026-01-20"));
    assert_eq!((world.status(), world.books.charges.len()), (Status::Canceled, 0));
    assert_eq!(world.mails(), ["canceled"]);
}

#[test]
fn an_end_that_comes_before_the_one_announced_is_told_of_too() {
    let mut world = World::active();
    world.cancel_at_period_end();
    world.cancel_now(UnusedTime::Forfeited);
    assert_eq!(world.mails(), ["canceled", "canceled"]);
}

#[test]
fn unused_time_is_credited_only_if_asked() {
    let mut world = World::active();
    world.now = at("2026-01-16T12:00:00Z");
    world.cancel_now(UnusedTime::Forfeited);
    assert_eq!(world.subscription.balance_minor, 0);
    let mut world = World::active();
    world.now = at("2026-01-16T12:00:00Z");
    world.cancel_now(UnusedTime::Credited);
    assert_eq!(world.subscription.balance_minor, 24_50);
}

#[test]
fn unused_time_reduces_the_open_invoice_first() {
    let mut world = World::past_due();
    world.now = at("2026-02-15");
    world.cancel_now(UnusedTime::Credited);
    assert_eq!((world.subscription.balance_minor, world.books.account("bad_debt")), (0, 24_50));
}

#[test]
fn a_credit_for_what_is_being_paid_is_never_given_twice() {
    // Half of February is credited while its payment is under way.
    let credited = || {
        let mut world = World::active();
        world.run_to(at("2026-02-01"));
        world.now = at("2026-02-15");
        world.cancel_now(UnusedTime::Credited);
        world
    };
    let mut paid = credited();
    paid.succeed();
    assert_eq!(paid.subscription.balance_minor, 24_50);
    let mut unpaid = credited();
    unpaid.decline("insufficient_funds");
    assert_eq!(unpaid.subscription.balance_minor, 0);
    assert_eq!(unpaid.books.account("bad_debt"), 24_50);
}

#[test]
fn a_payment_that_comes_after_a_cancellation_in_dunning_pays_for_what_was_used() {
    let mut world = World::past_due();
    world.run_to(at("2026-02-02"));
    world.cancel_now(UnusedTime::Forfeited);
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Canceled, vec!["canceled", "receipt"]));
    assert_eq!(world.books.account("cash"), 98_00);
}

#[test]
fn a_first_payment_that_comes_after_the_cancellation_is_the_customers() {
    let mut world = World::new(terms(), Start::Service, DunningPolicy::default());
    world.cancel_now(UnusedTime::Forfeited);
    world.succeed();
    assert_eq!((world.status(), world.subscription.balance_minor), (Status::Canceled, 49_00));
    assert_eq!((world.books.account("revenue"), world.access()), (0, Access::None));
    assert_eq!(world.mails(), ["canceled", "receipt"]);
}

#[test]
fn a_rejection_after_the_end_leaves_nothing_open() {
    let mut world = World::past_due();
    world.run_to(at("2026-02-02"));
    world.cancel_now(UnusedTime::Forfeited);
    world.reject();
    assert_eq!((world.subscription.owed_minor(), &world.subscription.parked), (0, &None));
}

#[test]
fn an_ended_subscription_takes_no_payment_and_no_new_method_wakes_it() {
    let mut world = World::past_due();
    let invoice = world.subscription.invoices[0].id;
    world.cancel_now(UnusedTime::Forfeited);
    assert!(matches!(world.hear(Event::PayRequested { invoice }), Err(Refused::TooLate { .. })));
    world.attach("second");
    world.cancel_at_period_end();
    assert_eq!((world.in_flight(), world.next()), (None, None));
}
