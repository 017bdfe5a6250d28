//! Tells a customer that their card expires before the next renewal.
//!
//! **Runs** some days before the renewal, once per period.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// A card will not be good for the next renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PreDunningNotice(pub Due);

impl Job for PreDunningNotice {
    const NAME: &'static str = "pre_dunning_notice";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::PreDunningNotice).await
    }
}
