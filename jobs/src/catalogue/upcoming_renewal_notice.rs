//! Tells a customer of a renewal that is near.
//!
//! **Runs** some days before the renewal of a long interval, once per period.
//! **Safe to repeat:** the agenda is read again under lock; an entry that is done is no longer on it.

use perennial_core::lifecycle::Action;
use serde::{Deserialize, Serialize};

use super::Due;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// A renewal is near.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UpcomingRenewalNotice(pub Due);

impl Job for UpcomingRenewalNotice {
    const NAME: &'static str = "upcoming_renewal_notice";

    fn key(&self) -> String {
        self.0.key()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        self.0.act(cx, Action::UpcomingRenewalNotice).await
    }
}
