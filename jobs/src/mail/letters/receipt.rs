//! Says that an invoice was paid. Sent for each payment; never for a zero total (M5).

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Period, Resend};

/// An invoice was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The invoice's number, as printed.
    pub invoice_number: String,
    /// The plan's name.
    pub plan: String,
    /// What was paid for.
    pub period: Option<Period>,
    /// What the invoice lists; credits are negative.
    pub lines: Vec<ReceiptLine>,
    /// What was charged.
    pub total: Money,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// With what; none when credit paid for it all.
    pub method: Option<Method>,
    /// When the next payment is due, if there is to be one.
    pub renews_at: Option<DateTime<Utc>>,
}

/// One line of the invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// What for.
    pub description: String,
    /// How much.
    pub amount: Money,
}

impl Notice for Receipt {
    /// A customer may need it for the tax office: rather twice than not at all.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;
}
