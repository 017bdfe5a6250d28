//! Stories, properties over random histories, and a model to compare with.

mod books;
mod cancellation;
mod dunning;
mod histories;
mod ladder_properties;
mod model;
mod renewals;
mod table;
mod world;
