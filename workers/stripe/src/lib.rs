//! The payment port over Stripe's wire.
//!
//! [`StripeProvider`] implements [`perennial_jobs::payments::PaymentProvider`] with async-stripe's
//! typed requests over a transport of our own: one pool of kept-alive connections, one deadline per
//! operation, one deterministic key per request, and every answer's headers kept for the record.
//!
//! What is absent, on purpose:
//! - nothing here waits and tries again: a provider answers once (`NotSent` and `Unknown` are
//!   answers) and the ladder of the caller decides. The one exception is a second dial when a
//!   connection could not be made, before any byte of the request was written;
//! - no request that changes something goes out without its key (`Retry` and `ExponentialBackoff`
//!   of async-stripe make up random keys or none, and are refused);
//! - no secret, no body and no personal data reaches a log line, a `Debug` text or an error.
//!
//! This is the only crate that knows Stripe's types. The sandbox is the same provider with
//! another address in [`StripeConfig::api_base`].

mod answer;
mod body;
mod config;
mod inquiry;
mod intent;
mod label;
mod operation;
mod provider;
mod refusal;
mod request;
mod throttle;
mod transport;

pub use config::{ConfigError, LiveKeys, StripeConfig};
pub use provider::StripeProvider;
pub use throttle::{Endpoint, Throttle, Throttled, Unlimited};
