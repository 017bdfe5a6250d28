//! Takes in what other services told us of a customer, in order.
//!
//! **Runs** as soon as an event is emitted.
//! **Safe to repeat:** an event is marked processed in the transaction that does what it says.

use perennial_core::ids::CustomerId;
use serde::{Deserialize, Serialize};

use crate::collect;
use crate::context::Cx;
use crate::inbox::{self, Progress};
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
        let mut looked = None;
        loop {
            match inbox::process_next(cx, self.customer, looked).await? {
                Progress::Idle => return Ok(()),
                Progress::Processed => {}
                Progress::LookFirst { seq, at } => {
                    collect::look_before_event(cx, at, Self::NAME).await;
                    looked = Some(seq);
                }
            }
        }
    }
}
