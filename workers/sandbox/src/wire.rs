//! Stripe's wire format: form parameters in, JSON objects, pages and errors out.

pub(crate) mod error;
pub(crate) mod expand;
pub(crate) mod form;
pub(crate) mod page;
pub(crate) mod params;
pub(crate) mod reply;
