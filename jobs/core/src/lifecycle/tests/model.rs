//! A second, much smaller opinion of the lifecycle, to compare the real one with.
//!
//! One weekly plan at 100.00, hours as whole numbers, one method at a time, retries after 24 and 72
//! hours, access until 240 hours after the failure. It shares no code with what it checks.

use chrono::Duration;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::histories::{cases, span};
use super::world::{World, at, item, method, terms};
use crate::calendar::{Anchor, Interval};
use crate::decline::Decline;
use crate::dunning::{DunningPolicy, EndAction, Rung, RungEmail};
use crate::ids::PaymentMethodId;
use crate::lifecycle::{Access, Event, Start, Status, Subscription, UnusedTime};
use crate::network::Network;

const WEEK: i64 = 168;
/// An hour of it is more than the least that is charged.
const PRICE: i64 = 10_000;
const RUNGS: [i64; 2] = [24, 72];
const ACCESS_ENDS: i64 = 240;

#[derive(Debug, Clone)]
pub(super) struct Model {
    hour: i64,
    status: Status,
    week: i64,
    /// What each open invoice is for, the oldest first.
    owed: Vec<i64>,
    charged_at: Option<i64>,
    card_works: bool,
    /// Attached while another was being charged.
    card_waits: bool,
    cancel: bool,
    failed_at: i64,
    rung: usize,
    until: i64,
    warned: bool,
    suspends: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Move {
    /// Punctual work for some hours.
    Run(i64),
    /// No work for some hours, and then all of it.
    Outage(i64),
    Succeed,
    Decline {
        hard: bool,
    },
    Attach,
    CancelAtPeriodEnd,
    CancelNow,
    Undo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Abandon,
    Expire,
    End,
    Retry,
    Renew,
    Warn,
}

impl Model {
    fn period_end(&self) -> i64 {
        (self.week + 1) * WEEK
    }

    fn ended(&self) -> bool {
        matches!(self.status, Status::Canceled | Status::Expired)
    }

    fn due(&self) -> Option<(i64, Due)> {
        let idle = self.charged_at.is_none();
        let boundary = (self.period_end(), if self.cancel { Due::End } else { Due::Renew });
        let rung = self.failed_at + RUNGS.get(self.rung).copied().unwrap_or(0);
        let all = match self.status {
            Status::Incomplete => vec![(idle, (23, Due::Abandon))],
            Status::Active => vec![(true, boundary)],
            Status::PastDue => vec![(true, boundary), (idle, (rung, Due::Retry))],
            Status::Grace => vec![
                (true, boundary),
                (idle, (self.until, Due::Expire)),
                (idle && !self.warned, (self.until - 24, Due::Warn)),
            ],
            _ => vec![],
        };
        all.into_iter().filter(|(applies, _)| *applies).map(|(_, due)| due).min()
    }

    fn act(&mut self, due: Due) {
        match due {
            Due::Abandon => self.end(Status::Expired),
            Due::End => self.end(Status::Canceled),
            Due::Expire if self.suspends && !self.cancel => self.status = Status::Unpaid,
            Due::Expire => self.end(Status::Expired),
            Due::Warn => {
                self.until = self.until.max(self.hour + 12);
                self.warned = true;
            }
            Due::Renew => {
                while self.period_end() <= self.hour {
                    self.week += 1;
                    self.owed.push(PRICE);
                }
                self.collect_if_active();
            }
            Due::Retry if self.rung >= RUNGS.len() => self.enter_grace(),
            Due::Retry => {
                while self.rung + 1 < RUNGS.len()
                    && self.failed_at + RUNGS[self.rung + 1] <= self.hour
                {
                    self.rung += 1;
                }
                self.rung += 1;
                if !self.charge() {
                    self.failed();
                }
            }
        }
    }

    fn charge(&mut self) -> bool {
        if self.card_works && self.charged_at.is_none() && !self.owed.is_empty() {
            self.charged_at = Some(self.hour);
        }
        self.charged_at.is_some()
    }

