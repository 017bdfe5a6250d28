//! What happens to a subscription: the jobs, the ports they use, and the store.
//!
//! This crate knows no Stripe, no SMTP library, no HTTP server and no command line: it knows ports.

pub mod mail;
pub mod payments;
