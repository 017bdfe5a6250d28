//! What happens to a subscription: the jobs, the ports they use, and the store.
//!
//! This crate knows no Stripe, no SMTP library, no HTTP server and no command line: it knows ports.

pub mod catalogue;
mod circuit;
pub mod clock;
mod coalesce;
mod collect;
mod context;
pub mod crash;
pub mod diary;
mod digest;
pub mod explain;
pub mod health;
pub mod ids;
mod inbox;
pub mod insight;
pub mod invariants;
pub mod job;
mod lifecycle;
pub mod mail;
mod orders;
mod outbox;
pub mod payments;
pub mod reconcile;
pub mod snapshot;
pub mod store;
pub mod subjects;
pub mod sweep;
mod till;
mod usage;
mod waiting;

pub use context::{CHARGES_PER_CUSTOMER_HOUR, Cx};
