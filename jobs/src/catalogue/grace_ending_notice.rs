//! Tells a customer that their access ends very soon.
//!
//! **Runs** a day before grace ends, once per dunning case.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// Grace ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GraceEndingNotice(pub Due);

impl Job for GraceEndingNotice {
    const NAME: &'static str = "grace_ending_notice";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::GraceEndingNotice).await
    }
}
