//! Bills what was used beyond limits until a subscription ended.
//!
//! **Runs** when usage of an ended subscription was priced: at its end, and once more where some
//! came late, as soon as no more can come.
//! **Safe to repeat:** each item is billed once, by an invoice that is named by it.

use perennial_core::ids::SubscriptionId;
use perennial_core::lifecycle::Event;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Failure, Job};
use crate::lifecycle::{self, Cause, Request};

/// Usage waits for a final invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillFinalUsage {
    /// The subscription that has ended.
    pub subscription: SubscriptionId,
}

impl Job for BillFinalUsage {
    const NAME: &'static str = "bill_final_usage";

    fn key(&self) -> String {
        self.subscription.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        crate::crash_point!("C1");
        let cause = Cause::Event(Event::UsageLeft);
        let (subscription, by) = (self.subscription, Self::NAME);
        lifecycle::apply(cx, Request { subscription, cause, by }).await
    }
}
