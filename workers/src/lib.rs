//! Under construction.

pub mod smtp;
