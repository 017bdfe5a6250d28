//! Suspends a parked subscription: nobody has access for ever because nobody looked.
//!
//! **Runs** two weeks after it was parked; later where a period is paid for longer.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// Nobody has looked in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SuspendParked(pub Due);

impl Job for SuspendParked {
    const NAME: &'static str = "suspend_parked";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::SuspendParked).await
    }
}
