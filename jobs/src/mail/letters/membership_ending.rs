//! Says that a membership comes to its end, some days before.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::Resend;

/// A membership ends soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipEnding {
    /// The membership's name: `Gold`.
    pub membership: String,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// What happens then.
    pub then: MembershipEnd,
}

/// What happens at the end of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipEnd {
    /// It begins anew.
    Renews,
    /// It is over, and what it gave access to is closed.
    Ends,
}

impl Notice for MembershipEnding {
    /// A reminder: what it is about is on the billing page as well.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;

    fn good_until(&self) -> Option<DateTime<Utc>> {
        Some(self.ends_at)
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::at;
        let ends = Self {
            membership: "Gold".to_owned(),
            ends_at: at("2026-03-15T04:00:00Z"),
            then: MembershipEnd::Ends,
        };
        let renews = Self { then: MembershipEnd::Renews, ..ends.clone() };
        vec![("ends", ends), ("renews", renews)]
    }
}
