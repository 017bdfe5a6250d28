//! Random policies, beginnings and histories.

use proptest::prelude::*;
use proptest::sample::Index;

use super::world::{FIRST_DAY, at, days, item, method, terms};
use crate::calendar::{Anchor, Interval, Unit};
use crate::currency::Currency;
use crate::dunning::{
    DunningPolicy, EndAction, OnCancel, Rung, RungEmail, Span, TrialWithoutMethod,
};
use crate::lifecycle::{CancelWhen, Item, Method, Start, Subscription, UnusedTime};
use crate::network::Network;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Hours pass, and nobody works.
    Sleep(u32),
    /// A worker does one thing that is due.
    WorkOnce,
    /// A worker does all that is due.
    Work,
    /// Time passes until the next thing is due, which is done.
    NextDue,
    Succeed,
    Decline(&'static str, Option<&'static str>),
    Reject,
    /// All inquiries are through.
    GiveUpAsking,
    /// A method is attached anew (an old one, or one never seen).
    Attach(Index, usize),
    Pay(Index),
    /// The customer paid at the provider, with whatever method.
    PaidElsewhere(Index),
    Cancel(CancelWhen),
    Undo,
    /// An operator has looked.
    Release,
    /// A period of usage was closed: this much is to be billed.
    Usage(i64),
    /// Old news.
    Replay(Index),
}

pub(super) fn span(hours: u32) -> Span {
    format!("{hours}h").parse().unwrap()
}

/// Any policy within the rules.
pub(super) fn policies() -> impl Strategy<Value = DunningPolicy> {
    let end = prop_oneof![
        Just(EndAction::Cancel),
        Just(EndAction::Suspend),
        Just(EndAction::Downgrade("free".to_owned())),
    ];
    let rung = (1_u32..200, prop::option::of(0_u32..24), any::<bool>());
    let without = prop_oneof![Just(TrialWithoutMethod::Pause), Just(TrialWithoutMethod::Cancel)];
    let restrict = prop::option::of(1_u32..100);
    let on_cancel = prop_oneof![Just(OnCancel::Stop), Just(OnCancel::GoOn)];
    (prop::collection::vec(rung, 0..6), 1_u32..400, restrict, end, without, on_cancel).prop_map(
        |(rungs, grace, restrict, end, trial_without_method, on_cancel)| {
            let mut offset = 0;
            let rungs: Vec<_> = rungs
                .into_iter()
                .map(|(more, at_hour, quiet)| {
                    offset += more;
                    let email = if quiet { RungEmail::Quiet } else { RungEmail::Send };
                    Rung { after: Some(span(offset)), before_access_ends: None, at_hour, email }
                })
                .collect();
            let ends = offset + grace;
            let policy = DunningPolicy {
                rungs,
                access_ends_after: span(ends),
                restrict_after: restrict.filter(|after| *after < ends).map(span),
                end,
                trial_without_method,
                on_cancel,
                ..DunningPolicy::default()
            };
            assert_eq!(policy.check(), Ok(()));
            policy
        },
    )
}

fn methods() -> impl Strategy<Value = Vec<Method>> {
    let networks = [Network::Visa, Network::Mastercard, Network::UsBankAccount];
    prop::collection::vec(prop::sample::select(networks.to_vec()), 0..3).prop_map(|networks| {
        let named = |(index, network)| method(["a", "b", "c"][index], network);
        networks.into_iter().enumerate().map(named).collect()
    })
}

/// How a subscription begins.
pub(super) fn beginnings() -> impl Strategy<Value = (Subscription, Start)> {
    let units =
        prop::sample::select(vec![Unit::Day, Unit::Week, Unit::Month, Unit::Month, Unit::Year]);
    let prices = prop::sample::select(vec![0_i64, 20, 49_00, 19_999]);
    let zones = prop::sample::select(vec![chrono_tz::UTC, chrono_tz::America::New_York]);
    let ahead = prop::sample::select(vec![0_i64, 0, 0, 0, 1, 45]);
    let balances = prop::sample::select(vec![0_i64, 0, 0, -30, -80, 40, 49_00, 50_000]);
    // Of two, no and three decimals; of some, the least amount that is charged is above our prices.
    let currencies = prop::sample::select(vec!["USD", "USD", "JPY", "KWD", "HUF"]);
    (
        units,
        1_u32..4,
        prices,
        1_i64..4,
        any::<bool>(),
        (zones, currencies),
        balances,
        methods(),
        (0_i64..60, ahead),
    )
        .prop_map(
            |(unit, count, price, seats, setup, home, balance_minor, methods, (trial, ahead))| {
                let (zone, currency) = home;
                let started_at = at(FIRST_DAY) + days(ahead);
                let trial_end = started_at + days(trial);
                let has_trial = trial > 30;
                // A stub before the anchor, an anchor at the start, or at the end of the trial.
                let anchor = match (has_trial, trial % 3) {
                    (true, 0) => trial_end,
                    (_, 1) => started_at + days(11),
                    _ => started_at,
                };
                let interval = Interval::new(unit, count).unwrap();
                let setup_fee_minor = if setup { 5_00 } else { 0 };
                let start =
                    if has_trial { Start::Trial { ends_at: trial_end } } else { Start::Service };
                let subscription = Subscription {
                    started_at,
                    cycle: Anchor::at(anchor, zone).every(interval),
                    items: vec![Item { quantity: seats, setup_fee_minor, ..item(price) }],
                    currency: Currency::parse(currency).unwrap(),
                    balance_minor,
                    methods,
                    ..terms()
                };
                (subscription, start)
            },
        )
}

/// What happens then.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let declines = prop::sample::select(vec![
        ("insufficient_funds", None),
        ("insufficient_funds", Some("24")),
        ("do_not_honor", Some("30")),
        ("do_not_honor", Some("03")),
        ("lost_card", None),
        ("authentication_required", None),
    ]);
    let cancels = prop::sample::select(vec![
        CancelWhen::AtPeriodEnd,
        CancelWhen::AtPeriodEnd,
        CancelWhen::AtPeriodEnd,
        CancelWhen::AtPeriodEnd,
        CancelWhen::Now(UnusedTime::Credited),
        CancelWhen::Now(UnusedTime::Forfeited),
    ]);
    let step = prop_oneof![
        4 => (1_u32..80).prop_map(Step::Sleep),
        1 => (80_u32..1_000).prop_map(Step::Sleep),
        2 => Just(Step::WorkOnce),
        4 => Just(Step::Work),
        24 => Just(Step::NextDue),
        8 => Just(Step::Succeed),
        20 => declines.prop_map(|(code, advice)| Step::Decline(code, advice)),
        1 => Just(Step::Reject),
        1 => Just(Step::GiveUpAsking),
        5 => (any::<Index>(), 0_usize..3).prop_map(|(which, rank)| Step::Attach(which, rank)),
        3 => any::<Index>().prop_map(Step::Pay),
        2 => any::<Index>().prop_map(Step::PaidElsewhere),
        2 => cancels.prop_map(Step::Cancel),
        2 => Just(Step::Undo),
        1 => Just(Step::Release),
        2 => prop::sample::select(vec![1_i64, 30, 49, 3_00, 60_00]).prop_map(Step::Usage),
        6 => any::<Index>().prop_map(Step::Replay),
    ];
    prop::collection::vec(step, 1..80)
}

/// Cases of each property.
pub(super) fn cases() -> ProptestConfig {
    ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() }
}
