//! What the stories are told with: a world of real parts for each test.

mod backup;
mod cluster;
mod dump;
pub mod naive;
mod pair;
mod pooler;
mod provider;
mod proxy;
mod scripted;
mod small_world;
mod tls;
mod world;

pub use backup::Backup;
pub use pair::Pair;
pub use pooler::{PoolMode, Pooler};
pub use proxy::{Loss, Proxy};
pub use small_world::{SmallWorld, Turns};
pub use tls::{Authority, TlsFront};
pub use world::{Customer, Faults, World};
