//! What was used beyond limits when a subscription ends.

use super::world::{World, at, method};
use crate::dunning::DunningPolicy;
use crate::ids::{InvoiceId, PaymentMethodId};
use crate::lifecycle::{Event, Refused, Status, UnusedTime};
use crate::network::Network;

/// Canceled on 10 February with usage for 60.00 beyond its limits, which is being charged.
fn ended_with_usage() -> World {
    let mut world = World::active();
    world.run_to(at("2026-01-10"));
    world.cancel_now(UnusedTime::Forfeited);
    world.letters.clear();
    world.use_beyond(60_00);
    world
}

fn open(world: &World) -> Vec<InvoiceId> {
    world.subscription.invoices.iter().map(|invoice| invoice.id).collect()
}

#[test]
fn it_is_billed_charged_once_and_told_of() {
    let mut world = ended_with_usage();
    assert_eq!(world.books.billed.len(), 1);
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Canceled, vec!["receipt"]));
    assert_eq!(world.books.account("cash"), 49_00 + 60_00);
    assert_eq!((open(&world), world.next()), (vec![], None));
}

#[test]
fn a_declined_final_invoice_stays_open_and_starts_no_ladder() {
    let mut world = ended_with_usage();
    world.decline("insufficient_funds");
    assert_eq!((world.status(), world.mails()), (Status::Canceled, vec!["payment_failed"]));
    assert_eq!((world.next(), world.in_flight()), (None, None));
    assert_eq!(world.subscription.owed_minor(), 60_00);
    // Whoever wants it paid says so.
    let invoice = open(&world)[0];
    world.tell(Event::PayRequested { invoice });
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Canceled, vec!["receipt"]));
    let again = world.hear(Event::PayRequested { invoice });
    assert!(matches!(again, Err(Refused::TooLate { .. })), "{again:?}");
}

#[test]
fn a_backup_method_is_tried_before_the_customer_is_told() {
    let mut world = World::active();
    world.cancel_now(UnusedTime::Forfeited);
    world.letters.clear();
    world.subscription.methods.push(method("second", Network::Visa));
    world.use_beyond(60_00);
    world.decline("insufficient_funds");
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).method, PaymentMethodId::derived("second"));
    world.decline("insufficient_funds");
    assert_eq!((world.in_flight(), world.mails()), (None, vec!["payment_failed"]));
}

#[test]
fn a_new_method_is_charged_with_it_and_wakes_nothing_else() {
    let mut world = ended_with_usage();
    world.decline("lost_card");
    world.attach("second");
    world.succeed();
    assert_eq!(world.subscription.owed_minor(), 0);
    assert_eq!(
        (world.status(), world.mails()),
        (Status::Canceled, vec!["payment_failed", "receipt"])
    );
}

#[test]
fn an_end_unpaid_gives_up_its_own_invoices_and_still_bills_usage() {
    let mut world = World::in_grace(DunningPolicy::default());
    let (_, end) = world.next().unwrap();
    world.run_to(end);
    world.work();
    while world.status() == Status::Grace {
        let (_, at) = world.next().unwrap();
        world.run_to(at);
    }
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Expired, 0));
    world.use_beyond(60_00);
    assert_eq!(world.subscription.owed_minor(), 60_00);
    world.decline("insufficient_funds");
    assert_eq!((world.status(), world.next()), (Status::Expired, None));
}

#[test]
fn it_waits_for_the_outcome_of_an_attempt_that_is_under_way() {
    let mut world = World::past_due();
    world.run_to(at("2026-02-02"));
    world.cancel_now(UnusedTime::Forfeited);
    let before = world.in_flight();
    assert!(before.is_some());
    world.use_beyond(60_00);
    assert_eq!((world.in_flight(), world.subscription.pending.len()), (before, 1));
    world.decline("insufficient_funds");
    world.bill_what_is_left();
    assert_eq!(world.subscription.owed_minor(), 60_00);
    assert_ne!(world.in_flight(), before);
}

#[test]
fn credit_for_unused_time_pays_it_first() {
    let mut world = World::active();
    world.run_to(at("2026-01-17"));
    world.cancel_now(UnusedTime::Credited);
    let credit = world.subscription.balance_minor;
    assert!((1..49_00).contains(&credit));
    world.use_beyond(60_00);
    assert_eq!(
        (world.subscription.owed_minor(), world.subscription.balance_minor),
        (60_00 - credit, 0)
    );
}

#[test]
fn what_is_too_small_to_charge_is_carried_and_comes_with_the_next_final_invoice() {
    let mut world = World::active();
    world.cancel_now(UnusedTime::Forfeited);
    world.letters.clear();
    world.use_beyond(30);
    assert_eq!((world.in_flight(), world.subscription.balance_minor), (None, -30));
    assert_eq!((open(&world), world.mails()), (vec![], vec![]));
    world.use_beyond(60_00);
    assert_eq!((world.subscription.owed_minor(), world.subscription.balance_minor), (60_30, 0));
}

#[test]
fn what_comes_late_is_another_invoice_and_the_one_before_is_not_tried_again() {
    let mut world = ended_with_usage();
    world.decline("insufficient_funds");
    let first = open(&world)[0];
    world.use_beyond(3_00);
    let (invoice, payment) = world.in_flight().unwrap();
    assert_ne!(invoice, first);
    assert_eq!(world.books.charged(payment).amount_minor, 3_00);
    world.succeed();
    assert_eq!((open(&world), world.in_flight()), (vec![first], None));
}

#[test]
fn a_subscription_that_goes_on_has_it_on_its_next_invoice() {
    let mut world = World::active();
    world.use_beyond(60_00);
    assert_eq!(world.tell(Event::UsageLeft), []);
    world.run_to(at("2026-02-01"));
    assert_eq!(world.subscription.owed_minor(), 49_00 + 60_00);
}
