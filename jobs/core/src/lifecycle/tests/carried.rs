//! Amounts that are too small to charge, on their way from invoice to invoice.

use super::world::{World, at, item, terms};
use crate::currency::Currency;
use crate::dunning::DunningPolicy;
use crate::lifecycle::{Start, Status, Subscription, UnusedTime};

fn begun(terms: Subscription) -> World {
    World::new(terms, Start::Service, DunningPolicy::default())
}

/// Somebody who owes 0.30 from before subscribes for 49.00 a month.
fn indebted() -> World {
    let world = begun(Subscription { balance_minor: -30, ..terms() });
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).amount_minor, 49_30);
    world
}

#[test]
fn an_amount_too_small_to_charge_is_carried_until_it_is_not() {
    let mut world = begun(Subscription { items: vec![item(20)], ..terms() });
    assert_eq!((world.status(), world.subscription.balance_minor), (Status::Active, -20));
    world.run_to(at("2026-02-01"));
    assert_eq!((world.in_flight(), world.subscription.balance_minor), (None, -40));
    world.run_to(at("2026-03-01"));
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).amount_minor, 60);
    world.succeed();
    assert_eq!((world.books.account("revenue"), world.books.account("cash")), (-60, 60));
    assert_eq!(world.books.newly_billed(), 60);
}

#[test]
fn a_free_plan_still_collects_what_was_carried_over() {
    let terms =
        Subscription { items: vec![item(0)], balance_minor: -80, methods: vec![], ..terms() };
    let mut world = begun(terms);
    assert_eq!((world.status(), world.mails()), (Status::PastDue, vec!["payment_failed"]));
}

#[test]
fn what_is_carried_is_billed_once_however_often_it_is_invoiced() {
    let currency = Currency::parse("HUF").unwrap();
    let mut world = begun(Subscription { items: vec![item(17_499)], currency, ..terms() });
    for month in ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"] {
        world.run_to(at(month));
        if world.in_flight().is_some() {
            world.succeed();
        }
    }
    assert_eq!(world.books.newly_billed(), 4 * 17_499);
    assert_eq!(world.books.account("revenue"), -4 * 17_499);
    let left = 4 * 17_499 - world.books.account("cash");
    assert_eq!(world.subscription.balance_minor, -left);
}

#[test]
fn a_void_invoice_leaves_the_debt_that_it_took_over() {
    let mut world = indebted();
    world.decline("insufficient_funds");
    world.run_to(at("2026-01-03"));
    assert_eq!((world.status(), world.subscription.balance_minor), (Status::Expired, -30));
    assert_eq!((world.books.account("revenue"), world.books.owed()), (0, 0));
}

#[test]
fn a_first_payment_after_the_cancellation_pays_the_debt_and_the_rest_is_the_customers() {
    let mut world = indebted();
    world.cancel_now(UnusedTime::Forfeited);
    world.succeed();
    assert_eq!((world.status(), world.subscription.balance_minor), (Status::Canceled, 49_00));
    assert_eq!(world.books.account("revenue"), 0);
}
