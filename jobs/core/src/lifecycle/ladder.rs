//! The dunning ladder: rungs, grace, and the end.

use chrono::{DateTime, TimeDelta, Utc};

use super::billing;
use super::collection::{self, why_unusable};
use super::draft::Draft;
use super::effect::{CaseOutcome, Effect, InvoiceClose, Notice, Reason};
use super::status::Edge;
use super::subscription::{Case, Ended, State, Unusable};
use super::Refused;
use crate::dunning::{EndAction, RungEmail};
use crate::ids::DunningCaseId;

/// Grace lasts at least this long from when it is entered, however late that is: our own downtime
/// ends nobody's access without a warning.
const GRACE_MIN: TimeDelta = TimeDelta::hours(24);

/// A payment failed at `failed_at` (or none could be made): the ladder begins.
pub(super) fn begin(
    draft: &mut Draft<'_>,
    failed_at: DateTime<Utc>,
    code: Option<&str>,
    reason: Reason,
) -> Result<(), Refused> {
    let id = DunningCaseId::derived(&format!("{}@{}", draft.after.id, failed_at.timestamp_micros()));
    let case = Case {
        id,
        failed_at,
        next_rung: 0,
        postponed_to: None,
        attempts: 0,
        last_code: code.map(str::to_owned),
    };
    draft.after.notices.grace = false;
    draft.take(Edge::PaymentFailed, State::PastDue { case })?;
    tell(draft, reason, RungEmail::Send);
    enter_grace_if_over(draft)
}

/// A rung comes: passed ones are dropped, and this one is tried (rule D1).
pub(super) fn climb(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let Some(case) = draft.after.state.case().cloned() else { return Ok(()) };
    let rung = latest_due(draft, &case);
    for dropped in case.next_rung..rung {
        draft.remark(format!("rung {dropped} passed while nobody was at work: dropped"));
    }
    if let Some(until) = postponement(draft, &case, rung) {
        draft.remark(format!("rung {rung} waits until {until}: {}", why_unusable(&draft.after.methods, draft.now)));
        if let Some(case) = draft.case_mut() {
            case.next_rung = rung;
            case.postponed_to = Some(until);
        }
        return Ok(());
    }
    if let Some(case) = draft.case_mut() {
        case.next_rung = rung + 1;
        case.postponed_to = None;
    }
    if collection::collect(draft) {
        if let Some(case) = draft.case_mut() {
            case.attempts += 1;
        }
        return draft.stay(Edge::RungPassed);
    }
    let why = why_unusable(&draft.after.methods, draft.now);
    draft.remark(format!("no attempt at rung {rung}: {why}"));
    draft.stay(Edge::RungPassed)?;
    let reason = if draft.after.methods.is_empty() { Reason::NoMethod } else { Reason::MethodUnusable };
    attempt_failed(draft, None, reason)
}

/// The last rung whose time has come (at least the next one).
fn latest_due(draft: &Draft<'_>, case: &Case) -> usize {
    let due = |rung: &usize| {
        let at = draft.policy.rung_at(*rung, case.failed_at, draft.after.zone());
        at.is_some_and(|at| at <= draft.now)
    };
    (case.next_rung..draft.policy.rungs.len()).take_while(due).last().unwrap_or(case.next_rung)
}

/// When a method can be charged again, if that is before the next rung: the rung waits for it.
fn postponement(draft: &Draft<'_>, case: &Case, rung: usize) -> Option<DateTime<Utc>> {
    let mut soonest = None;
    for method in &draft.after.methods {
        match method.usable(draft.now) {
            Ok(()) => return None,
            Err(Unusable::NotBefore(until) | Unusable::BudgetSpent(until)) => {
                soonest = Some(soonest.map_or(until, |other: DateTime<Utc>| other.min(until)));
            }
            Err(Unusable::Blocked(_)) => {}
        }
    }
    let next = draft.policy.rung_at(rung + 1, case.failed_at, draft.after.zone());
    let limit = next.unwrap_or_else(|| draft.policy.access_ends_at(case.failed_at));
    soonest.filter(|until| *until < limit)
}

/// An attempt failed, or could not be made, while something is owed already.
pub(super) fn attempt_failed(draft: &mut Draft<'_>, code: Option<&str>, reason: Reason) -> Result<(), Refused> {
    if let (Some(case), Some(code)) = (draft.case_mut(), code) {
        case.last_code = Some(code.to_owned());
    }
    let State::PastDue { case } = &draft.after.state else { return Ok(()) };
    let email = match case.next_rung.checked_sub(1).and_then(|rung| draft.policy.rungs.get(rung)) {
        Some(rung) => rung.email,
        None => RungEmail::Send,
    };
    if draft.policy.rungs.len() > case.next_rung {
        tell(draft, reason, email);
    }
    enter_grace_if_over(draft)
}

fn tell(draft: &mut Draft<'_>, reason: Reason, email: RungEmail) {
    let Some(case) = draft.after.state.case() else { return };
    if email == RungEmail::Quiet {
        return;
    }
    let next = draft.policy.rung_at(case.next_rung, case.failed_at, draft.after.zone());
    let charged_again = draft.after.methods.iter().any(|method| method.blocked.is_none());
    let of = draft.policy.rungs.len() + 1;
    draft.notify(Notice::PaymentFailed {
        attempt: (case.next_rung + 1).min(of),
        of,
        next_attempt_at: next.filter(|_| charged_again),
        reason,
    });
}

fn enter_grace_if_over(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::PastDue { case } = &draft.after.state else { return Ok(()) };
    if case.next_rung < draft.policy.rungs.len() {
        return Ok(());
    }
    let nominal = draft.policy.access_ends_at(case.failed_at);
    let until = nominal.max(draft.now + GRACE_MIN);
    let case = case.clone();
    draft.take(Edge::AttemptsOver, State::Grace { case, until })?;
    draft.notify(Notice::GraceStarted);
    // A grace no longer than its own warning needs no second one.
    draft.after.notices.grace = until - draft.now <= draft.policy.notices.grace_ending_before.delta();
    Ok(())
}

/// Access ends.
pub(super) fn end_grace(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let State::Grace { case, until } = draft.after.state.clone() else { return Ok(()) };
    match draft.policy.end.clone() {
        EndAction::Cancel => {
            draft.close_case(CaseOutcome::Expired);
            billing::close_all(draft, InvoiceClose::Uncollectible);
            draft.take(Edge::GraceExpired, State::Expired(Ended { at: until }))?;
        }
        EndAction::Suspend => draft.take(Edge::Suspended, State::Unpaid { case })?,
        EndAction::Downgrade(plan) => {
            let Some(items) = draft.downgrade else { return Err(Refused::NoDowngradePlan { plan }) };
            draft.close_case(CaseOutcome::Downgraded);
            billing::close_all(draft, InvoiceClose::Uncollectible);
            draft.after.items = items.to_vec();
            draft.after.plan = items.first().map_or(draft.after.plan, |item| item.plan);
            draft.push(Effect::ItemsReplaced);
            draft.take(Edge::Downgraded, State::Active)?;
        }
    }
    draft.notify(Notice::Expired);
    Ok(())
}
