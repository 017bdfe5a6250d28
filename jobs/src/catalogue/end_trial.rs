//! Turns a trial into a paid subscription; without a payment method it pauses or ends.
//!
//! **Runs** at the end of the trial.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// A trial is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndTrial(pub Due);

impl Job for EndTrial {
    const NAME: &'static str = "end_trial";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::EndTrial).await
    }
}
