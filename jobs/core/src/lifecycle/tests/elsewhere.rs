//! Money that came at the provider without an attempt of ours, and subscriptions that are released.

use super::world::{World, at, days};
use crate::dunning::DunningPolicy;
use crate::ids::PaymentMethodId;
use crate::lifecycle::{Effect, Event, Parked, ParkedFor, Status};

/// February's invoice.
fn owed(world: &World) -> (crate::ids::InvoiceId, i64) {
    let invoice = world.subscription.oldest_owed().unwrap();
    (invoice.id, invoice.total_minor)
}

#[test]
fn what_was_paid_at_the_provider_ends_the_ladder_with_a_receipt() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.decline("stolen_card");
    world.run_to(at("2026-02-06"));
    world.mails();
    let (invoice, total) = owed(&world);
    world.find(invoice, total);
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt", "recovered"]));
    world.run_to(at("2026-02-28"));
    assert_eq!((world.books.account("cash"), world.mails().len()), (2 * total, 0));
}

#[test]
fn a_payment_found_twice_or_while_an_attempt_is_under_way_is_booked_once() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    let (invoice, total) = owed(&world);
    world.find(invoice, total);
    assert!(world.in_flight().is_some(), "the attempt's own outcome tells");
    world.succeed();
    world.find(invoice, total);
    assert_eq!(world.books.account("cash"), 2 * total);
}

#[test]
fn what_was_written_off_and_paid_after_all_is_a_loss_no_more_and_no_credit() {
    let mut world = World::in_grace(DunningPolicy::default());
    let (invoice, total) = owed(&world);
    let known = world.subscription.invoices.iter().find(|known| known.id == invoice);
    let mut given_up = known.unwrap().clone();
    world.run_to(at("2026-04-01"));
    assert_eq!((world.status(), world.books.account("bad_debt")), (Status::Expired, total));
    // As the store loads it where it is named.
    (given_up.open, given_up.written_off_minor) = (false, total);
    world.subscription.invoices.push(given_up);
    world.find(invoice, total);
    assert_eq!((world.books.account("bad_debt"), world.books.account("customer_credit")), (0, 0));
    assert_eq!(world.status(), Status::Expired);
}

#[test]
fn a_new_card_releases_what_the_provider_refused_and_what_is_owed_is_charged() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.reject();
    let parked = world.subscription.parked.as_ref().map(|parked| parked.kind);
    assert_eq!(parked, Some(ParkedFor::RequestRejected));
    world.now += days(10);
    world.attach("second");
    world.succeed();
    assert_eq!(world.subscription.parked, None);
    world.work();
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Active, 0));
}

#[test]
fn an_operator_releases_whatever_is_parked_and_nothing_else_happens_to_the_others() {
    let mut world = World::active();
    assert_eq!(world.tell(Event::ReleaseRequested), []);
    world.run_to(at("2026-02-01"));
    world.reject();
    world.tell(Event::ReleaseRequested);
    assert!(world.in_flight().is_some());
    world.succeed();
    let (reason, since) = ("too much".to_owned(), world.now);
    world.subscription.parked = Some(Parked { kind: ParkedFor::TooFarBehind, reason, since });
    let effects = world.tell(Event::ReleaseRequested);
    assert!(matches!(effects[..], [Effect::Remark(_)]), "{effects:?}");
}

#[test]
fn another_reference_of_the_same_card_is_charged_at_once_but_once_a_day() {
    let mut world = World::past_due();
    world.now += chrono::Duration::hours(1);
    world.subscription.methods.clear();
    world.attach("second");
    world.decline("insufficient_funds");
    // The store counts by card: a third reference has the same attempts behind it.
    world.subscription.methods[0].id = PaymentMethodId::derived("third");
    let again = PaymentMethodId::derived("third");
    world.tell(Event::PaymentMethodAttached { method: again });
    assert_eq!(world.in_flight(), None);
    world.now += days(1);
    world.tell(Event::PaymentMethodAttached { method: again });
    assert!(world.in_flight().is_some());
}

#[test]
fn requests_to_pay_leave_the_retry_steps_their_share_of_the_networks_budget() {
    let mut world = World::past_due();
    let (invoice, _) = owed(&world);
    let mut asked = 0;
    loop {
        world.tell(Event::PayRequested { invoice });
        if world.in_flight().is_none() {
            break;
        }
        world.decline("insufficient_funds");
        asked += 1;
    }
    let steps = world.policy.rungs.len();
    assert_eq!(asked, 20 - steps, "Visa's budget, less the steps to come");
    while world.status() == Status::PastDue {
        let (_, at) = world.next().unwrap();
        world.run_to(at);
        if world.in_flight().is_some() {
            world.decline("insufficient_funds");
        }
    }
    assert_eq!(world.books.charges.len(), 2 + asked + steps);
}

#[test]
fn another_reference_of_the_declined_card_is_no_backup() {
    let mut world = World::active();
    let mut twin = world.subscription.methods[0].clone();
    twin.id = PaymentMethodId::derived("twin");
    world.subscription.methods.push(twin);
    world.run_to(at("2026-02-01"));
    world.decline("insufficient_funds");
    assert_eq!((world.in_flight(), world.status()), (None, Status::PastDue));
}
