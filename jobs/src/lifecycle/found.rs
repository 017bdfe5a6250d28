//! Captured money that was found at the provider: the event it is, and what the store notes of it.

use perennial_core::ids::{InvoiceId, PaymentId};
use perennial_core::lifecycle::Event;

use crate::payments::CallTrace;

/// What the provider holds for an invoice.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) invoice: InvoiceId,
    pub(crate) amount_minor: i64,
    pub(crate) charge: Option<String>,
    pub(crate) trace: CallTrace,
}

impl Found {
    /// Its payment: there is one of each invoice.
    pub(crate) fn payment(&self) -> PaymentId {
        PaymentId::derived(&format!("{}/found", self.invoice))
    }

    pub(crate) fn event(&self) -> Event {
        let (payment, invoice) = (self.payment(), self.invoice);
        Event::PaymentFound { payment, invoice, amount_minor: self.amount_minor }
    }
}
