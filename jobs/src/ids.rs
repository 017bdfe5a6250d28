//! New ids: the one place that makes them.

use uuid::Uuid;

/// A new UUIDv7, to be wrapped by the id type it is for.
#[must_use]
pub fn new() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes new ids")]
    Uuid::now_v7()
}
