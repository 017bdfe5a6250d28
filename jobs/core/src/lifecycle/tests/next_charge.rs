//! The next charge is what the state machine then makes.

use super::world::{World, at};
use crate::lifecycle::{NextCharge, next_charge};

fn next(world: &World) -> Option<NextCharge> {
    next_charge(&world.subscription, &world.policy, world.now)
}

fn charge(on: &str, amount_minor: i64) -> Option<NextCharge> {
    Some(NextCharge { at: at(on), amount_minor, chargeable: true })
}

#[test]
fn an_active_subscription_is_charged_when_it_renews() {
    let mut world = World::active();
    assert_eq!(next(&world), charge("2026-02-01", 49_00));
    world.subscription.balance_minor = 9_00;
    assert_eq!(next(&world), charge("2026-02-01", 40_00));
    world.subscription.balance_minor = 10_000;
    assert_eq!(next(&world), charge("2026-02-01", 0));
}

#[test]
fn a_declined_charge_is_tried_again_at_the_next_retry_step() {
    let world = World::past_due();
    let next = next(&world).unwrap();
    assert!(next.at > at("2026-02-01") && next.chargeable, "{next:?}");
    assert_eq!(next.amount_minor, 49_00);
}

#[test]
fn without_a_method_the_renewal_is_due_and_cannot_be_charged() {
    let mut world = World::active();
    world.subscription.methods.clear();
    let expected = NextCharge { at: at("2026-02-01"), amount_minor: 49_00, chargeable: false };
    assert_eq!(next(&world), Some(expected));
}

#[test]
fn nothing_is_charged_of_what_ends_or_is_parked() {
    let mut world = World::active();
    world.subscription.cancel_requested_at = Some(at("2026-01-10"));
    assert_eq!(next(&world), None);
    let mut world = World::active();
    let (reason, since) = ("no such customer".to_owned(), world.now);
    world.subscription.parked = Some(crate::lifecycle::Parked {
        kind: crate::lifecycle::ParkedFor::TooFarBehind,
        reason,
        since,
    });
    assert_eq!(next(&world), None);
}
