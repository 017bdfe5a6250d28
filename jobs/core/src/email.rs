//! Email: which texts are addresses, what a mail server's reply means, and when an email is tried
//! again.

mod address;
mod reply;
mod retry;

pub use address::{Address, InvalidAddress};
pub use reply::{Reply, Step, Verdict, classify};
pub use retry::{BRAKE_AFTER, GIVE_UP_AFTER, RETRY_FIRST, probe_after, retry_after};
