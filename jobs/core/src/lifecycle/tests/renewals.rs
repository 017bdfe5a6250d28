//! Beginning, trial, renewal, catching up.

use super::world::{World, at, days, item, method, terms};
use crate::calendar::Interval;
use crate::dunning::{DunningPolicy, TrialWithoutMethod};
use crate::ids::{InvoiceId, PendingItemId};
use crate::lifecycle::{
    Access, Action, Edge, Event, Item, LineKind, Notice, PendingItem, Start, Status, Subscription,
    UnusedTime,
};
use crate::network::Network;

fn begun(terms: Subscription) -> World {
    World::new(terms, Start::Service, DunningPolicy::default())
}

fn trial(terms: Subscription, policy: DunningPolicy) -> World {
    World::new(terms, Start::Trial { ends_at: at("2026-01-15") }, policy)
}

#[test]
fn there_is_no_access_before_the_first_payment_and_a_receipt_after_it() {
    let mut world = begun(terms());
    assert_eq!((world.status(), world.access()), (Status::Incomplete, Access::None));
    world.succeed();
    assert_eq!((world.status(), world.access()), (Status::Active, Access::Full));
    assert_eq!(world.mails(), ["receipt"]);
}

#[test]
fn a_first_payment_that_never_comes_is_void_and_costs_nothing() {
    let mut world = begun(terms());
    world.decline("insufficient_funds");
    assert_eq!(world.mails(), ["payment_failed"]);
    world.run_to(at("2026-01-03"));
    assert_eq!(world.status(), Status::Expired);
    assert_eq!((world.books.account("revenue"), world.books.account("bad_debt")), (0, 0));
    assert_eq!(world.mails(), ["expired"]);
}

#[test]
fn what_a_void_invoice_took_from_the_balance_comes_back() {
    let mut world = begun(Subscription { balance_minor: 10_00, ..terms() });
    assert_eq!(world.subscription.balance_minor, 0);
    world.decline("insufficient_funds");
    world.run_to(at("2026-01-03"));
    assert_eq!(world.subscription.balance_minor, 10_00);
}

#[test]
fn a_new_method_is_charged_at_once_while_the_first_payment_is_awaited() {
    let mut world = begun(terms());
    world.decline("lost_card");
    world.attach("second");
    world.succeed();
    assert_eq!(world.status(), Status::Active);
}

#[test]
fn what_costs_nothing_is_active_at_once_and_nobody_is_charged_or_written_to() {
    let mut world = begun(Subscription { items: vec![item(0)], methods: vec![], ..terms() });
    assert_eq!(world.status(), Status::Active);
    world.run_to(at("2027-01-15"));
    assert_eq!(world.books.service_periods().len(), 13);
    assert_eq!((world.books.charges.len(), world.mails().len()), (0, 0));
}

#[test]
fn a_credit_pays_first_and_only_the_rest_is_charged() {
    let world = begun(Subscription { balance_minor: 9_00, ..terms() });
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).amount_minor, 40_00);
    let world = begun(Subscription { balance_minor: 10_000, ..terms() });
    assert_eq!((world.status(), world.in_flight()), (Status::Active, None));
    assert_eq!(world.subscription.balance_minor, 51_00);
}

#[test]
fn a_setup_fee_is_billed_once() {
    let items = vec![Item { setup_fee_minor: 50_000, ..item(19_900) }];
    let mut world = begun(Subscription { items, ..terms() });
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).amount_minor, 69_900);
    world.succeed();
    world.run_to(at("2026-02-01"));
    let (_, payment) = world.in_flight().unwrap();
    assert_eq!(world.books.charged(payment).amount_minor, 19_900);
}

#[test]
fn periods_missed_are_billed_in_order_charged_one_by_one_and_told_of_once() {
    let mut world = World::active();
    world.sleep_to(at("2026-04-10"));
    assert_eq!(world.books.service_periods().len(), 4);
    world.succeed();
    world.succeed();
    assert_eq!(world.mails(), Vec::<&str>::new());
    world.succeed();
    assert_eq!(world.in_flight(), None);
    assert!(
        matches!(&world.letters[..], [(_, Notice::Receipt { invoices })] if invoices.len() == 3)
    );
}

