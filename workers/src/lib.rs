//! The subscription lifecycle worker: what runs the jobs, and the command line.
//!
//! This crate holds no rule: if an `if` here mentions money or status, it is in the wrong room.

pub mod cli;
pub mod database;
pub mod files;
pub mod http;
pub mod logs;
pub mod prober;
pub mod report;
pub mod runner;
pub mod scheduler;
pub mod settings;
pub mod simulation;
pub mod smtp;
pub mod throttle;

pub use cli::main;
