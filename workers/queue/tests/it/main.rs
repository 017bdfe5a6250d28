//! The queue on a real PostgreSQL.
//!
//! Each test has a database of its own, cloned from one with the queue's migrations. Nothing here
//! sleeps: tests wait for conditions.

mod citizen;
mod deaths;
mod ends;
mod keys;
mod operate;
mod outage;
mod plans;
mod runs;
mod ticks;
mod world;
