//! Ends access, as the policy says: the end, a suspension, or a lesser plan.
//!
//! **Runs** when grace ends and no payment's outcome is awaited.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// Grace is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExpireGrace(pub Due);

impl Job for ExpireGrace {
    const NAME: &'static str = "expire_grace";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::ExpireGrace).await
    }
}
