//! A real PostgreSQL server, found on this machine and kept running.
//!
//! [`Discovery`] looks for the server's programs, [`Server`] runs them for one data directory:
//! it creates the cluster, starts it, waits until it is ready, restarts it when it dies and stops
//! it when dropped. The server listens on a Unix socket in a directory of its own, never on a port.
//!
//! This crate must never download anything unless [`install`] is called, never upgrade or delete
//! a data directory it was given, and never outlive the process that started it.
//! It does not read the environment, apart from the folder for temporary files: callers pass what
//! they know in.

mod cluster;
mod discovery;
mod ephemeral;
mod error;
mod identity;
pub mod install;
mod pidfile;
mod server;
mod supervisor;

pub use cluster::Durability;
pub use discovery::{Discovery, Installation, MAJOR_MIN, Places};
pub use error::Error;
pub use server::{Options, Server, default_home};
