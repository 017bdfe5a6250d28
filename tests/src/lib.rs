//! What the stories are told with: a world of real parts for each test.

mod cluster;
mod dump;
mod proxy;
mod world;

pub use proxy::{Loss, Proxy};
pub use world::{Customer, Faults, World};
