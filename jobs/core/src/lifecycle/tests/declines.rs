//! What a decline leads to: hard and soft ones, advice, budgets, other methods.

use super::world::{World, at, days, method, terms};
use crate::decline::Decline;
use crate::dunning::DunningPolicy;
use crate::ids::PaymentMethodId;
use crate::lifecycle::{Event, Notice, Reason, Start, Status, Subscription};
use crate::network::Network;

#[test]
fn a_new_card_that_is_declined_in_grace_is_told_of_and_no_other_is_charged() {
    let mut world = World::in_grace(DunningPolicy::default());
    world.attach("second");
    world.decline("do_not_honor");
    assert_eq!(world.in_flight(), None);
    assert!(matches!(
        world.letters[..],
        [(_, Notice::PaymentFailed { next_attempt_at: None, reason: Reason::Declined, .. })]
    ));
}

#[test]
fn a_hard_decline_never_charges_the_card_again_but_a_new_one_resumes_at_once() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.decline("stolen_card");
    world.run_to(at("2026-02-06T12:00:00Z"));
    assert_eq!(world.mails(), ["payment_failed"; 4]);
    assert_eq!(world.in_flight(), None);
    let invoice = world.subscription.invoices[0].id;
    world.tell(Event::PayRequested { invoice });
    world.tell(Event::PaymentMethodAttached { method: PaymentMethodId::derived("first") });
    assert_eq!(world.in_flight(), None, "nor on request, nor by a late event");
    world.attach("second");
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt", "recovered"]));
}

#[test]
fn without_a_method_there_are_mails_and_an_end_but_no_attempt() {
    let mut world = World::active();
    world.subscription.methods.clear();
    world.run_to(at("2026-03-01"));
    let mails = world.mails();
    assert_eq!(mails[..4], ["payment_failed"; 4]);
    assert_eq!(mails[4..], ["grace_started", "grace_ending", "expired"]);
    assert_eq!(world.books.charges.len(), 1);
}

#[test]
fn a_card_that_must_be_confirmed_is_said_to_be_so_each_time() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.decline("authentication_required");
    world.run_to(at("2026-02-02"));
    let reasons: Vec<_> = world
        .letters
        .iter()
        .filter_map(|(_, notice)| match notice {
            Notice::PaymentFailed { reason, attempt, .. } => Some((*reason, *attempt)),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [(Reason::Authenticate, 1), (Reason::Authenticate, 0)]);
}

fn advised(hours_code: &str) -> Decline {
    Decline {
        network_advice_code: Some(hours_code.to_owned()),
        ..Decline::new("insufficient_funds", Network::Mastercard)
    }
}

#[test]
fn advice_longer_than_a_rung_skips_it_and_the_mail_names_the_attempt_that_is_made() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    // Four days: not on the first rung, but a day late on the second.
    world.decline_with(advised("27"));
    let announced = match &world.letters.last().unwrap().1 {
        Notice::PaymentFailed { next_attempt_at, .. } => *next_attempt_at,
        other => panic!("{other:?}"),
    };
    world.run_to(at("2026-02-03T12:00:00Z"));
    assert_eq!(world.in_flight(), None);
    world.run_to(at("2026-02-05"));
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(announced, Some(world.books.charged(payment).at));
}

#[test]
fn advice_counts_from_the_attempt_however_late_its_outcome_is_known() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.now = at("2026-02-02T12:00:00Z");
    world.decline_with(advised("25"));
    assert_eq!(world.subscription.methods[0].not_before, Some(at("2026-02-02")));
}

#[test]
fn an_unknown_outcome_that_turns_out_declined_enters_the_ladder_where_it_stands_by_then() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.sleep_to(at("2026-02-05"));
    assert_eq!(world.status(), Status::Active, "nobody is in dunning for what we do not know");
    world.decline("insufficient_funds");
    assert!(world.letters.iter().all(|(now, notice)| match notice {
        Notice::PaymentFailed { next_attempt_at, .. } =>
            next_attempt_at.is_some_and(|at| at >= *now),
        _ => true,
    }));
    world.work();
    assert!(world.in_flight().is_some());
    assert_eq!(world.subscription.state.case().map(|case| case.failed_at), Some(at("2026-02-01")));
}

#[test]
fn a_budget_that_is_spent_postpones_or_skips_and_the_record_says_why() {
    let mut ach = method("first", Network::UsBankAccount);
    ach.recent_attempts = vec![at("2026-01-30"), at("2026-01-31")];
    let world = {
        let mut world = World::past_due_under(
            DunningPolicy::default(),
            Subscription { methods: vec![ach], ..terms() },
        );
        world.run_to(at("2026-02-14T23:59:00Z"));
        world
    };
    // Two in fourteen days: the first makes room on 13 February, in the last rung's time.
    let charge = world.books.charges.values().max_by_key(|charge| charge.at).unwrap();
    assert_eq!(charge.at, at("2026-02-13"));
}

#[test]
fn two_methods_are_both_tried_at_each_rung() {
    let methods = vec![method("a", Network::Visa), method("b", Network::Mastercard)];
    let mut world =
        World::new(Subscription { methods, ..terms() }, Start::Service, Default::default());
    world.succeed();
    world.run_to(at("2026-02-01"));
    world.decline("insufficient_funds");
    world.decline("insufficient_funds");
    world.run_to(at("2026-02-02"));
    world.decline("lost_card");
    world.decline("insufficient_funds");
    let said = world.letters.last().unwrap().1.clone();
    assert!(matches!(said, Notice::PaymentFailed { attempt: 2, of: 5, .. }), "{said:?}");
    assert!(world.next().unwrap().1 > world.now + days(1));
}

#[test]
fn a_card_attached_while_another_is_charged_for_the_first_time_is_tried_next() {
    let mut world = World::new(terms(), Start::Service, DunningPolicy::default());
    world.attach("second");
    world.decline("insufficient_funds");
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).method, PaymentMethodId::derived("second"));
}

#[test]
fn what_the_customer_tries_does_not_count_against_the_policy() {
    let mut world = World::past_due();
    world.attach("second");
    world.decline("do_not_honor");
    world.decline("insufficient_funds");
    assert_eq!(world.subscription.state.case().unwrap().attempts, 0);
    let said = world.letters.last().unwrap().1.clone();
    assert!(matches!(said, Notice::PaymentFailed { attempt: 1, of: 5, .. }), "{said:?}");
}
