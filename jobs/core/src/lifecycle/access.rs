//! What a customer may use.

use chrono::{DateTime, Utc};

use super::status::words;
use super::subscription::{State, Subscription};
use crate::dunning::DunningPolicy;

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

/// What a subscription gives access to at `now`.
#[must_use]
pub fn access(subscription: &Subscription, policy: &DunningPolicy, now: DateTime<Utc>) -> Access {
    match &subscription.state {
        State::Trialing { .. } | State::Active => Access::Full,
        State::PastDue { case } | State::Grace { case, .. } => match policy.restrict_after {
            Some(after) if case.failed_at + after.delta() <= now => Access::Restricted,
            _ => Access::Full,
        },
        State::Incomplete { .. }
        | State::Paused(_)
        | State::Unpaid { .. }
        | State::Canceled(_)
        | State::Expired(_) => Access::None,
    }
}