    fn collect_if_active(&mut self) {
        if self.status == Status::Active && !self.owed.is_empty() && !self.charge() {
            self.begin_ladder(self.hour);
        }
    }

    fn begin_ladder(&mut self, failed_at: i64) {
        (self.status, self.failed_at, self.rung) = (Status::PastDue, failed_at, 0);
    }

    fn failed(&mut self) {
        if self.status == Status::PastDue && self.rung >= RUNGS.len() {
            self.enter_grace();
        }
    }

    fn enter_grace(&mut self) {
        self.status = Status::Grace;
        self.until = (self.failed_at + ACCESS_ENDS).max(self.hour + 24);
        self.warned = self.until - self.hour <= 24;
    }

    fn end(&mut self, status: Status) {
        self.status = status;
        self.owed.truncate(usize::from(self.charged_at.is_some()));
    }

    fn succeed(&mut self) {
        self.charged_at = None;
        self.card_waits = false;
        self.owed.remove(0);
        match (self.owed.is_empty(), self.status) {
            (_, Status::Canceled | Status::Expired) => self.owed.clear(),
            (false, Status::Active) => self.collect_if_active(),
            (false, _) => {
                self.charge();
            }
            (true, Status::Unpaid) if self.period_end() <= self.hour => {
                self.status = Status::Active;
                self.week = self.hour.div_euclid(WEEK);
                let left = self.period_end() - self.hour;
                // Half up.
                self.owed.push((2 * PRICE * left + WEEK) / (2 * WEEK));
                self.collect_if_active();
            }
            (true, _) => self.status = Status::Active,
        }
    }

    fn decline(&mut self, hard: bool) {
        let charged_at = self.charged_at.take().unwrap();
        let waited = std::mem::take(&mut self.card_waits);
        self.card_works &= !hard || waited;
        let backed = [Status::Incomplete, Status::Active, Status::PastDue];
        if waited && backed.contains(&self.status) {
            self.charge();
            return;
        }
        match self.status {
            Status::Canceled | Status::Expired => self.owed.clear(),
            Status::Active => self.begin_ladder(charged_at),
            _ => self.failed(),
        }
    }

    fn cancel_at_period_end(&mut self) {
        match self.status {
            Status::Canceled | Status::Expired => {}
            Status::Incomplete | Status::Unpaid => self.end(Status::Canceled),
            _ if self.period_end() <= self.hour => self.end(Status::Canceled),
            _ => self.cancel = true,
        }
    }

    fn access(&self) -> Access {
        let over = self.cancel && self.period_end() <= self.hour;
        let grace_over = self.until <= self.hour && self.warned && self.charged_at.is_none();
        match self.status {
            Status::Active | Status::PastDue if !over => Access::Full,
            Status::Grace if !over && !grace_over => Access::Full,
            _ => Access::None,
        }
    }
}

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Model> {
        let model = |suspends| Model {
            hour: 0,
            status: Status::Incomplete,
            week: 0,
            owed: vec![PRICE],
            charged_at: Some(0),
            card_works: true,
            card_waits: false,
            cancel: false,
            failed_at: 0,
            rung: 0,
            until: 0,
            warned: false,
            suspends,
        };
        any::<bool>().prop_map(model).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Move> {
        let anything = prop_oneof![
            12 => (1_i64..100).prop_map(Move::Run),
            3 => (1_i64..400).prop_map(Move::Outage),
            3 => Just(Move::Attach),
            1 => Just(Move::CancelAtPeriodEnd),
            1 => Just(Move::Undo),
            1 => prop_oneof![1 => Just(Move::CancelNow), 9 => Just(Move::Undo)],
        ];
        match model.charged_at {
            Some(_) => prop_oneof![
                5 => Just(Move::Succeed),
                8 => any::<bool>().prop_map(|hard| Move::Decline { hard }),
                4 => anything,
            ]
            .boxed(),
            None => anything.boxed(),
        }
    }

    fn preconditions(model: &Model, step: &Move) -> bool {
        let outcome = matches!(step, Move::Succeed | Move::Decline { .. });
        model.charged_at.is_some() || !outcome
    }

    fn apply(mut model: Model, step: &Move) -> Model {
        match step {
            Move::Run(hours) => {
                let target = model.hour + hours;
                while let Some((at, due)) = model.due().filter(|(at, _)| *at <= target) {
                    model.hour = model.hour.max(at);
                    model.act(due);
                }
                model.hour = target;
            }
            Move::Outage(hours) => {
                model.hour += hours;
                while let Some((_, due)) = model.due().filter(|(at, _)| *at <= model.hour) {
                    model.act(due);
                }
            }
            Move::Succeed => model.succeed(),
            Move::Decline { hard } => model.decline(*hard),
            Move::Attach => {
                model.card_works = true;
                model.card_waits = model.charged_at.is_some();
                let waits = [Status::PastDue, Status::Grace, Status::Unpaid, Status::Incomplete];
                if waits.contains(&model.status) {
                    model.charge();
                }
            }
            Move::CancelAtPeriodEnd => model.cancel_at_period_end(),
            Move::CancelNow if !model.ended() => model.end(Status::Canceled),
            Move::Undo if model.hour < model.period_end() && !model.ended() => model.cancel = false,
            Move::CancelNow | Move::Undo => {}
        }
        model
    }
}

struct Real {
    world: World,
    cards: usize,
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Reference;

