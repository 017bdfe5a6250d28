//! What emails promise comes true if nothing else happens.
//!
//! Each email of a random history is read together with the state it was written from. Then the
//! history goes on from there with a punctual worker and nothing else, attempts to collect what is
//! overdue being declined, and each promise is looked for in what happens.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::generator::{beginnings, policies, steps};
use super::histories::lived;
use super::world::{World, Written, at, item, terms};
use crate::calendar::{Anchor, Interval};
use crate::decline::Decline;
use crate::dunning::{DunningPolicy, EndAction, OnCancel};
use crate::ids::PaymentMethodId;
use crate::lifecycle::{
    Access, Action, Context, Effect, Event, Invoice, Notice, Outlook, Start, State, Status,
    Subscription, Then, access, agenda, decide, outlook,
};
use crate::network::Network;

/// What happened without anybody asking for it.
#[derive(Debug, Default)]
struct Told {
    charges: Vec<(DateTime<Utc>, i64, PaymentMethodId)>,
    /// Each instant at which something was done, and the state after it.
    states: Vec<(DateTime<Utc>, Subscription)>,
    /// What invoices left to pay when they were issued.
    bills: Vec<(DateTime<Utc>, i64)>,
}

/// Goes on from a state for a while: a worker, and nothing else.
fn go_on(written: &Written, policy: &DunningPolicy, until: DateTime<Utc>) -> Told {
    let (mut state, mut now) = (written.state.clone(), written.at);
    let downgrade = [item(0)];
    let mut told = Told { states: vec![(now, state.clone())], ..Told::default() };
    let mut charged = state.methods.last().map(|method| method.id);
    let dunned = matches!(state.state, State::PastDue { .. } | State::Grace { .. });
    let mut decline = dunned;
    for _ in 0..2_000 {
        let in_flight = state.invoices.iter().find_map(|known| Some((known.in_flight?, known.id)));
        let event = match (in_flight, charged) {
            (Some((payment, invoice)), Some(method)) if decline => Event::PaymentDeclined {
                payment,
                invoice,
                method,
                verdict: Decline::new("once more", Network::Other).classify(),
                code: "once more".to_owned(),
                at: now,
            },
            _ => {
                let Some((action, at)) = agenda(&state, policy) else { break };
                if at > until {
                    break;
                }
                now = now.max(at);
                Event::Due { action, at }
            }
        };
        let context = Context { policy, now, downgrade: Some(&downgrade) };
        let due = matches!(event, Event::Due { .. });
        let Ok(decision) = decide(&state, &event, context) else { break };
        for effect in &decision.effects {
            match effect {
                Effect::Charge { amount_minor, method, .. } => {
                    charged = Some(*method);
                    if due {
                        told.charges.push((now, *amount_minor, *method));
                    }
                }
                Effect::Issued(issued) => {
                    let known = decision.after.invoices.iter().find(|known| known.id == issued.id);
                    told.bills.push((issued.issued_at, known.map_or(0, Invoice::due_minor)));
                }
                _ => {}
            }
        }
        state = decision.after;
        decline = dunned || matches!(state.state, State::PastDue { .. } | State::Grace { .. });
        told.states.push((now, state.clone()));
    }
    told
}

impl Told {
    /// The state at an instant, after all that was done by then.
    fn state_at(&self, instant: DateTime<Utc>) -> &Subscription {
        let before = self.states.iter().rev().find(|(at, _)| *at <= instant);
        &before.unwrap_or(&self.states[0]).1
    }

    /// What it gave at an instant before anything was done at that instant.
    fn access_before(&self, policy: &DunningPolicy, instant: DateTime<Utc>) -> Access {
        access(self.state_at(instant - Duration::seconds(1)), policy, instant)
    }
}

/// Compares what is promised with what happens.
fn is_kept(written: &Written, policy: &DunningPolicy) -> Result<(), TestCaseError> {
    let promised = outlook(&written.state, policy, written.at);
    let last = [promised.access_ends_at, promised.next_bill.map(|bill| bill.at)];
    let until = last.into_iter().flatten().max().unwrap_or(written.at + Duration::days(800));
    let told = go_on(written, policy, until);
    charge_is_made(written, &promised, &told)?;
    access_is_kept(written, policy, &promised, &told)?;
    if let (Some(bill), State::Active) = (promised.next_bill, &written.state.state) {
        prop_assert_eq!(told.bills.first(), Some(&(bill.at, bill.due_minor)));
    }
    if let Notice::PaymentFailed { next_attempt_at, .. } = written.notice
        && matches!(written.state.state, State::PastDue { .. })
        && written.state.parked.is_none()
        // Who is far behind may be parked by the renewals that come first.
        && written.state.period.end > written.at
    {
        prop_assert_eq!(next_attempt_at, promised.next_charge.map(|charge| charge.at));
    }
    Ok(())
}

