//! The dunning ladder: rungs, grace, and the end.

mod forecast;
mod letters;

use chrono::{DateTime, TimeDelta, Utc};

use super::Refused;
use super::billing;
use super::cancellation;
use super::collection::{self, Collecting, why_unusable};
use super::draft::Draft;
use super::effect::{CaseOutcome, Effect, Notice, Reason};
use super::service;
use super::status::Edge;
use super::subscription::{Case, Ended, State};
use crate::dunning::{EndAction, OnCancel, RungEmail};
use crate::ids::DunningCaseId;
use letters::Attempt;

/// However late grace is entered or its end announced, access is kept this long after that (or
/// half as long as the policy would have it, if that is less): our own downtime ends nobody's
/// access without a warning.
const WARNING_MIN: TimeDelta = TimeDelta::hours(24);

/// A payment failed at `failed_at` (or, without a code, none could be made): the ladder begins.
pub(super) fn begin(
    draft: &mut Draft<'_>,
    failed_at: DateTime<Utc>,
    code: Option<&str>,
    reason: Reason,
) -> Result<(), Refused> {
    let case = case(draft, failed_at, code);
    draft.after.notices.grace = false;
    draft.take(Edge::PaymentFailed, State::PastDue { case })?;
    tell_or_end_attempts(draft, Attempt::of(code), reason, RungEmail::Send)
}

/// A rung comes: passed ones are dropped, and this one is tried (rule D1).
pub(super) fn climb(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let Some(case) = draft.after.state.case().cloned() else { return Ok(()) };
    if draft.after.owed_minor() == 0 {
        return service::recovered(draft);
    }
    // A late worker charges nobody whose subscription should have ended by now.
    if draft.after.cancel_requested_at.is_some() && draft.now >= draft.after.period.end {
        return cancellation::at_period_end(draft);
    }
    if case.next_rung >= draft.policy.rungs.len() || draft.collection_stopped() {
        return enter_grace(draft);
    }
    let rung = forecast::latest_due(draft, &case, draft.now);
    for dropped in case.next_rung..rung {
        let dropped = dropped + 1;
        draft.remark(format!("rung {dropped} passed while nobody was at work: dropped"));
    }
    match forecast::attempt_at(draft, &case, rung, draft.now) {
        Some(until) if until > draft.now => {
            let why = why_unusable(&draft.after.methods, draft.now);
            draft.remark(format!("rung {} waits until {until}: {why}", rung + 1));
            step_to(draft, rung, Some(until));
            Ok(())
        }
        Some(_) => {
            step_to(draft, rung + 1, None);
            if let (Collecting::Planned, Some(case)) =
                (collection::collect(draft), draft.case_mut())
            {
                case.attempts += 1;
            }
            draft.stay(Edge::RungPassed)
        }
        None => {
            let why = why_unusable(&draft.after.methods, draft.now);
            draft.remark(format!("no attempt at rung {}: {why}", rung + 1));
            step_to(draft, rung + 1, None);
            draft.stay(Edge::RungPassed)?;
            let reason = collection::obstacle(draft);
            attempt_failed(draft, None, reason)
        }
    }
}

fn step_to(draft: &mut Draft<'_>, next_rung: usize, postponed_to: Option<DateTime<Utc>>) {
    if let Some(case) = draft.case_mut() {
        case.next_rung = next_rung;
        case.postponed_to = postponed_to;
    }
}

