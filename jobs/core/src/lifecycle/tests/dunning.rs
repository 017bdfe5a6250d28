//! The ladder, grace, and the end.

use super::world::{World, at, days, item, method, terms};
use crate::decline::Decline;
use crate::dunning::{DunningPolicy, EndAction, Span};
use crate::ids::PaymentMethodId;
use crate::lifecycle::{
    Access, Action, Event, Notice, Reason, Start, Status, Subscription, UnusedTime,
};
use crate::network::Network;

fn world(policy: DunningPolicy, subscription: Subscription) -> World {
    let mut world = World::new(subscription, Start::Service, policy);
    world.succeed();
    world.run_to(at("2026-02-01"));
    world.decline("insufficient_funds");
    world.letters.clear();
    world
}

/// Every rung is declined.
fn in_grace(policy: DunningPolicy) -> World {
    let mut world = world(policy, terms());
    while world.status() == Status::PastDue {
        let (_, at) = world.next().unwrap();
        world.run_to(at);
        world.decline("insufficient_funds");
    }
    world.letters.clear();
    world
}

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
    let mut world = in_grace(DunningPolicy::default());
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
    let mut world = world(DunningPolicy { restrict_after, ..Default::default() }, terms());
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
    let mut world = in_grace(DunningPolicy::default());
    world.now = at("2026-02-16");
    assert_eq!(world.access(), Access::Full);
    world.work();
    assert_eq!((world.status(), world.mails()), (Status::Grace, vec!["grace_ending"]));
    world.run_to(at("2026-02-16T12:00:00Z"));
    assert_eq!((world.status(), world.mails()), (Status::Expired, vec!["expired"]));
}

#[test]
fn a_payment_under_way_keeps_grace_open_and_may_still_save_it() {
    let mut world = in_grace(DunningPolicy::default());
    world.run_to(at("2026-02-14T23:00:00Z"));
    world.attach("second");
    world.sleep_to(at("2026-02-18"));
    assert_eq!((world.status(), world.access()), (Status::Grace, Access::Full));
    world.succeed();
    assert_eq!(world.status(), Status::Active);
    assert_eq!(world.mails(), ["grace_ending", "receipt", "recovered"]);
}

#[test]
fn a_new_card_that_is_declined_in_grace_is_told_of_and_no_other_is_charged() {
    let mut world = in_grace(DunningPolicy::default());
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
fn a_period_that_begins_during_dunning_is_billed_and_both_are_collected() {
    let policy = DunningPolicy { access_ends_after: Span::days(60), ..Default::default() };
    let mut world = in_grace(policy);
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
    let mut world = in_grace(DunningPolicy { end: EndAction::Suspend, ..Default::default() });
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
    let mut world = in_grace(DunningPolicy { end: EndAction::Suspend, ..Default::default() });
    world.cancel_at_period_end();
    world.run_to(at("2026-02-15"));
    assert_eq!(world.status(), Status::Expired);
}

#[test]
fn a_downgrade_goes_on_with_the_lesser_plan() {
    let end = EndAction::Downgrade("free".to_owned());
    let mut world = in_grace(DunningPolicy { end, ..Default::default() });
    world.downgrade = Some(vec![item(0)]);
    world.run_to(at("2026-03-05"));
    assert_eq!((world.status(), world.subscription.owed_minor()), (Status::Active, 0));
    assert_eq!(world.mails(), ["grace_ending", "expired"]);
    assert_eq!(world.books.charges.len(), 6);
}

#[test]
fn a_downgrade_that_leads_nowhere_waits_for_someone_to_look() {
    let end = EndAction::Downgrade("gone".to_owned());
    let mut world = in_grace(DunningPolicy { end, ..Default::default() });
    world.downgrade = None;
    world.run_to(at("2026-02-20"));
    assert!(world.subscription.parked.is_some());
    assert_eq!((world.status(), world.access()), (Status::Grace, Access::Full));
}

#[test]
fn a_budget_that_is_spent_postpones_or_skips_and_the_record_says_why() {
    let mut ach = method("first", Network::UsBankAccount);
    ach.recent_attempts = vec![at("2026-01-30"), at("2026-01-31")];
    let world = {
        let mut world =
            world(DunningPolicy::default(), Subscription { methods: vec![ach], ..terms() });
        world.run_to(at("2026-02-14T23:59:00Z"));
        world
    };
    // Two in fourteen days: the first makes room on 13 February, in the last rung's time.
    let charge = world.books.charges.values().max_by_key(|charge| charge.at).unwrap();
    assert_eq!(charge.at, at("2026-02-13"));
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

/// The provider captured less than was asked for.
fn pay_in_part(world: &mut World, amount_minor: i64) {
    let (invoice, payment) = world.in_flight().unwrap();
    world.tell(Event::PaymentSucceeded { payment, invoice, amount_minor });
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