fn charge_is_made(written: &Written, promised: &Outlook, told: &Told) -> Result<(), TestCaseError> {
    match promised.next_charge {
        Some(next) => {
            prop_assert_eq!(told.charges.first(), Some(&(next.at, next.amount_minor, next.method)));
        }
        None => {
            let ends_at = promised.access_ends_at;
            let mut before =
                told.charges.iter().filter(|(at, ..)| ends_at.is_none_or(|end| *at < end));
            prop_assert_eq!(before.next(), None, "{:?}", written.notice);
        }
    }
    Ok(())
}

fn access_is_kept(
    written: &Written,
    policy: &DunningPolicy,
    promised: &Outlook,
    told: &Told,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(access(&written.state, policy, written.at), promised.access);
    if let Some(restricted) = promised.restricted_at {
        let just_before = restricted - Duration::seconds(1);
        prop_assert_eq!(access(told.state_at(just_before), policy, just_before), Access::Full);
        prop_assert_eq!(access(told.state_at(restricted), policy, restricted), Access::Restricted);
    }
    let Some(ends_at) = promised.access_ends_at.filter(|ends_at| *ends_at > written.at) else {
        return Ok(());
    };
    let kept = told.states.iter().map(|(at, _)| *at).filter(|at| *at < ends_at);
    for moment in kept.chain([ends_at - Duration::seconds(1)]).filter(|at| *at >= written.at) {
        let access = access(told.state_at(moment), policy, moment);
        prop_assert_ne!(access, Access::None, "{:?} at {}", written.notice, moment);
    }
    let after = told.state_at(ends_at);
    if promised.then != Some(Then::Downgraded) {
        prop_assert_eq!(access(after, policy, ends_at), Access::None, "{:?}", written.notice);
        // Whether or not a worker comes by; only the end of a trial and of a standstill take one,
        // who says so at the same time.
        let before = told.state_at(ends_at - Duration::seconds(1));
        if !matches!(before.state, State::Trialing { .. }) && before.parked.is_none() {
            prop_assert_eq!(told.access_before(policy, ends_at), Access::None);
        }
    }
    let status = after.state.status();
    let expected = match promised.then {
        Some(Then::Ends) => status.is_final(),
        Some(Then::Suspended) => status == Status::Unpaid,
        Some(Then::Downgraded) => after.items == [item(0)],
        Some(Then::Paused) => status == Status::Paused,
        None => false,
    };
    prop_assert!(expected, "{:?} became {}", promised.then, status);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_date_amount_and_end_in_an_email_comes_true_if_nothing_else_happens(
        beginning in beginnings(), policy in policies(), steps in steps()
    ) {
        let world = lived(beginning, policy, &steps);
        for written in &world.written {
            is_kept(written, &world.policy)?;
        }
    }
}

fn past_due(on_cancel: OnCancel) -> World {
    World::past_due_under(DunningPolicy { on_cancel, ..DunningPolicy::default() }, terms())
}

#[test]
fn who_cancels_while_past_due_is_not_charged_again_and_keeps_access_as_the_policy_has_it() {
    let mut world = past_due(OnCancel::Stop);
    world.now = at("2026-02-01T12:00:00Z");
    world.cancel_at_period_end();
    assert_eq!((world.status(), world.mails()), (Status::Grace, vec!["canceled"]));
    let promised = outlook(&world.subscription, &world.policy, world.now);
    // 14 days after the failure, not the end of the period.
    assert_eq!(promised.access_ends_at, Some(at("2026-02-15")));
    assert_eq!((promised.next_charge, promised.then), (None, Some(Then::Ends)));
    assert_eq!(promised.canceled_for, Some(at("2026-03-01")));
    world.run_to(at("2026-02-14T23:59:59Z"));
    assert_eq!((world.access(), world.in_flight()), (Access::Full, None));
    world.run_to(at("2026-02-15"));
    assert_eq!((world.status(), world.access()), (Status::Canceled, Access::None));
    // Told of when it was asked for.
    assert_eq!(world.mails(), Vec::<&str>::new());
    assert_eq!(world.subscription.owed_minor(), 0);
}

#[test]
fn who_canceled_pays_only_what_they_ask_to_pay_and_has_the_period_then() {
    let mut world = past_due(OnCancel::Stop);
    world.cancel_at_period_end();
    world.attach("second");
    assert_eq!(world.in_flight(), None, "a new method is not charged");
    let invoice = world.subscription.oldest_owed().unwrap().id;
    world.tell(Event::PayRequested { invoice });
    world.succeed();
    assert_eq!(world.status(), Status::Active);
    let promised = outlook(&world.subscription, &world.policy, world.now);
    assert_eq!((promised.access_ends_at, promised.next_charge), (Some(at("2026-03-01")), None));
    world.run_to(at("2026-03-01"));
    assert_eq!(world.status(), Status::Canceled);
}

