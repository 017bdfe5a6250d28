//! What a limit allows: when its count begins anew, what goes over into the next
//! period, and what usage beyond it costs.
//!
//! Counting itself happens where the usage is recorded; nothing here knows a
//! counter, only its final figure.

mod closing;
mod overage;
mod reset;

pub use closing::Closing;
pub use overage::{OverageError, Tier, TierFault, overage};
pub use reset::{Reset, UnknownReset, next_reset, period_of};

#[cfg(test)]
mod properties;
