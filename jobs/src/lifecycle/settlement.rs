//! The outcome of an attempt to collect: the event it is, and what the store notes of it.

use chrono::{DateTime, Utc};
use perennial_core::decline;
use perennial_core::ids::{InvoiceId, PaymentId, PaymentMethodId};
use perennial_core::lifecycle::Event;
use perennial_core::network::Network;

use crate::payments::{CallTrace, Decline};
use crate::store::payments::SettledPayment;

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(crate) enum Settled {
    /// Captured, in minor units.
    Succeeded { amount_minor: i64 },
    /// Refused by the issuer.
    Declined { decline: Decline },
    /// Refused by the provider as such.
    Rejected { reason: String },
}

/// An attempt that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    pub(crate) payment: PaymentId,
    pub(crate) invoice: InvoiceId,
    pub(crate) method: PaymentMethodId,
    pub(crate) network: Network,
    /// When the attempt was sent (business time).
    pub(crate) at: DateTime<Utc>,
    pub(crate) settled: Settled,
    pub(crate) charge: Option<String>,
    pub(crate) trace: CallTrace,
}

impl Settlement {
    pub(crate) fn event(&self) -> Event {
        let Self { payment, invoice, method, at, .. } = *self;
        match &self.settled {
            Settled::Succeeded { amount_minor } => {
                Event::PaymentSucceeded { payment, invoice, amount_minor: *amount_minor }
            }
            Settled::Declined { decline } => {
                let verdict = self.verdict(decline);
                Event::PaymentDeclined {
                    payment,
                    invoice,
                    method,
                    verdict,
                    code: decline.code.clone(),
                    at,
                }
            }
            Settled::Rejected { reason } => {
                Event::PaymentRejected { payment, invoice, reason: reason.clone() }
            }
        }
    }

    /// What the refusal means; the network that answered counts, else the one on file.
    pub(crate) fn verdict(&self, decline: &Decline) -> decline::Verdict {
        decline::Decline {
            code: decline.code.clone(),
            network: decline.network.as_deref().map_or(self.network, Network::parse),
            network_advice_code: decline.network_advice_code.clone(),
            advice_code: decline.advice_code.clone(),
        }
        .classify()
    }

    pub(crate) fn status(&self) -> &'static str {
        match self.settled {
            Settled::Succeeded { .. } => "succeeded",
            Settled::Declined { .. } => "declined",
            Settled::Rejected { .. } => "rejected",
        }
    }

    pub(crate) fn decline(&self) -> Option<&Decline> {
        match &self.settled {
            Settled::Declined { decline } => Some(decline),
            _ => None,
        }
    }

    /// What the attempt's row says from now on.
    pub(crate) fn row(&self, at: DateTime<Utc>, decision: i64) -> SettledPayment {
        let decline = self.decline();
        let rejected = match &self.settled {
            Settled::Rejected { reason } => Some(reason.clone()),
            _ => None,
        };
        SettledPayment {
            id: self.payment.0,
            status: self.status().to_owned(),
            at,
            decline_code: decline.map(|decline| decline.code.clone()),
            network_decline_code: decline.and_then(|decline| decline.network_decline_code.clone()),
            network_advice_code: decline.and_then(|decline| decline.network_advice_code.clone()),
            advice_code: decline.and_then(|decline| decline.advice_code.clone()),
            charge_reference: self.charge.clone(),
            request_id: self.trace.request_id.clone(),
            http_status: self.trace.http_status.map(i32::from),
            replayed: self.trace.replayed,
            last_error: rejected,
            decision,
        }
    }
}
