//! Payment methods and how they behave: the provider's published test cards, and ones that describe
//! themselves in their name.

pub(crate) mod behaviour;
pub(crate) mod cards;
pub(crate) mod declines;
pub(crate) mod list;
pub(crate) mod script;
