//! What a customer may use.

use chrono::{DateTime, Utc};

use super::status::words;
use super::subscription::{State, Subscription};
use crate::dunning::{DunningPolicy, EndAction};

words! {
    /// How much of the service a subscription gives.
    Access {
        /// All of it.
        Full = "full",
        /// Less: payment is overdue and the policy restricts (what that means is the application's).
        Restricted = "restricted",
        /// Nothing.
        None = "none",
    }
}

/// What a subscription gives access to at `now`, whether or not a worker has come by since.
#[must_use]
pub fn access(subscription: &Subscription, policy: &DunningPolicy, now: DateTime<Utc>) -> Access {
    if has_ended(subscription, policy, now) {
        return Access::None;
    }
    match &subscription.state {
        State::Trialing { .. } | State::Active => Access::Full,
        State::PastDue { case } | State::Grace { case, .. } => match policy.restrict_after {
            Some(after) if case.failed_at + after.delta() <= now => Access::Restricted,
            _ => Access::Full,
        },
        State::Scheduled { .. }
        | State::Incomplete { .. }
        | State::Paused(_)
        | State::Unpaid { .. }
        | State::Canceled(_)
        | State::Expired(_) => Access::None,
    }
}

/// Whether the end has come that the state still waits for.
fn has_ended(subscription: &Subscription, policy: &DunningPolicy, now: DateTime<Utc>) -> bool {
    if subscription.cancel_requested_at.is_some() && subscription.period.end <= now {
        return true;
    }
    match &subscription.state {
        // Nobody loses access without a warning, nor while a payment may be coming.
        State::Grace { until, .. } => {
            *until <= now
                && subscription.notices.grace
                && !subscription.has_payment_in_flight()
                && (!matches!(policy.end, EndAction::Downgrade(_))
                    || subscription.cancel_requested_at.is_some())
        }
        _ => false,
    }
}
