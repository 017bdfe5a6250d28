//! The sandbox's own clock: follows the machine until somebody sets it.

use chrono::{DateTime, TimeDelta, Utc};

/// What time it is in one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The machine's time, shifted.
    Running { ahead: TimeDelta },
    /// Stands still until it is set or advanced.
    Set(DateTime<Utc>),
}

impl Clock {
    pub(crate) fn now(self) -> DateTime<Utc> {
        match self {
            Self::Running { ahead } => machine_now() + ahead,
            Self::Set(now) => now,
        }
    }

    /// The same clock, later (or earlier) by `step`.
    pub(crate) fn advanced(self, step: TimeDelta) -> Self {
        match self {
            Self::Running { ahead } => Self::Running { ahead: ahead + step },
            Self::Set(now) => Self::Set(now + step),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::Running { ahead: TimeDelta::zero() }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider is a stand-in for the outside world, which has a clock of its own"
)]
fn machine_now() -> DateTime<Utc> {
    Utc::now()
}
