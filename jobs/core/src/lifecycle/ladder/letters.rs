//! What a customer is told of an attempt that failed.

use super::forecast;
use crate::lifecycle::draft::Draft;
use crate::lifecycle::effect::{Notice, Reason};
use crate::lifecycle::subscription::State;

/// Whether money was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The issuer refused.
    Made,
    /// There was nothing to charge.
    NotMade,
}

impl Attempt {
    /// A decline has a code; an attempt that was not made has none.
    pub(super) fn of(code: Option<&str>) -> Self {
        match code {
            Some(_) => Self::Made,
            None => Self::NotMade,
        }
    }
}

/// Says that a payment failed: attempt n of m, n being the attempts made by themselves (the
/// original one and those at rungs) and m those and the rungs to come. An attempt that the
/// customer asked for in between leaves n as it is; what could not be made has number 0.
pub(super) fn payment_failed(draft: &mut Draft<'_>, attempt: Attempt, reason: Reason) {
    let Some(case) = draft.after.state.case() else { return };
    let made = usize::try_from(case.attempts).unwrap_or(0) + 1;
    let (to_come, next_attempt_at) = match &draft.after.state {
        State::PastDue { case } => {
            let to_come = draft.policy.rungs.len().saturating_sub(case.next_rung);
            (to_come, forecast::next_attempt_at(draft, case))
        }
        _ => (0, None),
    };
    let number = match attempt {
        Attempt::Made => made,
        Attempt::NotMade => 0,
    };
    draft.notify(Notice::PaymentFailed {
        attempt: number,
        of: made + to_come,
        next_attempt_at,
        reason,
    });
}
