//! What recurring revenue is, how it moves, and the rates that follow from it.
//!
//! Everything stays an exact fraction; rounding is for looking at. Amounts of two
//! currencies never meet: a customer has a standing in each.

mod cohort;
mod movement;
mod mrr;
mod rates;

pub use cohort::{Cohort, NotACohort};
pub use movement::{Cause, Change, History, Kind, Movement, Standing};
pub use mrr::{Mrr, NotAnMrr};
pub use rates::{Flow, arpu, customer_lifetime_value, ratio};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
