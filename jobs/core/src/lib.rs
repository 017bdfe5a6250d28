//! The pure rules of a subscription's life: time, money, policy and the state machine.
//!
//! This crate knows no database, network, file, environment, thread, wall clock or random
//! number, and no floating point. It cannot fail for reasons outside its input.

pub mod analytics;
pub mod calendar;
pub mod currency;
pub mod decline;
pub mod dunning;
pub mod email;
pub mod ids;
pub mod invoice;
pub mod lifecycle;
pub mod locale;
pub mod money;
pub mod nearest;
pub mod network;
pub mod proration;
pub mod quota;
pub mod quote;
pub mod wallet;
