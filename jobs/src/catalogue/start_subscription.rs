//! Begins a subscription that was scheduled: its trial, or its first period and charge.
//!
//! **Runs** at the instant it is to begin at.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// A scheduled subscription begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StartSubscription(pub Due);

impl Job for StartSubscription {
    const NAME: &'static str = "start_subscription";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::StartSubscription).await
    }
}
