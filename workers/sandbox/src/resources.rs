//! The provider's resources, one file each: what they hold, how they look on the wire, and what
//! their endpoints do.

pub(crate) mod charges;
pub(crate) mod contact;
pub(crate) mod customers;
pub(crate) mod payment_intents;
pub(crate) mod payment_methods;
pub(crate) mod setup_intents;
