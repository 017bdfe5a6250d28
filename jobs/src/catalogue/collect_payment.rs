//! Makes one planned attempt to collect an invoice.
//!
//! **Runs** as soon as an attempt is planned.
//! **Safe to repeat:** there is one intent per invoice and one key per attempt; an intent that has
//! succeeded cannot be confirmed again, and an attempt that is settled is left alone.

use perennial_core::ids::PaymentId;
use serde::{Deserialize, Serialize};

use crate::collect;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// An attempt waits to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectPayment {
    /// The attempt.
    pub payment: PaymentId,
}

impl Job for CollectPayment {
    const NAME: &'static str = "collect_payment";

    fn key(&self) -> String {
        self.payment.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        collect::collect(cx, self.payment, Self::NAME).await
    }
}
