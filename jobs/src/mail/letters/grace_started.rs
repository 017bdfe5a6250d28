//! Says that all attempts failed, and until when access is kept.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{AccessEnd, Method, Resend};

/// Attempts are over; access is kept for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraceStarted {
    /// The plan's name.
    pub plan: String,
    /// The invoice's number, as printed.
    pub invoice_number: String,
    /// What is owed.
    pub amount_due: Money,
    /// The method that was tried, if any.
    pub method: Option<Method>,
    /// Until when access is kept.
    pub grace_ends_at: DateTime<Utc>,
    /// What happens then.
    pub then: AccessEnd,
}

impl Notice for GraceStarted {
    /// A second letter follows before grace ends.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::No;
}
