//! A parked subscription: nothing is billed or charged by itself until an operator has looked, or
//! what stood in the way is gone. Access does not outlast that for ever.

use super::Refused;
use super::collection;
use super::draft::Draft;
use super::effect::{CaseOutcome, Notice};
use super::ladder;
use super::service;
use super::status::Edge;
use super::subscription::State;

/// An operator has looked: it goes on where it stands.
pub(super) fn release(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.parked.is_none() {
        return Ok(());
    }
    draft.unpark();
    service::bill_too_far_behind(draft)?;
    match draft.after.state {
        State::Active => collection::collect_or_fail(draft),
        State::Unpaid { .. } if draft.after.owed_minor() == 0 => {
            draft.close_case(CaseOutcome::Recovered);
            service::leave_suspension(draft)
        }
        State::Incomplete { .. } | State::Unpaid { .. } => {
            collection::collect(draft);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An attempt has an outcome again, so what stood in the way of attempts is gone. A subscription
/// too far behind stays parked: that takes somebody who looks.
pub(super) fn release_if_answered(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.parked.is_some() && !service::is_too_far_behind(draft)? {
        draft.unpark();
    }
    Ok(())
}

/// Nobody has looked in time: access ends, as it would for want of payment. Whoever pays what is
/// owed, or an operator, has it go on.
pub(super) fn suspend(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let Some(since) = draft.after.parked.as_ref().map(|parked| parked.since) else {
        return Ok(());
    };
    let known = draft.after.state.case().cloned();
    let mut case = known.unwrap_or_else(|| ladder::case(draft, since, None));
    case.next_rung = draft.policy.rungs.len();
    case.postponed_to = None;
    draft.take(Edge::Suspended, State::Unpaid { case })?;
    draft.notify(Notice::Expired);
    Ok(())
}
