//! A payment provider with Stripe's wire format over real HTTP, and a mail inbox, for development
//! and tests. Neither ever leaves this machine: both listen on loopback only.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), perennial_sandbox::StartError> {
//! use perennial_sandbox::{Action, Fault, Sandbox, SandboxOptions};
//!
//! let sandbox = Sandbox::start(SandboxOptions::default()).await?;
//! // Give `sandbox.base_url()` to a client, and any key that begins with `sk_test_`.
//! let confirm = Fault::new(Action::DropAfter).on("POST", "/v1/payment_intents/*/confirm");
//! sandbox.add_fault(confirm.nth(2));
//! assert_eq!(sandbox.ledger().entries.len(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! Customers, payment methods, setup intents, payment intents and charges are served. Each API key
//! has its own world: objects, clock, faults, ledger. What differs from the real provider is listed
//! in `PARITY.md`.
//!
//! # Payment methods
//!
//! The provider's published test methods work by name (`pm_card_visa`) and by number. Names that
//! begin with `pm_sbx_` describe themselves:
//!
//! `pm_sbx_<brand>__<step>[__<step>…][__exp<YYYYMM>]`
//!
//! | step | a charge attempt |
//! |---|---|
//! | `ok<n>` | succeeds, `n` times (once without a number; the last step repeats for ever) |
//! | `insufficient_funds<n>` or another decline code | is declined; `@03` adds the network's advice code (`~03` where `@` is awkward) |
//! | `processing<days>d_ok`, `processing<days>d_fail` | settles after so many days of virtual time |
//! | `action` | waits for its owner, even off session |
//! | `lostreply<n>`, `timeout<n>`, `html<n>`, `truncated<n>` | succeeds, and the answer is: a closed connection, silence, a proxy's 502 page, half a body |
//!
//! `pm_sbx_visa__ok3__insufficient_funds2__ok__exp202702` pays three times, is declined twice, then
//! pays until the end of February 2027. Each attached copy counts its own attempts.
//!
//! # Control plane
//!
//! Under `/_sandbox`, for one account with `?key=sk_test_…`: `POST|GET|DELETE faults` (a [`Fault`]
//! as JSON), `GET|POST clock` (`{"set": …}`, `{"advance_seconds": …}`, `{"run": true}`),
//! `GET ledger`, `GET requests`, `POST authenticate/<id>` (`?outcome=fail`), `POST reset`.

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
pub use methods::list::{
    EXAMPLE, GRAMMAR, STEPS, TestMethod, TestMethodExample, brands, decline_codes, methods,
};
pub use sandbox::{DEFAULT_KEY, Sandbox, SandboxKey, SandboxOptions, StartError};