    fn init_test(model: &Model) -> Self {
        let rungs = RUNGS.map(|hours| Rung {
            after: Some(span(u32::try_from(hours).unwrap())),
            before_access_ends: None,
            at_hour: None,
            email: RungEmail::Send,
        });
        let policy = DunningPolicy {
            rungs: rungs.to_vec(),
            access_ends_after: span(u32::try_from(ACCESS_ENDS).unwrap()),
            end: if model.suspends { EndAction::Suspend } else { EndAction::Cancel },
            ..DunningPolicy::default()
        };
        let started_at = at("2026-01-01");
        let cycle = Anchor::at(started_at, chrono_tz::UTC).every(Interval::WEEK);
        let terms = Subscription { started_at, cycle, items: vec![item(PRICE)], ..terms() };
        Self { world: World::new(terms, Start::Service, policy), cards: 0 }
    }

    fn apply(mut real: Self, _: &Model, step: Move) -> Self {
        let world = &mut real.world;
        match step {
            Move::Run(hours) => world.run_to(world.now + Duration::hours(hours)),
            Move::Outage(hours) => world.sleep_to(world.now + Duration::hours(hours)),
            Move::Succeed => world.succeed(),
            Move::Decline { hard: true } => world.decline("lost_card"),
            Move::Decline { hard: false } => {
                world.decline_with(Decline::new("again", Network::Visa))
            }
            Move::Attach => {
                real.cards += 1;
                let name = format!("card {}", real.cards);
                world.subscription.methods = vec![method(&name, Network::Amex)];
                let method = PaymentMethodId::derived(&name);
                world.tell(Event::PaymentMethodAttached { method });
            }
            Move::CancelAtPeriodEnd => world.cancel_at_period_end(),
            Move::CancelNow => world.cancel_now(UnusedTime::Forfeited),
            Move::Undo => {
                let _ = world.hear(Event::CancelUndone);
            }
        }
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        let Subscription { period, cancel_requested_at, state, .. } = &real.world.subscription;
        assert_eq!(state.status(), model.status);
        assert_eq!(real.world.access(), model.access());
        assert_eq!(real.world.subscription.owed_minor(), model.owed.iter().sum::<i64>());
        assert_eq!(period.index, model.week);
        assert_eq!(real.world.in_flight().is_some(), model.charged_at.is_some());
        if !model.ended() {
            assert_eq!(cancel_requested_at.is_some(), model.cancel);
        }
        let hours =
            |instant: chrono::DateTime<chrono::Utc>| (instant - at("2026-01-01")).num_hours();
        assert_eq!(real.world.next().map(|(_, at)| hours(at)), model.due().map(|(at, _)| at));
    }
}

prop_state_machine! {
    #![proptest_config(cases())]

    #[test]
    fn the_real_lifecycle_agrees_with_the_model(sequential 1..40 => Real);
}