#[test]
fn a_decline_while_catching_up_tells_of_what_was_paid_and_of_what_was_not() {
    let mut world = World::active();
    world.sleep_to(at("2026-04-10"));
    world.succeed();
    world.decline("insufficient_funds");
    assert_eq!(world.status(), Status::PastDue);
    assert_eq!(world.mails(), ["payment_failed", "receipt"]);
    assert_eq!(world.subscription.owed_minor(), 98_00);
    // Our downtime puts nobody nearer to the end: the ladder counts from the attempt.
    assert_eq!(world.next(), Some((Action::RetryPayment, at("2026-04-11"))));
    world.run_to(at("2026-04-11"));
    world.succeed();
    world.succeed();
    assert_eq!(world.status(), Status::Active);
    assert_eq!(world.mails(), ["receipt", "recovered"]);
}

#[test]
fn more_than_36_periods_behind_nothing_happens_until_someone_has_looked() {
    let mut world = World::active();
    world.sleep_to(at("2029-03-01"));
    assert!(world.subscription.parked.is_some());
    let suspended = Some((Action::SuspendParked, at("2029-03-15")));
    assert_eq!((world.next(), world.books.service_periods().len()), (suspended, 1));
    world.tell(Event::PayRequested { invoice: InvoiceId::derived("any") });
    assert_eq!(world.books.service_periods().len(), 1);
    world.tell(Event::ReleaseRequested);
    assert_eq!((&world.subscription.parked, world.books.service_periods().len()), (&None, 13));
    world.work();
    assert_eq!((&world.subscription.parked, world.books.service_periods().len()), (&None, 39));
    let mut world = World::active();
    world.sleep_to(at("2029-01-31"));
    assert_eq!((&world.subscription.parked, world.books.service_periods().len()), (&None, 37));
}

#[test]
fn an_attempt_that_nobody_knows_of_is_neither_repeated_nor_forgotten() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    let (invoice, payment) = world.in_flight().unwrap();
    world.give_up_asking();
    let parked = world.subscription.parked.clone().unwrap();
    assert!(parked.reason.contains(&payment.to_string()));
    assert_eq!(world.tell(Event::PayRequested { invoice }), []);
    assert_eq!(world.in_flight(), Some((invoice, payment)));
    world.give_up_asking();
    world.cancel_now(UnusedTime::Forfeited);
    assert_eq!(world.books.account("bad_debt"), 0);
    world.succeed();
    assert_eq!((world.subscription.owed_minor(), world.books.account("cash")), (0, 98_00));
}

#[test]
fn the_outcome_of_an_unknown_attempt_sets_a_subscription_going_again() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    world.give_up_asking();
    world.run_to(at("2026-02-14"));
    world.succeed();
    world.run_to(at("2026-03-05"));
    assert_eq!((&world.subscription.parked, world.books.service_periods().len()), (&None, 3));
}

#[test]
fn a_rejected_payment_parks_until_someone_asks_for_it() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    let (invoice, _) = world.in_flight().unwrap();
    world.reject();
    world.sleep_to(at("2026-02-12"));
    assert_eq!((world.status(), world.in_flight()), (Status::Active, None));
    world.tell(Event::PayRequested { invoice });
    world.succeed();
    assert_eq!((world.status(), &world.subscription.parked), (Status::Active, &None));
    world.sleep_to(at("2026-03-05"));
    world.succeed();
    assert_eq!((world.status(), world.books.service_periods().len()), (Status::Active, 3));
}

#[test]
fn a_trial_with_a_method_becomes_a_subscription_anchored_at_its_end() {
    let mut world = trial(terms(), DunningPolicy::default());
    assert_eq!((world.status(), world.access()), (Status::Trialing, Access::Full));
    world.run_to(at("2026-01-14"));
    assert_eq!(world.mails(), ["trial_ending"]);
    world.run_to(at("2026-01-15"));
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt"]));
    assert_eq!(world.books.service_periods()[0].start, at("2026-01-15"));
}

