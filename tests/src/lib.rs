//! What the stories are told with: a world of real parts for each test.

mod cluster;
mod world;

pub use world::{Customer, Faults, World};
