//! A payment provider with Stripe's wire format over real HTTP, and a mail inbox, for development
//! and tests. Neither ever leaves this machine.

// The widest objects of the wire format are single `json!` literals.
#![recursion_limit = "256"]

mod account;
mod clock;
mod control;
mod currency;
mod faults;
mod front;
mod http;
mod idempotency;
mod inbox;
mod methods;
mod resources;
mod routes;
mod sandbox;
mod wire;
mod world;

pub use account::ledger::{Entry, Ledger};
pub use account::requests::Logged;
pub use faults::{Action, Fault, Scripted};
pub use inbox::{Inbox, InboxOptions, Mail, MailAction, MailFault, Stage};
pub use sandbox::{DEFAULT_KEY, Sandbox, SandboxKey, SandboxOptions, StartError};
