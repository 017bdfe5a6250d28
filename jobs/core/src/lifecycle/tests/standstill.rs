//! Parked subscriptions: what they still do, until when, and how they go on.

use super::world::{World, at, terms};
use crate::decline::Decline;
use crate::dunning::{DunningPolicy, EndAction};
use crate::lifecycle::{Access, Action, Edge, Event, Start, Status, UnusedTime};
use crate::network::Network;

/// The renewal of February was rejected by the provider.
fn parked() -> World {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.reject();
    world
}

/// Three months are open in the ladder, the oldest first.
fn three_open(end: EndAction) -> (World, Vec<crate::ids::InvoiceId>) {
    let mut world = World::past_due_under(DunningPolicy { end, ..Default::default() }, terms());
    world.sleep_to(at("2026-04-02"));
    while world.in_flight().is_some() {
        world.decline_with(Decline::new("insufficient_funds", Network::Visa));
    }
    let mut open: Vec<_> = world.subscription.invoices.clone();
    open.sort_by_key(|invoice| invoice.period.start);
    (world, open.into_iter().map(|invoice| invoice.id).collect())
}

#[test]
fn a_request_to_pay_one_invoice_pays_that_one() {
    for which in 0..3 {
        let (mut world, open) = three_open(EndAction::Cancel);
        assert_eq!((world.status(), open.len()), (Status::Grace, 3));
        let made = world.books.charges.len();
        world.tell(Event::PayRequested { invoice: open[which] });
        assert_eq!(world.in_flight().unwrap().0, open[which]);
        world.succeed();
        assert_eq!(world.in_flight(), None);
        assert_eq!(world.books.charges.len(), made + 1);
        assert_eq!(world.subscription.owed_minor(), 98_00);
        assert_eq!(world.status(), Status::Grace);
    }
}

#[test]
fn a_declined_request_tries_backups_for_that_invoice_and_no_other() {
    let (mut world, open) = three_open(EndAction::Cancel);
    let (invoice, made) = (open[2], world.books.charges.len());
    world.tell(Event::PayRequested { invoice });
    world.decline("insufficient_funds");
    while world.in_flight().is_some() {
        world.decline("insufficient_funds");
    }
    let later = world.books.charges.values().filter(|charge| charge.order >= made);
    let charged: Vec<_> = later.map(|charge| charge.invoice).collect();
    assert!(!charged.is_empty() && charged.iter().all(|charged| *charged == invoice));
}

#[test]
fn all_that_is_owed_is_collected_by_the_retry_step_that_finds_money() {
    let mut world = World::past_due();
    world.sleep_to(at("2026-03-02"));
    while world.in_flight().is_some() {
        world.succeed();
    }
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Active, 0));
}

#[test]
fn a_parked_subscription_loses_its_access_after_two_weeks_and_is_no_revenue_any_more() {
    let mut world = parked();
    assert_eq!(world.next(), Some((Action::SuspendParked, at("2026-02-15"))));
    world.run_to(at("2026-02-14"));
    assert_eq!(world.access(), Access::Full);
    world.run_to(at("2026-02-15"));
    assert_eq!((world.status(), world.access()), (Status::Unpaid, Access::None));
    assert!(!world.status().recurs());
    assert_eq!((world.mails(), world.next()), (vec!["expired"], None));
}

#[test]
fn what_is_paid_for_is_given_though_nobody_looks() {
    let mut world = World::active();
    world.sleep_to(at("2029-03-01"));
    world.run_to(at("2029-03-15"));
    assert_eq!(world.status(), Status::Unpaid);
    assert_eq!(world.subscription.owed_minor(), 0);
    world.tell(Event::ReleaseRequested);
    // Nothing is billed for the time without access: a new period begins.
    assert_eq!((world.status(), world.books.service_periods().len()), (Status::Active, 2));
    assert_eq!(world.books.service_periods()[1].start, at("2029-03-15"));
}

#[test]
fn a_parked_subscription_still_ends_as_was_asked_for() {
    let mut world = parked();
    world.cancel_now(UnusedTime::Forfeited);
    assert_eq!(world.status(), Status::Canceled);
    let mut world = parked();
    world.cancel_at_period_end();
    world.now = at("2026-02-14");
    assert_eq!(world.next(), Some((Action::SuspendParked, at("2026-02-15"))));
    let mut world = World::new(terms(), Start::Service, DunningPolicy::default());
    world.reject();
    world.run_to(at("2026-01-02"));
    assert_eq!((world.status(), world.access()), (Status::Expired, Access::None));
}

#[test]
fn a_request_that_parks_in_grace_does_not_prolong_it() {
    let mut world = World::in_grace(DunningPolicy::default());
    let invoice = world.subscription.invoices[0].id;
    world.attach("second");
    world.reject();
    assert!(world.subscription.parked.is_some());
    world.run_to(at("2026-03-01"));
    assert_eq!((world.status(), world.access()), (Status::Expired, Access::None));
    assert!(world.hear(Event::PayRequested { invoice }).is_err());
}

#[test]
fn the_payment_of_a_suspended_subscription_has_it_go_on() {
    let mut world = parked();
    world.run_to(at("2026-03-20"));
    let invoice = world.subscription.invoices[0].id;
    world.tell(Event::PayRequested { invoice });
    world.succeed();
    assert_eq!((world.status(), &world.subscription.parked), (Status::Active, &None));
    let recovered = (Some(Status::Unpaid), Edge::Recovered, Status::Active);
    assert!(world.books.edges().contains(&recovered));
}

#[test]
fn a_new_method_is_tried_at_a_parked_subscription_and_its_outcome_releases_it() {
    let mut world = parked();
    world.attach("second");
    assert!(world.subscription.parked.is_some() && world.in_flight().is_some());
    world.decline("insufficient_funds");
    assert_eq!(world.subscription.parked, None);
    world.succeed();
    assert_eq!(world.status(), Status::Active);
}
