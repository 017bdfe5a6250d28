//! Tells a customer that their trial ends soon.
//!
//! **Runs** some days before the end of a trial, once.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// A trial ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialEndingNotice(pub Due);

impl Job for TrialEndingNotice {
    const NAME: &'static str = "trial_ending_notice";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::TrialEndingNotice).await
    }
}
