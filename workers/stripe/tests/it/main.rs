//! The provider against wires that break and against the sandbox.

mod contract;
mod faults;
mod lost;
mod mapping;
mod objects;
mod pooling;
mod replies;
mod sandbox;
mod secrets;
mod throttling;
mod wire;
