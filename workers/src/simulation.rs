//! A world in fast motion: real parts (PostgreSQL, a provider over HTTP, an SMTP server, worker
//! processes), customers that behave as a scenario says, and business time that is moved from one
//! due instant to the next.

mod books;
mod cast;
mod drive;
mod scenario;
mod stack;

pub use books::{Books, Tally};
pub use cast::{Actor, cast};
pub use drive::{Drive, DriveError, Progress};
pub use scenario::{Action, Deed, Disturbance, Group, InvalidScenario, Scenario};
pub use stack::{Stack, StackError};
