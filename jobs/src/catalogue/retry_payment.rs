//! Tries a declined payment again.
//!
//! **Runs** when the dunning ladder says so, once per rung; passed rungs are dropped.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// A rung of the ladder has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RetryPayment(pub Due);

impl Job for RetryPayment {
    const NAME: &'static str = "retry_payment";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::RetryPayment).await
    }
}
