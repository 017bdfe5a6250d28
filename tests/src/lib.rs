//! What the stories are told with: a world of real parts for each test.

mod cluster;
mod dump;
pub mod naive;
mod pair;
mod proxy;
mod scripted;
mod small_world;
mod world;

pub use pair::Pair;
pub use proxy::{Loss, Proxy};
pub use small_world::{SmallWorld, Turns};
pub use world::{Customer, Faults, World};
