//! Beginning, trial and renewal: how service periods come to be.

use chrono::{DateTime, TimeDelta, Utc};

use super::agenda::{Action, agenda};
use super::billing::{self, SetupFee};
use super::collection::{self, Collecting};
use super::draft::Draft;
use super::effect::{CaseOutcome, Effect, Notice, PeriodKind, Reason};
use super::status::Edge;
use super::subscription::{Ended, ParkedFor, PauseReason, State, Subscription};
use super::{Context, Decision, Refused};
use crate::calendar::{CalendarError, CatchUp, PERIODS_BEHIND_MAX, Period};
use crate::dunning::TrialWithoutMethod;
use crate::ids::PaymentMethodId;

/// Periods billed in one run of catching up; the rest follows in the next (rule T6).
const PERIODS_PER_RUN_MAX: usize = 12;
/// Periods that one invoice bills where service begins in the past: all that are billed without
/// somebody having looked.
const PERIODS_AT_ONCE_MAX: usize = 36;
/// A first payment is awaited this long (as with Stripe's incomplete subscriptions).
const FIRST_PAYMENT_AWAITED: TimeDelta = TimeDelta::hours(23);

/// How a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With its first service period.
    Service,
    /// With a trial until then.
    Trial {
        /// The first instant after the trial.
        ends_at: DateTime<Utc>,
    },
}

/// Begins a subscription, or schedules it where its `started_at` lies ahead: `terms` says everything but its state and period, which are made here.
///
/// # Errors
/// [`Refused`] where the calendar or an amount does not allow it.
pub fn start(terms: Subscription, start: Start, context: Context<'_>) -> Result<Decision, Refused> {
    let mut draft = Draft::of(&terms, context);
    let trial_end = match start {
        Start::Trial { ends_at } => Some(ends_at).filter(|end| *end > terms.started_at),
        Start::Service => None,
    };
    if terms.started_at > context.now {
        draft.after.period = opening_period(&terms, trial_end)?;
        draft.schedule(State::Scheduled { trial_end });
    } else {
        begin(&mut draft, trial_end)?;
    }
    Ok(draft.finish())
}

/// The instant has come that a scheduled subscription was to begin at. It begins as of then,
/// however late a worker comes by.
pub(super) fn start_scheduled(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::Scheduled { trial_end } = draft.after.state else { return Ok(()) };
    begin(draft, trial_end)
}

/// The period that a subscription begins with: its trial, or its first one of service.
fn opening_period(
    subscription: &Subscription,
    trial_end: Option<DateTime<Utc>>,
) -> Result<Period, CalendarError> {
    let start = subscription.started_at;
    match trial_end {
        Some(end) => {
            let index = subscription.cycle.period_containing(end)? - 1;
            Ok(Period { index, start, end })
        }
        None => first_period(subscription, start),
    }
}

fn begin(draft: &mut Draft<'_>, trial_end: Option<DateTime<Utc>>) -> Result<(), Refused> {
    let period = opening_period(&draft.after, trial_end)?;
    draft.after.period = period;
    if let Some(ends_at) = trial_end {
        draft.begin(State::Trialing { ends_at });
        draft.push(Effect::PeriodOpened { period, kind: PeriodKind::Trial });
        return Ok(());
    }
    // A subscription that costs nothing has nothing to await.
    let mut items = draft.after.items.iter();
    let free = items.all(|item| item.amount_minor() == Some(0) && item.setup_fee_minor == 0);
    let until = draft.now + FIRST_PAYMENT_AWAITED;
    draft.begin(if free { State::Active } else { State::Incomplete { until } });
    let periods = periods_until_now(draft, period)?;
    billing::bill(draft, &periods, SetupFee::Billed)?;
    await_first_payment(draft)
}

fn await_first_payment(draft: &mut Draft<'_>) -> Result<(), Refused> {
    // What costs nothing is active already, yet may have to bill what was carried over.
    if draft.after.state == State::Active {
        return collection::collect_or_fail(draft);
    }
    if draft.after.owed_minor() == 0 {
        return draft.take(Edge::FirstPaymentReceived, State::Active);
    }
    if collection::collect(draft) == Collecting::Not {
        let reason = collection::obstacle(draft);
        draft.notify(first_payment_failed(reason));
    }
    Ok(())
}

/// The period that service at `at` falls into, from `at` on.
fn first_period(subscription: &Subscription, at: DateTime<Utc>) -> Result<Period, CalendarError> {
    let index = subscription.cycle.period_containing(at)?;
    Ok(Period { start: at, ..subscription.cycle.period(index)? })
}

/// The period that service begins with and those up to now: what begins in the past is billed with
/// one invoice, and so charged once. Too many of them wait for somebody to look.
fn periods_until_now(draft: &Draft<'_>, first: Period) -> Result<Vec<Period>, CalendarError> {
    let cycle = &draft.after.cycle;
    let behind = cycle.due_boundaries(first.index + 1, draft.now, PERIODS_AT_ONCE_MAX)?;
    let mut periods = vec![first];
    if !behind.is_too_far_behind() {
        for (index, start) in behind.boundaries {
            periods.push(Period { start, ..cycle.period(index)? });
        }
    }
    Ok(periods)
}

/// An attempt that could not be made for want of a method has no number.
pub(super) fn first_payment_failed(reason: Reason) -> Notice {
    let attempt = usize::from(reason != Reason::NoMethod);
    Notice::PaymentFailed { attempt, of: 1, next_attempt_at: None, reason }
}

