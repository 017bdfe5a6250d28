//! Gives up a subscription whose first payment never came.
//!
//! **Runs** when the time for the first payment is over.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// The first payment is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExpireIncomplete(pub Due);

impl Job for ExpireIncomplete {
    const NAME: &'static str = "expire_incomplete";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::ExpireIncomplete).await
    }
}
