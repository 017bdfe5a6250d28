//! The payload that all jobs of a subscription's agenda share.

use chrono::{DateTime, Utc};
use perennial_core::ids::SubscriptionId;
use perennial_core::lifecycle::{Action, Event};
use serde::{Deserialize, Serialize};

use crate::collect;
use crate::context::Cx;
use crate::job::Failure;
use crate::lifecycle::{self, Cause, Request};

/// An entry of a subscription's agenda whose time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Whose agenda.
    pub subscription: SubscriptionId,
    /// The instant it stood for: names the occasion.
    pub at: DateTime<Utc>,
}

impl Due {
    /// Names the occasion, as the sweep in SQL does too.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}", self.subscription.0, self.at.timestamp_micros())
    }

    /// Acts, if the agenda still says so.
    pub(crate) async fn act(self, cx: &Cx, action: Action) -> Result<(), Failure> {
        crate::crash_point!("C1");
        if asks_for_money_or_gives_up(action) {
            collect::look_at_subscription(cx, self.subscription, action.as_str()).await?;
        }
        let cause = Cause::Event(Event::Due { action, at: self.at });
        lifecycle::apply(
            cx,
            Request { subscription: self.subscription, cause, by: action.as_str() },
        )
        .await
    }
}

/// Before these, the provider is asked whether the customer has paid there (rule C11).
fn asks_for_money_or_gives_up(action: Action) -> bool {
    match action {
        Action::RetryPayment
        | Action::GraceEndingNotice
        | Action::ExpireGrace
        | Action::ExpireIncomplete
        | Action::SuspendParked
        | Action::CancelAtPeriodEnd => true,
        Action::StartSubscription
        | Action::EndTrial
        | Action::Renew
        | Action::TrialEndingNotice
        | Action::PreDunningNotice
        | Action::UpcomingRenewalNotice => false,
    }
}