/// An attempt failed (or, without a code, could not be made) while something is owed already.
pub(super) fn attempt_failed(
    draft: &mut Draft<'_>,
    code: Option<&str>,
    reason: Reason,
) -> Result<(), Refused> {
    if let (Some(case), Some(code)) = (draft.case_mut(), code) {
        case.last_code = Some(code.to_owned());
    }
    match &draft.after.state {
        State::PastDue { case } => {
            let passed =
                case.next_rung.checked_sub(1).and_then(|rung| draft.policy.rungs.get(rung));
            let email = passed.map_or(RungEmail::Send, |rung| rung.email);
            tell_or_end_attempts(draft, Attempt::of(code), reason, email)
        }
        // Attempts are over: this one was the customer's own, who should hear of it.
        State::Grace { .. } | State::Unpaid { .. } => {
            letters::payment_failed(draft, Attempt::of(code), reason);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// One letter for one failure: that it failed, or where that was the last, that grace begins.
fn tell_or_end_attempts(
    draft: &mut Draft<'_>,
    attempt: Attempt,
    reason: Reason,
    email: RungEmail,
) -> Result<(), Refused> {
    let Some(case) = draft.after.state.case() else { return Ok(()) };
    if case.next_rung >= draft.policy.rungs.len() || draft.collection_stopped() {
        return enter_grace(draft);
    }
    if email == RungEmail::Send {
        letters::payment_failed(draft, attempt, reason);
    }
    Ok(())
}

fn enter_grace(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::PastDue { case } = draft.after.state.clone() else { return Ok(()) };
    let until = grace_until(draft, &case);
    draft.take(Edge::AttemptsOver, State::Grace { case, until })?;
    draft.after.notices.grace = is_its_own_warning(draft, until);
    draft.notify(Notice::GraceStarted);
    Ok(())
}

/// When a grace that begins now ends: as the policy has it, with a warning's time where we are
/// late, and for who canceled not after the period.
fn grace_until(draft: &Draft<'_>, case: &Case) -> DateTime<Utc> {
    let nominal = draft.policy.access_ends_at(case.failed_at);
    let last_rung = draft.policy.rungs.len().checked_sub(1);
    let punctual = last_rung
        .and_then(|rung| draft.policy.rung_at(rung, case.failed_at, draft.after.zone()))
        .unwrap_or(case.failed_at);
    let until = nominal.max(draft.now + warning_within(nominal - punctual));
    if draft.collection_stopped() { until.min(draft.after.period.end) } else { until }
}

/// A grace no longer than its own warning needs no second one. Who canceled was told of its end.
fn is_its_own_warning(draft: &Draft<'_>, until: DateTime<Utc>) -> bool {
    draft.collection_stopped()
        || until - draft.now <= draft.policy.notices.grace_ending_before.delta()
}

/// Who cancels is not charged again, where the policy says so: attempts are over, and access is
/// kept as long as it would have been, at most to the end of the period.
pub(super) fn stop_for_cancellation(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if !draft.collection_stopped() {
        return Ok(());
    }
    match draft.after.state.clone() {
        State::PastDue { case } => {
            let until = grace_until(draft, &case);
            draft.take(Edge::AttemptsOver, State::Grace { case, until })?;
        }
        State::Grace { case, until } => {
            let until = until.min(draft.after.period.end);
            draft.after.state = State::Grace { case, until };
        }
        _ => return Ok(()),
    }
    draft.after.notices.grace = true;
    Ok(())
}

/// The state after a cancellation was taken back: attempts that it had stopped go on.
pub(super) fn resumed(draft: &mut Draft<'_>) -> State {
    match draft.after.state.clone() {
        State::Grace { case, .. } if draft.policy.on_cancel == OnCancel::Stop => {
            if case.next_rung < draft.policy.rungs.len() {
                draft.after.notices.grace = false;
                return State::PastDue { case };
            }
            let until = grace_until(draft, &case);
            draft.after.notices.grace = is_its_own_warning(draft, until);
            State::Grace { case, until }
        }
        state => state,
    }
}

/// How long access lasts after a warning that should have come `planned` before its end. Half of
/// that leaves a punctual end where it is, seconds of work notwithstanding.
fn warning_within(planned: TimeDelta) -> TimeDelta {
    (planned / 2).clamp(TimeDelta::zero(), WARNING_MIN)
}

/// Says that access ends soon; where we are late with it, access ends later.
pub(super) fn warn_of_end(draft: &mut Draft<'_>) {
    let State::Grace { case, until } = draft.after.state.clone() else { return };
    let earliest = draft.now + warning_within(draft.policy.notices.grace_ending_before.delta());
    if earliest > until {
        draft.remark(format!(
            "the end of access is moved from {until} to {earliest}: the warning is late"
        ));
        draft.after.state = State::Grace { case, until: earliest };
    }
    draft.after.notices.grace = true;
    draft.notify(Notice::GraceEnding);
}

/// Access ends.
pub(super) fn end_grace(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::Grace { case, until } = draft.after.state.clone() else { return Ok(()) };
    let canceled = draft.after.cancel_requested_at.is_some();
    match draft.policy.end.clone() {
        // Its end was told of when it was asked for.
        _ if draft.collection_stopped() => {
            draft.close_case(CaseOutcome::Canceled);
            billing::give_up_all(draft);
            return draft.take(Edge::Canceled, State::Canceled(Ended { at: until }));
        }
        EndAction::Suspend if !canceled => {
            draft.take(Edge::Suspended, State::Unpaid { case })?;
        }
        EndAction::Downgrade(plan) if !canceled => {
            // Such a policy is refused when a subscription is made. Should the price be gone all
            // the same, access ends as it would without the lesser plan.
            let Some(items) = draft.downgrade else {
                draft.remark(format!("the policy's plan `{plan}` has no price here: it ends"));
                expire(draft, until)?;
                draft.notify(Notice::Expired);
                return Ok(());
            };
            draft.close_case(CaseOutcome::Downgraded);
            billing::give_up_all(draft);
            draft.after.items = items.to_vec();
            draft.after.plan = items.first().map_or(draft.after.plan, |item| item.plan);
            draft.push(Effect::ItemsReplaced);
            draft.take(Edge::Downgraded, State::Active)?;
        }
        // Who wants it to end with its period wants it neither suspended nor on a lesser plan.
        EndAction::Cancel | EndAction::Suspend | EndAction::Downgrade(_) => expire(draft, until)?,
    }
    draft.notify(Notice::Expired);
    Ok(())
}

fn expire(draft: &mut Draft<'_>, at: DateTime<Utc>) -> Result<(), Refused> {
    draft.close_case(CaseOutcome::Expired);
    billing::give_up_all(draft);
    draft.take(Edge::GraceExpired, State::Expired(Ended { at }))
}

/// A dunning case about the oldest invoice that is owed, else about this instant.
pub(super) fn case(draft: &Draft<'_>, failed_at: DateTime<Utc>, code: Option<&str>) -> Case {
    // A case is over before its oldest invoice is open no more, so that one names it.
    let about = draft.after.oldest_owed().map(|invoice| invoice.id.to_string());
    let about = about.unwrap_or_else(|| format!("{}@{failed_at}", draft.after.id));
    Case {
        id: DunningCaseId::derived(&about),
        failed_at,
        next_rung: 0,
        postponed_to: None,
        attempts: 0,
        last_code: code.map(str::to_owned),
    }
}
