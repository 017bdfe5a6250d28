//! Compares our books with the provider's: captured money that our books lack is booked, and a
//! database that was rewound is noticed.
//!
//! **Runs** on a schedule, daily by default.
//! **Safe to repeat:** it reads, and what it finds is booked once.

use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Door, Failure, Job};
use crate::reconcile;

/// It is time to compare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReconcilePayments {}

impl Job for ReconcilePayments {
    const NAME: &'static str = "reconcile_payments";
    const DOOR: Door = Door::Schedulable;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        reconcile::reconcile(cx).await
    }
}
