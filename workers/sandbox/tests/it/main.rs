//! The provider and the inbox, over real sockets.

#[expect(unreachable_pub, reason = "a test binary has no public interface")]
mod client;
mod clock;
mod control;
mod decoding;
mod expanding;
mod faults;
mod idempotency;
mod mail;
mod payments;
mod scripts;