#[test]
fn a_trial_without_a_method_pauses_and_a_method_resumes_it() {
    let mut world = trial(Subscription { methods: vec![], ..terms() }, DunningPolicy::default());
    world.run_to(at("2026-01-20"));
    assert_eq!((world.status(), world.access()), (Status::Paused, Access::None));
    assert_eq!(world.mails(), ["trial_ending", "expired"]);
    world.attach("first");
    assert_eq!(world.status(), Status::Active);
    assert_eq!(world.subscription.period.start, at("2026-01-20"));
    world.succeed();
    assert_eq!(world.mails(), ["receipt"]);
}

#[test]
fn a_trial_without_a_method_may_end_it_all_instead() {
    let policy =
        DunningPolicy { trial_without_method: TrialWithoutMethod::Cancel, ..Default::default() };
    let mut world = trial(Subscription { methods: vec![], ..terms() }, policy);
    world.run_to(at("2026-01-20"));
    assert_eq!(
        (world.status(), world.mails()),
        (Status::Canceled, vec!["trial_ending", "expired"])
    );
}

#[test]
fn a_late_worker_announces_nothing_that_has_come_about_meanwhile() {
    let mut world = trial(terms(), DunningPolicy::default());
    world.sleep_to(at("2026-01-16"));
    assert_eq!((world.status(), world.mails()), (Status::Active, vec![]));
    assert_eq!(world.subscription.period.start, at("2026-01-15"));
}

#[test]
fn a_yearly_renewal_is_announced_even_after_a_short_first_period() {
    let anchor = crate::calendar::Anchor::at(at("2026-02-01"), chrono_tz::UTC);
    let mut world = begun(Subscription { cycle: anchor.every(Interval::YEAR), ..terms() });
    world.succeed();
    world.run_to(at("2026-01-31"));
    assert_eq!(world.mails(), ["receipt", "upcoming_renewal"]);
}

#[test]
fn a_card_that_expires_before_the_renewal_is_told_of_once() {
    let mut world = World::active();
    world.subscription.methods[0].expires_at = Some(at("2026-02-01"));
    world.run_to(at("2026-02-01"));
    world.succeed();
    // It went through all the same: nobody is told again.
    world.run_to(at("2026-03-01"));
    assert_eq!(world.mails(), ["card_expiring", "receipt"]);
}

#[test]
fn backup_methods_are_tried_in_order_before_anything_is_said() {
    let methods = ["a", "b", "c"].map(|name| method(name, Network::Visa)).to_vec();
    let mut world = begun(Subscription { methods, ..terms() });
    world.succeed();
    world.run_to(at("2026-02-01"));
    world.decline("insufficient_funds");
    world.decline("lost_card");
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt"]));
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt"]));
}

#[test]
fn a_late_outcome_of_what_was_paid_otherwise_changes_nothing() {
    let mut world = World::past_due();
    let first = world.heard.last().cloned().unwrap();
    world.run_to(at("2026-02-02"));
    assert_eq!(world.tell(first.clone()), []);
    world.succeed();
    assert_eq!(world.tell(first), []);
    let edge = (Some(Status::PastDue), Edge::Recovered, Status::Active);
    assert_eq!(world.books.edges().last(), Some(&edge));
    world.now += days(1);
    assert_eq!(world.status(), Status::Active);
}

#[test]
fn usage_beyond_a_limit_is_billed_once_with_the_next_period_and_collected_with_it() {
    let mut world = begun(terms());
    world.succeed();
    let used_in = at("2026-01-01")..at("2026-02-01");
    let id = PendingItemId::derived("overage");
    world.subscription.pending.push(PendingItem {
        id,
        kind: LineKind::Overage,
        description: "250 calls beyond the limit".to_owned(),
        quantity: 250,
        amount_minor: 2_50,
        used_in,
    });
    world.run_to(at("2026-02-01"));
    assert_eq!(world.subscription.invoices[0].total_minor, 49_00 + 2_50);
    world.succeed();
    world.run_to(at("2026-03-01"));
    assert_eq!(world.subscription.invoices[0].total_minor, 49_00);
    assert!(world.books.billed.contains(&id) && world.subscription.pending.is_empty());
}
