//! Takes in what other services told us of a customer, in order.
//!
//! **Runs** as soon as an event is emitted.
//! **Safe to repeat:** an event is marked processed in the transaction that does what it says.

use perennial_core::ids::CustomerId;
use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::inbox;
use crate::job::{Failure, Job};

/// Events of a customer wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessEvents {
    /// Whose.
    pub customer: CustomerId,
}

impl Job for ProcessEvents {
    const NAME: &'static str = "process_events";

    fn key(&self) -> String {
        self.customer.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        crate::crash_point!("inbox");
        while inbox::process_next(cx, self.customer).await? == inbox::Progress::Processed {}
        Ok(())
    }
}