#[test]
fn a_cancellation_that_is_taken_back_lets_the_attempts_go_on() {
    let mut world = past_due(OnCancel::Stop);
    world.cancel_at_period_end();
    world.now = at("2026-02-02T12:00:00Z");
    world.tell(Event::CancelUndone);
    assert_eq!(world.status(), Status::PastDue);
    world.work();
    assert!(world.in_flight().is_some(), "the retry step of the day before is made up for");
    world.succeed();
    assert_eq!(world.status(), Status::Active);
}

#[test]
fn where_the_policy_goes_on_attempts_are_made_until_the_end_and_the_email_says_so() {
    let mut world = past_due(OnCancel::GoOn);
    world.cancel_at_period_end();
    assert_eq!(world.status(), Status::PastDue);
    let promised = outlook(&world.subscription, &world.policy, world.now);
    assert_eq!(promised.next_charge.unwrap().at, at("2026-02-02"));
    assert_eq!(promised.access_ends_at, Some(at("2026-02-15")));
    world.run_to(at("2026-02-02"));
    assert!(world.in_flight().is_some());
}

#[test]
fn no_attempt_is_announced_for_after_the_end() {
    let policy = DunningPolicy { on_cancel: OnCancel::GoOn, ..DunningPolicy::default() };
    let weekly = Anchor::at(at("2026-01-01"), chrono_tz::UTC).every(Interval::WEEK);
    let terms = Subscription { cycle: weekly, ..terms() };
    let mut world = World::new(terms, Start::Service, policy);
    world.succeed();
    world.run_to(at("2026-01-08"));
    world.decline("insufficient_funds");
    world.cancel_at_period_end();
    // The period ends nine hours before the last retry step.
    for day in ["2026-01-09", "2026-01-11T09:00:00Z", "2026-01-13T09:00:00Z"] {
        world.run_to(at(day));
        world.decline("insufficient_funds");
    }
    let last = &world.written.last().unwrap().notice;
    assert!(matches!(last, Notice::PaymentFailed { next_attempt_at: None, .. }), "{last:?}");
}

#[test]
fn who_canceled_and_stays_unpaid_is_not_moved_to_a_lesser_plan() {
    let end = EndAction::Downgrade("free".to_owned());
    let policy = DunningPolicy { end, on_cancel: OnCancel::GoOn, ..DunningPolicy::default() };
    let mut world = World::in_grace(policy);
    world.cancel_at_period_end();
    let promised = outlook(&world.subscription, &world.policy, world.now);
    assert_eq!(promised.then, Some(Then::Ends));
    world.run_to(promised.access_ends_at.unwrap());
    assert_eq!((world.status(), world.access()), (Status::Expired, Access::None));
}

#[test]
fn a_trial_that_ends_without_a_card_is_told_of_as_a_pause_and_asks_for_no_money() {
    let how = Start::Trial { ends_at: at("2026-01-15") };
    let terms = Subscription { methods: vec![], ..terms() };
    let mut world = World::new(terms, how, DunningPolicy::default());
    let promised = outlook(&world.subscription, &world.policy, world.now);
    assert_eq!(
        (promised.then, promised.access_ends_at),
        (Some(Then::Paused), Some(at("2026-01-15")))
    );
    // The rest of the month, for whoever adds a card before.
    assert_eq!(promised.next_bill.unwrap().due_minor, 26_87);
    world.run_to(at("2026-01-15"));
    let last = world.written.last().unwrap();
    assert_eq!(last.notice, Notice::TrialLapsed);
    assert_eq!(outlook(&last.state, &world.policy, last.at).owed_minor, 0);
}

#[test]
fn a_renewal_is_announced_with_what_will_be_charged_credit_deducted() {
    let mut world = World::active();
    world.subscription.balance_minor = 20_00;
    let promised = outlook(&world.subscription, &world.policy, world.now);
    assert_eq!(promised.next_charge.unwrap().amount_minor, 29_00);
    assert_eq!(promised.next_bill.unwrap().due_minor, 29_00);
}

#[test]
fn a_failure_after_a_cancellation_ends_attempts_at_once() {
    let mut world = World::active();
    world.run_to(at("2026-02-01"));
    // The renewal is under way when the customer cancels.
    world.cancel_at_period_end();
    world.mails();
    world.decline("insufficient_funds");
    assert_eq!((world.status(), world.mails()), (Status::Grace, vec!["grace_started"]));
    assert_eq!(world.next(), Some((Action::ExpireGrace, at("2026-02-15"))));
}
