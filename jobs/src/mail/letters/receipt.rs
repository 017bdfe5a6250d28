//! Says what was paid: one receipt for all invoices of a run (T6), never for a zero total (M5).

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Method, Period, Resend};

/// Invoices were paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The plan's name, or that of what was bought once: `1,000 tokens`.
    pub plan: String,
    /// What was paid, in the order of their periods; almost always one.
    pub invoices: Vec<PaidInvoice>,
    /// What was charged for all of them.
    pub total: Money,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// With what; none when credit paid for it all.
    pub method: Option<Method>,
    /// When the next payment is due, if there is to be one.
    pub renews_at: Option<DateTime<Utc>>,
}

/// One invoice that was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidInvoice {
    /// Its number, as printed.
    pub number: String,
    /// The time it is for.
    pub period: Option<Period>,
    /// What it lists; credits are negative.
    pub lines: Vec<ReceiptLine>,
    /// What was charged for it.
    pub total: Money,
}

/// One line of an invoice.
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
        let line =
            |description: &str, amount| ReceiptLine { description: description.to_owned(), amount };
        let invoice = |number: &str, lines, total| PaidInvoice {
            number: number.to_owned(),
            period: None,
            lines,
            total,
        };
        let march = Period { start: at("2026-03-01T05:00:00Z"), end: at("2026-04-01T04:00:00Z") };
        let seats = line("Professional, 3 seats", usd(14_700));
        let credited = vec![seats.clone(), line("Credit from your balance", usd(-20_00))];
        let first = invoice("INV-000041", vec![seats], usd(14_700));
        let second =
            PaidInvoice { period: Some(march), ..invoice("INV-000042", credited, usd(12_700)) };
        let renewal = Self {
            plan: "Professional".to_owned(),
            invoices: vec![second.clone()],
            total: usd(12_700),
            paid_at: at("2026-03-01T05:00:09Z"),
            method: Some(Method::card("visa", "4242")),
            renews_at: Some(at("2026-04-01T04:00:00Z")),
        };
        let caught_up =
            Self { invoices: vec![first, second], total: usd(27_400), ..renewal.clone() };
        let yen = Self {
            invoices: vec![invoice("A-7", vec![line("Professional", jpy(7_350))], jpy(7_350))],
            total: jpy(7_350),
            method: None,
            renews_at: None,
            ..renewal.clone()
        };
        let dinar = Self {
            invoices: vec![invoice("A-8", vec![line("Professional", kwd(15_250))], kwd(15_250))],
            total: kwd(15_250),
            method: Some(Method { kind: "us_bank_account".to_owned(), network: None, last4: None }),
            ..renewal.clone()
        };
        let bought = Self {
            plan: "1,000 tokens".to_owned(),
            invoices: vec![invoice(
                "INV-000044",
                vec![line("1,000 tokens", usd(25_00))],
                usd(25_00),
            )],
            total: usd(25_00),
            renews_at: None,
            ..renewal.clone()
        };
        vec![
            ("renewal", renewal),
            ("caught_up", caught_up),
            ("yen", yen),
            ("dinar", dinar),
            ("bought", bought),
        ]
    }
}
