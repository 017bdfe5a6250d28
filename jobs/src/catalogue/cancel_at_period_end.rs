//! Ends a subscription that was to end with its period.
//!
//! **Runs** at the end of the period (or trial), unless the cancellation was undone before.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// The last period is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CancelAtPeriodEnd(pub Due);

impl Job for CancelAtPeriodEnd {
    const NAME: &'static str = "cancel_at_period_end";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::CancelAtPeriodEnd).await
    }
}
