//! Asks the provider what became of an attempt whose outcome is not known, or takes its time.
//!
//! **Runs** 1 minute, 5 minutes, 1 hour and 6 hours after the reply was lost, then daily for five
//! days; then an operator has to look. A payment in process is asked for daily.
//! **Safe to repeat:** asking moves no money; the attempt is made again only where the provider
//! says that it never was, and with the same key.

use perennial_core::ids::PaymentId;
use serde::{Deserialize, Serialize};

use crate::collect;
use crate::context::Cx;
use crate::job::{Failure, Job};

/// An outcome is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveUnknown {
    /// The attempt.
    pub payment: PaymentId,
}

impl Job for ResolveUnknown {
    const NAME: &'static str = "resolve_unknown";

    fn key(&self) -> String {
        self.payment.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        collect::inquire(cx, self.payment, Self::NAME).await
    }
}
