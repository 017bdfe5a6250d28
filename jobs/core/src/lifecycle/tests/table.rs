//! The table of transitions is the only place where an edge is legal.

use super::world::{World, at, terms};
use crate::dunning::DunningPolicy;
use crate::ids::DunningCaseId;
use crate::lifecycle::draft::Draft;
use crate::lifecycle::status::{TRANSITIONS, is_legal};
use crate::lifecycle::{
    Case, Context, Edge, Ended, PauseReason, Refused, Start, State, Status, Subscription,
};

fn state_of(status: Status) -> State {
    let until = at("2026-03-01");
    let case = Case {
        id: DunningCaseId::derived("case"),
        failed_at: at("2026-02-01"),
        next_rung: 0,
        postponed_to: None,
        attempts: 0,
        last_code: None,
    };
    match status {
        Status::Scheduled => State::Scheduled { trial_end: Some(until) },
        Status::Incomplete => State::Incomplete { until },
        Status::Trialing => State::Trialing { ends_at: until },
        Status::Active => State::Active,
        Status::PastDue => State::PastDue { case },
        Status::Grace => State::Grace { case, until },
        Status::Paused => State::Paused(PauseReason::NoPaymentMethod),
        Status::Unpaid => State::Unpaid { case },
        Status::Canceled => State::Canceled(Ended { at: until }),
        Status::Expired => State::Expired(Ended { at: until }),
    }
}

#[test]
fn every_edge_that_is_not_in_the_table_is_refused_and_every_other_is_taken() {
    let policy = DunningPolicy::default();
    let context = Context { policy: &policy, now: at("2026-02-02"), downgrade: None };
    for &from in Status::ALL {
        let before = Subscription { state: state_of(from), ..terms() };
        for (&edge, &to) in
            Edge::ALL.iter().flat_map(|edge| Status::ALL.iter().map(move |to| (edge, to)))
        {
            let mut draft = Draft::of(&before, context);
            let taken = draft.take(edge, state_of(to));
            match is_legal(Some(from), edge, to) {
                true => assert_eq!(taken, Ok(())),
                false => {
                    assert_eq!(taken, Err(Refused::IllegalEdge { from, edge, to }));
                    assert_eq!(draft.after, before);
                }
            }
        }
    }
}

#[test]
fn the_table_names_no_edge_twice_and_none_leaves_an_end() {
    let mut edges = TRANSITIONS.to_vec();
    edges.sort();
    edges.dedup();
    assert_eq!(edges.len(), TRANSITIONS.len());
    assert!(TRANSITIONS.iter().all(|(from, _, _)| from.is_none_or(|from| !from.is_final())));
}

#[test]
fn every_word_reads_back() {
    for status in Status::ALL {
        assert_eq!(status.as_str().parse(), Ok(*status));
    }
    for edge in Edge::ALL {
        assert_eq!(edge.to_string().parse(), Ok(*edge));
    }
    assert!("renewing".parse::<Edge>().is_err());
}

#[test]
fn a_state_survives_its_stored_form() {
    for &status in Status::ALL {
        let state = state_of(status);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}

#[test]
fn nothing_is_due_after_an_end() {
    let mut world = World::new(terms(), Start::Service, DunningPolicy::default());
    world.decline("insufficient_funds");
    world.run_to(at("2026-02-01"));
    assert_eq!((world.status(), world.next()), (Status::Expired, None));
}
