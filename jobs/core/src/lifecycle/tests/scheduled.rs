//! Subscriptions that begin later.

use chrono::{DateTime, Utc};

use super::world::{World, at, item, terms};
use crate::calendar::{Anchor, Interval};
use crate::dunning::DunningPolicy;
use crate::lifecycle::{Access, Action, Edge, Event, Start, Status, Subscription, UnusedTime};

/// Agreed on 31 January, begins at `start`.
fn scheduled(start: &str, trial_end: Option<DateTime<Utc>>) -> World {
    let started_at = at(start);
    let anchor = Anchor::at(trial_end.unwrap_or(started_at), chrono_tz::UTC);
    let terms = Subscription { started_at, cycle: anchor.every(Interval::MONTH), ..terms() };
    let how = trial_end.map_or(Start::Service, |ends_at| Start::Trial { ends_at });
    World::new(terms, how, DunningPolicy::default())
}

#[test]
fn a_scheduled_subscription_begins_and_is_charged_at_its_instant() {
    let mut world = scheduled("2026-03-15", None);
    assert_eq!((world.status(), world.access()), (Status::Scheduled, Access::None));
    assert_eq!(world.next(), Some((Action::StartSubscription, at("2026-03-15"))));
    assert_eq!((world.books.service_periods().len(), world.mails().len()), (0, 0));
    world.run_to(at("2026-03-15"));
    assert_eq!(world.status(), Status::Incomplete);
    world.succeed();
    assert_eq!((world.status(), world.access()), (Status::Active, Access::Full));
    let period = world.books.service_periods()[0];
    assert_eq!((period.index, period.start, period.end), (0, at("2026-03-15"), at("2026-04-15")));
}

#[test]
fn a_scheduled_subscription_with_a_trial_begins_with_it_and_is_anchored_at_its_end() {
    let mut world = scheduled("2026-03-15", Some(at("2026-03-29")));
    world.run_to(at("2026-03-15"));
    assert_eq!((world.status(), world.in_flight()), (Status::Trialing, None));
    world.run_to(at("2026-03-29"));
    world.succeed();
    assert_eq!(world.books.service_periods()[0].end, at("2026-04-29"));
}

#[test]
fn a_scheduled_subscription_that_is_free_is_active_at_its_instant() {
    let started_at = at("2026-03-15");
    let cycle = Anchor::at(started_at, chrono_tz::UTC).every(Interval::MONTH);
    let terms = Subscription { started_at, cycle, items: vec![item(0)], ..terms() };
    let mut world = World::new(terms, Start::Service, DunningPolicy::default());
    world.run_to(started_at);
    assert_eq!((world.status(), world.books.charges.len()), (Status::Active, 0));
}

#[test]
fn a_late_worker_begins_a_scheduled_subscription_as_of_its_instant() {
    let mut world = scheduled("2026-03-15", None);
    world.now = at("2026-03-20");
    world.work_once();
    world.succeed();
    assert_eq!(world.books.service_periods()[0].start, at("2026-03-15"));
    assert_eq!(world.next(), Some((Action::Renew, at("2026-04-15"))));
}

#[test]
fn a_scheduled_subscription_can_be_cancelled_and_is_never_charged() {
    for at_once in [true, false] {
        let mut world = scheduled("2026-03-15", None);
        match at_once {
            true => world.cancel_now(UnusedTime::Credited),
            false => world.cancel_at_period_end(),
        }
        assert_eq!((world.status(), world.next()), (Status::Canceled, None));
        world.run_to(at("2026-06-01"));
        assert_eq!((world.books.charges.len(), world.mails()), (0, vec!["canceled"]));
        let ended = (Some(Status::Scheduled), Edge::Canceled, Status::Canceled);
        assert_eq!(world.books.edges().last(), Some(&ended));
        assert!(world.hear(Event::CancelUndone).is_err());
    }
}

#[test]
fn a_start_in_the_past_is_billed_with_one_invoice_and_charged_once() {
    let policy = DunningPolicy::default();
    let mut world = World::heard_of(terms(), Start::Service, policy, at("2026-04-15"));
    let charged: Vec<_> = world.books.charges.values().map(|it| it.amount_minor).collect();
    assert_eq!((charged, world.subscription.period.index), (vec![4 * 49_00], 3));
    assert_eq!(world.subscription.invoices.len(), 1);
    world.succeed();
    assert_eq!((world.status(), world.mails()), (Status::Active, vec!["receipt"]));
    assert_eq!(world.next(), Some((Action::Renew, at("2026-05-01"))));
}
