//! What recurring revenue is, how it moves, and the rates that follow from it.
//!
//! Everything stays an exact fraction; rounding is for looking at. Amounts of two
//! currencies never meet: a customer has a standing in each.

pub mod churn_risk;
mod cohort;
mod lifetime;
mod movement;
mod mrr;
mod rates;

pub use cohort::{Cohort, NotACohort};
pub use lifetime::{ChurnCount, Lifetime};
pub use movement::{Cause, Change, History, Kind, Movement, Standing};
pub use mrr::{Mrr, NotAnMrr};
pub use rates::{Flow, arpu, customer_lifetime_value, ratio};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
