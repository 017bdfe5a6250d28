//! Which rung is due, and when an attempt can be made at it.

use chrono::{DateTime, Utc};

use crate::lifecycle::draft::Draft;
use crate::lifecycle::method::{Method, Unusable};
use crate::lifecycle::subscription::Case;

/// The last rung whose time has come at `moment` (at least the next one).
pub(super) fn latest_due(draft: &Draft<'_>, case: &Case, moment: DateTime<Utc>) -> usize {
    let due = |rung: &usize| planned_at(draft, case, *rung).is_some_and(|at| at <= moment);
    let rungs = case.next_rung..draft.policy.rungs.len();
    rungs.take_while(due).last().unwrap_or(case.next_rung)
}

/// When the attempt of a rung can be made from `moment` on: at its time if a method can be charged
/// then, else as soon as one can, if that is before the next rung (rule D3).
pub(super) fn attempt_at(
    draft: &Draft<'_>,
    case: &Case,
    rung: usize,
    moment: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let from = planned_at(draft, case, rung)?.max(moment);
    let next = planned_at(draft, case, rung + 1);
    let limit = next.unwrap_or_else(|| draft.policy.access_ends_at(case.failed_at));
    let soonest = draft.after.methods.iter().filter_map(|method| free_at(method, from)).min()?;
    (soonest == from || soonest < limit).then_some(soonest)
}

/// When the next attempt is made by itself, if one is.
pub(super) fn next_attempt_at(draft: &Draft<'_>, case: &Case) -> Option<DateTime<Utc>> {
    // A rung that waits is looked at again when its wait is over.
    let moment = case.postponed_to.map_or(draft.now, |until| until.max(draft.now));
    let rungs = latest_due(draft, case, moment)..draft.policy.rungs.len();
    let next = rungs.into_iter().find_map(|rung| attempt_at(draft, case, rung, moment));
    // Who canceled is not charged once the period is over.
    next.filter(|at| draft.after.cancel_requested_at.is_none() || *at < draft.after.period.end)
}

fn planned_at(draft: &Draft<'_>, case: &Case, rung: usize) -> Option<DateTime<Utc>> {
    draft.policy.rung_at(rung, case.failed_at, draft.after.zone())
}

/// The first instant from `from` on at which the rules allow a charge.
fn free_at(method: &Method, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut at = from;
    // Advice and budget can each be in the way, one after the other.
    for _ in 0..4 {
        match method.usable(at) {
            Ok(()) => return Some(at),
            Err(Unusable::NotBefore(until) | Unusable::BudgetSpent(until)) => at = until,
            Err(Unusable::Blocked(_)) => return None,
        }
    }
    None
}
