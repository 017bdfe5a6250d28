//! Orders: what is bought once. From the wish to the receipt, or to the letter that says why not.
//!
//! An order has one invoice and is collected by the same protocol as a subscription's; only what
//! an outcome means is different. It is tried with each usable method once: there is no ladder,
//! and nothing is owed for an order that failed.

mod decision;
mod found;
mod place;
mod settle;
mod top_up;

pub(crate) use found::found;
pub(crate) use place::{Kind, PlaceError, Wish, place};
pub(crate) use settle::settle;
pub(crate) use top_up::top_up;