/// The period has ended: the next one begins, or several where we are late.
pub(super) fn renew(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let due = periods_due(draft)?;
    if due.is_too_far_behind() {
        let due = due.total();
        let why = format!("{due} periods are due, more than {PERIODS_BEHIND_MAX}");
        draft.park(ParkedFor::TooFarBehind, why);
        return Ok(());
    }
    bill_missed(draft, due)
}

/// Somebody has looked: where more is due than is billed by itself, one run is billed now.
pub(super) fn bill_too_far_behind(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let Some((Action::Renew, _)) = agenda(&draft.after, draft.policy) else { return Ok(()) };
    let due = periods_due(draft)?;
    if due.is_too_far_behind() { bill_missed(draft, due) } else { Ok(()) }
}

/// Whether more periods are due than are billed without somebody having looked.
pub(super) fn is_too_far_behind(draft: &Draft<'_>) -> Result<bool, CalendarError> {
    let serviced =
        matches!(draft.after.state, State::Active | State::PastDue { .. } | State::Grace { .. });
    Ok(serviced && periods_due(draft)?.is_too_far_behind())
}

fn periods_due(draft: &Draft<'_>) -> Result<CatchUp, CalendarError> {
    let next = draft.after.period.index + 1;
    draft.after.cycle.due_boundaries(next, draft.now, PERIODS_PER_RUN_MAX)
}

fn bill_missed(draft: &mut Draft<'_>, due: CatchUp) -> Result<(), Refused> {
    for (index, _) in due.boundaries {
        let billed_to = draft.after.period.end;
        let period = Period { start: billed_to, ..draft.after.cycle.period(index)? };
        draft.after.period = period;
        draft.stay(Edge::Renewed)?;
        billing::bill(draft, &[period], SetupFee::Not)?;
    }
    // While the ladder runs, it collects the new invoice too.
    if draft.after.state == State::Active {
        collection::collect_or_fail(draft)?;
    }
    Ok(())
}

/// The trial has ended.
pub(super) fn end_trial(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::Trialing { ends_at } = draft.after.state else { return Ok(()) };
    let free = draft.after.period_price_minor() == Some(0);
    if draft.after.methods.iter().any(|method| method.blocked.is_none()) || free {
        return begin_service(draft, Edge::TrialConverted, ends_at);
    }
    match draft.policy.trial_without_method {
        TrialWithoutMethod::Pause => {
            draft.take(Edge::TrialLapsed, State::Paused(PauseReason::NoPaymentMethod))?;
        }
        TrialWithoutMethod::Cancel => {
            draft.take(Edge::TrialLapsed, State::Canceled(Ended { at: ends_at }))?;
        }
    }
    draft.notify(Notice::TrialLapsed);
    Ok(())
}

/// Service begins (again) at `at`: its period is billed, and collected.
fn begin_service(draft: &mut Draft<'_>, edge: Edge, at: DateTime<Utc>) -> Result<(), Refused> {
    let setup = match draft.after.state {
        State::Trialing { .. } | State::Paused(PauseReason::NoPaymentMethod) => SetupFee::Billed,
        _ => SetupFee::Not,
    };
    let period = first_period(&draft.after, at)?;
    draft.after.period = period;
    draft.take(edge, State::Active)?;
    let periods = periods_until_now(draft, period)?;
    billing::bill(draft, &periods, setup)?;
    collection::collect_or_fail(draft)
}

/// A suspended subscription is paid up: it goes on, with a new period where its own has ended.
pub(super) fn leave_suspension(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.period.end > draft.now {
        return draft.take(Edge::Recovered, State::Active);
    }
    begin_service(draft, Edge::Recovered, draft.now)
}

/// The first payment never came.
pub(super) fn abandon(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::Incomplete { until } = draft.after.state else { return Ok(()) };
    billing::give_up_all(draft);
    draft.take(Edge::FirstPaymentAbandoned, State::Expired(Ended { at: until }))?;
    draft.notify(Notice::Expired);
    Ok(())
}

/// A new method resumes at once what waited for one.
pub(super) fn method_attached(
    draft: &mut Draft<'_>,
    method: PaymentMethodId,
) -> Result<(), Refused> {
    let Some(known) = draft.after.methods.iter().find(|known| known.id == method) else {
        return Err(Refused::Foreign { what: method.to_string() });
    };
    if known.blocked.is_some() {
        return Ok(());
    }
    match draft.after.state {
        // The attempt's outcome releases it.
        _ if draft.after.parked.is_some() => {
            collection::collect_with_new(draft, method);
            Ok(())
        }
        State::Paused(PauseReason::NoPaymentMethod) => {
            begin_service(draft, Edge::Resumed, draft.now)
        }
        State::PastDue { .. } | State::Grace { .. } if draft.collection_stopped() => Ok(()),
        State::PastDue { .. }
        | State::Grace { .. }
        | State::Unpaid { .. }
        | State::Incomplete { .. }
        // A final invoice that could not be collected.
        | State::Canceled(_)
        | State::Expired(_) => {
            collection::collect_with_new(draft, method);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// All that was owed is paid: the case is closed, and service goes on.
pub(super) fn recovered(draft: &mut Draft<'_>) -> Result<(), Refused> {
    draft.close_case(CaseOutcome::Recovered);
    draft.after.notices.grace = false;
    draft.notify(Notice::Recovered);
    match draft.after.state {
        State::Unpaid { .. } => leave_suspension(draft),
        _ => draft.take(Edge::Recovered, State::Active),
    }
}
