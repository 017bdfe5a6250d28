//! Random histories: whatever happens in whatever order, however late, the books agree, the
//! table holds, and what is said to be harmless is.
//!
//! Most of what must hold is asserted at every step by [`super::books`] and by
//! [`World::hear`](super::world::World): legal edges that chain, balanced postings, totals that are
//! sums of lines, one invoice per period, contiguous periods, one payment in flight, charges of
//! what is owed and never of a method that must not be charged, receivables equal to what is
//! owed, repeats without effect, the same answer to the same question.

use chrono::Duration;
use proptest::prelude::*;
use proptest::sample::Index;

use super::books::Transition;
use super::generator::{Step, beginnings, cases, policies, steps};
use super::world::{World, method};
use crate::analytics::Mrr;
use crate::decline::Decline;
use crate::dunning::DunningPolicy;
use crate::lifecycle::status::TRANSITIONS;
use crate::lifecycle::{
    Access, CancelWhen, Effect, Event, Method, Notice, Start, State, Subscription,
};
use crate::network::{Network, budget};

fn take(world: &mut World, step: &Step) {
    match step {
        Step::Sleep(hours) => world.now += Duration::hours((*hours).into()),
        Step::WorkOnce => {
            world.work_once();
        }
        Step::Work => world.work(),
        Step::NextDue => {
            if let Some((_, at)) = world.next() {
                world.now = world.now.max(at);
                world.work_once();
            }
        }
        Step::Succeed if world.in_flight().is_some() => world.succeed(),
        Step::Decline(code, advice) if world.in_flight().is_some() => {
            let network_advice_code = advice.map(str::to_owned);
            let decline = Decline::new(*code, Network::Mastercard);
            world.decline_with(Decline { network_advice_code, ..decline });
        }
        Step::Reject if world.in_flight().is_some() => world.reject(),
        Step::GiveUpAsking if world.in_flight().is_some() => world.give_up_asking(),
        Step::Succeed | Step::Decline(..) | Step::Reject | Step::GiveUpAsking => {}
        Step::Attach(which, rank) => attach(world, *which, *rank),
        Step::Pay(which) => pay(world, *which),
        Step::PaidElsewhere(which) => pay_elsewhere(world, *which),
        Step::Cancel(when) => {
            world.tell(Event::CancelRequested { when: *when });
        }
        Step::Undo => {
            // Too late is an answer too.
            let _ = world.hear(Event::CancelUndone);
        }
        Step::Release => {
            world.tell(Event::ReleaseRequested);
        }
        Step::Usage(amount_minor) => world.use_beyond(*amount_minor),
        Step::Replay(which) => replay(world, *which),
    }
}

/// Attached for the first time, or unblocked by an operator: a method may be charged again.
fn attach(world: &mut World, which: Index, rank: usize) {
    let fresh = method(["a", "b", "c", "d", "e"][which.index(5)], Network::Visa);
    let methods = &mut world.subscription.methods;
    let known = methods.iter().position(|known| known.id == fresh.id);
    let attached = known.map(|position| methods.remove(position));
    let attached =
        Method { blocked: None, not_before: None, ..attached.unwrap_or_else(|| fresh.clone()) };
    methods.insert(rank.min(methods.len()), attached);
    world.books.blocked.remove(&fresh.id);
    world.tell(Event::PaymentMethodAttached { method: fresh.id });
}

fn pay(world: &mut World, which: Index) {
    let invoices = &world.subscription.invoices;
    if !invoices.is_empty() {
        let invoice = invoices[which.index(invoices.len())].id;
        let _ = world.hear(Event::PayRequested { invoice });
    }
}

fn pay_elsewhere(world: &mut World, which: Index) {
    let invoices = world.subscription.invoices.iter();
    let tried = invoices.filter(|invoice| invoice.attempts > 0 && invoice.in_flight.is_none());
    let tried: Vec<_> = tried.map(|invoice| (invoice.id, invoice.total_minor)).collect();
    if !tried.is_empty() {
        let (invoice, amount_minor) = tried[which.index(tried.len())];
        world.find(invoice, amount_minor);
    }
}

/// Old news of payments and of what was due changes nothing at all.
fn replay(world: &mut World, which: Index) {
    let outcomes = |event: &&Event| {
        matches!(
            event,
            Event::PaymentSucceeded { .. }
                | Event::PaymentDeclined { .. }
                | Event::PaymentRejected { .. }
                | Event::Due { .. }
        )
    };
    let heard: Vec<_> = world.heard.iter().filter(outcomes).cloned().collect();
    if heard.is_empty() {
        return;
    }
    let event = heard[which.index(heard.len())].clone();
    let due = world.next().map(|(action, at)| Event::Due { action, at });
    if due.as_ref() != Some(&event) {
        let before = world.subscription.clone();
        assert_eq!(world.tell(event), []);
        assert_eq!(world.subscription, before);
    }
}

pub(super) fn lived(
    beginning: (Subscription, Start),
    policy: DunningPolicy,
    steps: &[Step],
) -> World {
    let (terms, start) = beginning;
    let mut world = World::new(terms, start, policy);
    for step in steps {
        take(&mut world, step);
    }
    world
}

/// What moved until the end of each day, against what was contributed last.
fn revenue_adds_up(world: &World) -> Result<(), TestCaseError> {
    let revenue = &world.revenue;
    for (at, _) in &revenue.contributions {
        let day = at.date_naive();
        let then = revenue.contributions.iter().rev().find(|(at, _)| at.date_naive() <= day);
        let moved = revenue.movements.iter().filter(|(at, _)| at.date_naive() <= day);
        let sum = moved.fold(Mrr::ZERO, |sum, (_, movement)| sum.plus(movement.amount).unwrap());
        prop_assert_eq!(Some(sum), then.map(|(_, contribution)| *contribution));
    }
    Ok(())
}

