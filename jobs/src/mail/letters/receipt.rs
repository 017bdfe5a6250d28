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

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, jpy, kwd, usd};
        let renewal = Self {
            invoice_number: "INV-000042".to_owned(),
            plan: "Professional".to_owned(),
            period: Some(Period {
                start: at("2026-03-01T05:00:00Z"),
                end: at("2026-04-01T04:00:00Z"),
            }),
            lines: vec![
                ReceiptLine {
                    description: "Professional, 3 seats".to_owned(),
                    amount: usd(147_00),
                },
                ReceiptLine {
                    description: "Credit from your balance".to_owned(),
                    amount: usd(-20_00),
                },
            ],
            total: usd(127_00),
            paid_at: at("2026-03-01T05:00:09Z"),
            method: Some(Method::card("visa", "4242")),
            renews_at: Some(at("2026-04-01T04:00:00Z")),
        };
        let yen = Self {
            lines: vec![ReceiptLine { description: "Professional".to_owned(), amount: jpy(7_350) }],
            total: jpy(7_350),
            period: None,
            method: None,
            renews_at: None,
            ..renewal.clone()
        };
        let dinar = Self {
            lines: vec![ReceiptLine {
                description: "Professional".to_owned(),
                amount: kwd(15_250),
            }],
            total: kwd(15_250),
            method: Some(Method { kind: "us_bank_account".to_owned(), network: None, last4: None }),
            ..renewal.clone()
        };
        vec![("renewal", renewal), ("yen", yen), ("dinar", dinar)]
    }
}
