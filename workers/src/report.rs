//! The business's figures, to be read: a summary for a terminal and a page for a browser.
//!
//! Pure: figures in, text out. What is drawn comes from [`Report`]; nothing here asks a database.
//! Coordinates are whole numbers, computed from exact figures, so that what is drawn adds up.

mod amounts;
mod churn;
mod cohorts;
mod figures;
mod funnel;
mod page;
mod plans;
mod plot;
mod revenue;
#[cfg(test)]
mod samples;
mod sparkline;
mod summary;

pub use amounts::{Unit, decimal, written};
pub use figures::{Book, Cohort, Figure, Month, Movement, Point, Recovery, Report};
pub use page::page;
pub use sparkline::sparkline;
pub use summary::{Paint, summary};