/// Every outcome comes, and all that is due is done: there is an end to it.
fn settle_down(world: &mut World) {
    for _ in 0..500 {
        world.work();
        if world.in_flight().is_none() {
            world.bill_what_is_left();
        }
        if world.in_flight().is_none() {
            return;
        }
        world.succeed();
    }
    panic!("no end: {:?}", world.subscription);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_happens_the_books_agree_and_the_table_holds(
        beginning in beginnings(), policy in policies(), steps in steps()
    ) {
        let mut world = lived(beginning, policy, &steps);
        settle_down(&mut world);
        let ended = world.status().is_final();
        prop_assert!(!ended || world.subscription.pending.is_empty(), "usage that nobody bills");
        prop_assert!(world.subscription.parked.is_some() || world.next().is_none_or(|(_, at)| at > world.now));
    }

    #[test]
    fn movements_up_to_any_day_come_to_the_revenue_of_that_day(
        beginning in beginnings(), policy in policies(), steps in steps()
    ) {
        let mut world = lived(beginning, policy, &steps);
        settle_down(&mut world);
        revenue_adds_up(&world)?;
    }

    #[test]
    fn the_networks_budgets_and_the_policys_attempts_are_kept(
        beginning in beginnings(), policy in policies(), steps in steps()
    ) {
        let world = lived(beginning, policy, &steps);
        budgets_hold(&world)?;
    }

    #[test]
    fn mails_make_sense_to_who_reads_them_in_order(
        beginning in beginnings(), policy in policies(), steps in steps()
    ) {
        let world = lived(beginning, policy, &steps);
        mails_make_sense(&world)?;
    }

    #[test]
    fn access_follows_from_what_was_paid_and_said(
        beginning in beginnings(), policy in policies(), steps in steps()
    ) {
        let (terms, start) = beginning;
        let mut world = World::new(terms, start, policy);
        for step in &steps {
            let before = (world.access(), world.letters.len());
            take(&mut world, step);
            access_is_right(&world, before)?;
        }
    }
}

/// Re-attempts of each method, within the windows of its network.
fn budgets_hold(world: &World) -> Result<(), TestCaseError> {
    for method in &world.subscription.methods {
        let mut made: Vec<_> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut charges: Vec<_> = world.books.charges.values().collect();
        charges.sort_by_key(|charge| (charge.at, charge.order));
        for charge in charges {
            let again = !seen.insert(charge.invoice);
            if charge.method == method.id && again {
                prop_assert_eq!(budget(method.network, &made, charge.at), Ok(()));
                made.push(charge.at);
            }
        }
    }
    Ok(())
}

fn mails_make_sense(world: &World) -> Result<(), TestCaseError> {
    let mut last = None;
    let mut in_dunning = false;
    for (at, notice) in &world.letters {
        match notice {
            Notice::PaymentFailed { next_attempt_at: Some(_), .. } => in_dunning = true,
            Notice::GraceEnding => prop_assert!(in_dunning, "the end of a grace that never began"),
            Notice::GraceStarted => in_dunning = true,
            Notice::Recovered => {
                // Whoever recovers has just been told of the payment.
                prop_assert_eq!(last, Some((*at, "receipt")));
                in_dunning = false;
            }
            _ => {}
        }
        last = Some((*at, notice.template()));
    }
    Ok(())
}

fn access_is_right(world: &World, before: (Access, usize)) -> Result<(), TestCaseError> {
    let (access, state) = (world.access(), &world.subscription.state);
    let letters = &world.letters;
    if access == Access::None && before.0 != Access::None {
        // Access ends with a letter at or before that instant.
        let said = ["canceled", "expired", "grace_ending", "grace_started", "payment_failed"];
        prop_assert!(
            letters.iter().any(|(_, notice)| said.contains(&notice.template())),
            "{state:?}"
        );
    }
    if let State::Expired(ended) = state
        && letters.len() > before.1
        && letters.iter().any(|(_, notice)| *notice == Notice::GraceStarted)
    {
        let warned = letters
            .iter()
            .rev()
            .find(|(_, notice)| matches!(notice, Notice::GraceStarted | Notice::GraceEnding));
        let (warned, _) = warned.unwrap();
        prop_assert!(*warned < ended.at, "ended without a warning");
    }
    Ok(())
}

#[test]
fn an_effect_for_every_change() {
    // `World::hear` asserts it for every step above; here is one that it would catch.
    let mut world = World::past_due();
    let effects: Vec<Effect> = world.tell(Event::CancelRequested { when: CancelWhen::AtPeriodEnd });
    // Scheduled; attempts are over; told.
    assert_eq!(effects.len(), 3);
}

/// The generator is only worth something if it leads everywhere.
#[test]
fn random_histories_take_every_edge_of_the_table() {
    use std::collections::BTreeMap;

    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut taken: BTreeMap<_, usize> = BTreeMap::new();
    for _ in 0..8_000 {
        let world = (beginnings(), policies(), steps()).new_tree(&mut runner).unwrap().current();
        let world = lived(world.0, world.1, &world.2);
        for edge in world.books.edges() {
            *taken.entry(*edge).or_default() += 1;
        }
    }
    let missing: Vec<_> =
        TRANSITIONS.iter().filter(|edge| taken.get(edge).is_none_or(|times| *times < 5)).collect();
    assert_eq!(missing, Vec::<&Transition>::new(), "{taken:?}");
}
