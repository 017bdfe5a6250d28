//! What is charged next if nothing else happens: the state machine, run ahead.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Action, Context, Effect, Event, State, Subscription, agenda, decide};
use crate::dunning::DunningPolicy;

/// Notices come between charges; no agenda has more of them in a row.
const STEPS_MAX: usize = 16;

/// A charge to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextCharge {
    /// When it is made.
    pub at: DateTime<Utc>,
    /// How much, in minor units: zero where the balance pays, or where it is too small to charge.
    pub amount_minor: i64,
    /// Whether there is a method to charge it to. Without one dunning begins.
    pub chargeable: bool,
}

/// The next charge of a subscription; `None` where none comes by itself.
///
/// Usage that is recorded until then is not in it.
#[must_use]
pub fn next_charge(
    subscription: &Subscription,
    policy: &DunningPolicy,
    now: DateTime<Utc>,
) -> Option<NextCharge> {
    let mut ahead = subscription.clone();
    for _ in 0..STEPS_MAX {
        let (action, at) = agenda(&ahead, policy)?;
        // What is late is done now.
        let at = at.max(now);
        let context = Context { policy, now: at, downgrade: None };
        let decision = decide(&ahead, &Event::Due { action, at }, context).ok()?;
        if let Some(charge) = charge(&decision.effects, at) {
            return Some(charge);
        }
        let billed = decision.effects.iter().any(|effect| matches!(effect, Effect::Issued(_)));
        if billed {
            let amount_minor = decision.after.owed_minor();
            return Some(NextCharge { at, amount_minor, chargeable: amount_minor == 0 });
        }
        let stuck = decision.after == ahead && matches!(action, Action::RetryPayment);
        if stuck || matches!(decision.after.state, State::Paused(_) | State::Unpaid { .. }) {
            return None;
        }
        ahead = decision.after;
    }
    None
}

/// The charges that a decision makes, as one amount.
fn charge(effects: &[Effect], at: DateTime<Utc>) -> Option<NextCharge> {
    let amounts = effects.iter().filter_map(|effect| match effect {
        Effect::Charge { amount_minor, .. } => Some(*amount_minor),
        _ => None,
    });
    amounts.reduce(i64::saturating_add).map(|amount_minor| NextCharge {
        at,
        amount_minor,
        chargeable: true,
    })
}
