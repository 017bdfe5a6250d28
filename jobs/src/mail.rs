//! Letters to customers: what they say, how they look, and the port that carries them.
//!
//! A [`Letter`] is the facts of one notice, stored in the outbox by the decision that caused it.
//! It knows nobody's name or address: those are read when it is written out ([`compose`]), so a
//! queue row never holds personal data and a corrected address is used at once. Carrying it is
//! the business of a [`Mailer`]; this module knows no SMTP library.
//!
//! To add a letter: one file in `letters/` with its facts, its texts in `templates/` (`.subject`,
//! `.txt`, `.mjml` and an empty `.html`), and its lines in `letters.rs`. Then
//! `cargo run -p perennial-jobs --example compile_letters` fills the HTML, and
//! `INSTA_UPDATE=always cargo test -p perennial-jobs` writes the snapshots to look at.

mod compose;
mod facts;
mod formats;
mod letters;
#[cfg(test)]
mod mjml;
mod names;
mod port;
mod render;
#[cfg(test)]
mod tests;
mod wrap;

pub use compose::{Occasion, compose, message_id};
pub use facts::{AccessEnd, Method, Period, Reason, Resend, Restriction, Stream};
pub use letters::*;
pub use names::{Recipient, Sender, clean_display_name, clean_line};
pub use port::{Delivery, Mailbox, Mailer, OutgoingMail, Thread};
pub use render::{RenderError, Rendered, render};
