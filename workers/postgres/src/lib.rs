//! A real PostgreSQL server, found on this machine and kept running.
//!
//! [`Discovery`] looks for the server's programs, [`Server`] runs them for one data directory:
//! it creates the cluster, starts it, waits until it is ready, restarts it when it dies and stops
//! it when dropped. The server listens on a Unix socket in a directory of its own, never on a port.
//!
//! This crate must never download anything unless [`install`] is called, never upgrade or delete
//! a data directory it was given, and never outlive the process that started it.
//! Callers pass in what they know from the environment: only [`Discovery::from_environment`] and
//! the folder for temporary files read it.
//!
//! ```no_run
//! use perennial_postgres::{Discovery, Durability, Options, Server};
//!
//! # fn main() -> Result<(), perennial_postgres::Error> {
//! let mine = Server::start(&Options::new(Discovery::from_environment(), "/var/lib/perennial/pg"))?;
//! println!("{}: {}", mine.describe(), mine.url("postgres"));
//! // For one test run, gone afterwards.
//! let scratch = Server::ephemeral(Discovery::from_environment(), Durability::ForTests, 300)?;
//! # Ok(())
//! # }
//! ```

mod cluster;
mod discovery;
mod ephemeral;
mod error;
mod identity;
pub mod install;
mod pidfile;
mod process;
mod running;
mod server;
mod supervisor;

pub use cluster::Durability;
pub use discovery::{Discovery, Installation, MAJOR_MIN, Places, default_cache};
pub use error::Error;
pub use running::Running;
pub use server::{Options, Server, default_home};
