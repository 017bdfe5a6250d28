//! The real lifecycle and the model, side by side.

use chrono::Duration;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{ACCESS_ENDS, Model, Move, PRICE, RUNGS};
use crate::calendar::{Anchor, Interval};
use crate::decline::Decline;
use crate::dunning::{DunningPolicy, EndAction, OnCancel, Rung, RungEmail};
use crate::ids::PaymentMethodId;
use crate::lifecycle::tests::generator::{cases, span};
use crate::lifecycle::tests::world::{World, at, item, method, terms};
use crate::lifecycle::{Event, Start, Status, Subscription, UnusedTime};
use crate::network::Network;

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Model> {
        let model = |(suspends, stops)| Model {
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
            stops,
        };
        any::<(bool, bool)>().prop_map(model).boxed()
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
                let dunned = [Status::PastDue, Status::Grace].contains(&model.status);
                if waits.contains(&model.status) && !(dunned && model.stopped()) {
                    model.charge();
                }
            }
            Move::CancelAtPeriodEnd => model.cancel_at_period_end(),
            Move::CancelNow if !model.ended() => model.end(Status::Canceled),
            Move::Undo if model.hour < model.period_end() && !model.ended() => model.undo(),
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
            on_cancel: if model.stops { OnCancel::Stop } else { OnCancel::GoOn },
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
