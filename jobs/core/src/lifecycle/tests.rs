//! Stories, properties over random histories, and a model to compare with.

mod books;
mod cancellation;
mod carried;
mod declines;
mod dunning;
mod elsewhere;
mod final_usage;
mod generator;
mod histories;
mod ladder_properties;
mod model;
mod next_charge;
mod promises;
mod renewals;
mod revenue;
mod scheduled;
mod standstill;
mod table;
mod world;
