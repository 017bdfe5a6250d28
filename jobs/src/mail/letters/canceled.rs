//! Confirms a cancellation that was asked for.

use chrono::{DateTime, Utc};
use perennial_core::money::Money;
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::mail::{Resend, Restriction};

/// The subscription was canceled on request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canceled {
    /// The plan's name.
    pub plan: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// What it does to access.
    pub effect: CancelEffect,
}

/// What a cancellation does to access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CancelEffect {
    /// Access is kept for a while; until then it can be undone.
    AtPeriodEnd {
        /// The end: of the period, or an earlier one where something is overdue.
        ends_at: DateTime<Utc>,
        /// Whether it is full access until then.
        #[serde(default)]
        restriction: Restriction,
        /// What is still open, and what becomes of it.
        #[serde(default)]
        overdue: Option<Overdue>,
    },
    /// Access is over.
    Now {
        /// Since when.
        ended_at: DateTime<Utc>,
        /// What was credited for unused time, if that was asked for.
        credit: Option<Money>,
        /// How much of that paid what was still open.
        #[serde(default)]
        credit_used: Option<Money>,
        /// What was still open and is not collected any more.
        #[serde(default)]
        given_up: Option<Money>,
    },
}

/// What is still to be paid when a customer cancels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdue {
    /// The numbers of the invoices, as printed.
    pub invoice_numbers: Vec<String>,
    /// What is owed.
    pub amount_due: Money,
    /// What we do about it.
    pub charging: Charging,
    /// Until when access is kept if it is paid, where that is longer.
    pub kept_if_paid: Option<DateTime<Utc>>,
}

/// Whether what is overdue is still charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Charging {
    /// Only if the customer asks for it.
    OnRequest,
    /// It is tried again.
    Retry {
        /// When.
        at: DateTime<Utc>,
    },
    /// All attempts are over.
    Over,
}

impl Notice for Canceled {
    /// A customer has a right to this confirmation.
    const RESEND_AFTER_UNCERTAIN: Resend = Resend::Yes;

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::mail::tests::{at, usd};
        let canceled = |effect| Self {
            plan: "Professional".to_owned(),
            requested_at: at("2026-03-10T15:30:00Z"),
            effect,
        };
        let (ends_at, early) = (at("2026-04-01T04:00:00Z"), at("2026-03-15T04:00:00Z"));
        let overdue = |charging, kept_if_paid| Overdue {
            invoice_numbers: vec!["INV-000043".to_owned()],
            amount_due: usd(49_00),
            charging,
            kept_if_paid,
        };
        let scheduled = |ends_at, restriction, overdue| {
            canceled(CancelEffect::AtPeriodEnd { ends_at, restriction, overdue })
        };
        let stopped = overdue(Charging::OnRequest, Some(ends_at));
        let goes_on = overdue(Charging::Retry { at: at("2026-03-12T13:00:00Z") }, Some(ends_at));
        let over = overdue(Charging::Over, None);
        let from = Restriction::From { at: at("2026-03-12T04:00:00Z") };
        let ended_at = at("2026-03-10T15:30:00Z");
        let now = |credit, credit_used, given_up| {
            canceled(CancelEffect::Now { ended_at, credit, credit_used, given_up })
        };
        vec![
            ("at_period_end", scheduled(ends_at, Restriction::None, None)),
            ("overdue_not_charged_again", scheduled(early, Restriction::None, Some(stopped))),
            ("overdue_charged_again", scheduled(early, from, Some(goes_on))),
            ("overdue_to_the_end", scheduled(ends_at, Restriction::Already, Some(over))),
            ("now", now(None, None, None)),
            ("now_with_credit", now(Some(usd(33_19)), None, None)),
            ("now_with_debt", now(Some(usd(33_19)), Some(usd(33_19)), Some(usd(15_81)))),
        ]
    }
}
