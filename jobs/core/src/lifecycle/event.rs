//! What can happen to a subscription. Every event names what it is about, so that hearing it
//! twice is harmless.

use chrono::{DateTime, Utc};

use super::agenda::Action;
use crate::decline::Verdict;
use crate::ids::{InvoiceId, PaymentId, PaymentMethodId};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The time has come for what the agenda says. Anything else than the agenda's own next
    /// entry is late or repeated, and does nothing.
    Due {
        /// What is due.
        action: Action,
        /// Since when.
        at: DateTime<Utc>,
    },
    /// The provider captured the money of an attempt.
    PaymentSucceeded {
        /// The attempt.
        payment: PaymentId,
        /// The invoice it was for.
        invoice: InvoiceId,
        /// What was captured, in minor units of the subscription's currency.
        amount_minor: i64,
    },
    /// The issuer refused an attempt.
    PaymentDeclined {
        /// The attempt.
        payment: PaymentId,
        /// The invoice it was for.
        invoice: InvoiceId,
        /// The method that was charged.
        method: PaymentMethodId,
        /// What the refusal means.
        verdict: Verdict,
        /// The provider's code, for the record.
        code: String,
        /// When the attempt was sent (business time): rungs and the network's delays count from it.
        at: DateTime<Utc>,
    },
    /// The provider refused the request as such, or cancelled the intent: our own mistake.
    PaymentRejected {
        /// The attempt.
        payment: PaymentId,
        /// The invoice it was for.
        invoice: InvoiceId,
        /// What the provider said.
        reason: String,
    },
    /// All inquiries are through, and nobody knows what became of an attempt: somebody has to look.
    PaymentUnresolved {
        /// The attempt.
        payment: PaymentId,
        /// The invoice it was for.
        invoice: InvoiceId,
    },
    /// The provider holds captured money for an invoice that none of our attempts waits for.
    PaymentFound {
        /// The payment, its id derived from the invoice.
        payment: PaymentId,
        /// The invoice it is for.
        invoice: InvoiceId,
        /// What was captured, in minor units of the subscription's currency.
        amount_minor: i64,
    },
    /// A payment method was attached to the customer (and is part of what is decided upon).
    PaymentMethodAttached {
        /// The new method.
        method: PaymentMethodId,
    },
    /// Somebody wants an invoice collected now.
    PayRequested {
        /// The invoice.
        invoice: InvoiceId,
    },
    /// An operator has looked at a parked subscription: it goes on.
    ReleaseRequested,
    /// Somebody wants the subscription to end.
    CancelRequested {
        /// When, and what of time paid for.
        when: CancelWhen,
    },
    /// Somebody wants it to go on after all.
    CancelUndone,
    /// Usage was priced that no renewal will bill: the subscription has ended.
    UsageLeft,
}

/// When a cancellation takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelWhen {
    /// With the period: access is kept until then.
    AtPeriodEnd,
    /// At once.
    Now(UnusedTime),
}

/// What becomes of time that was paid for and is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnusedTime {
    /// Nothing.
    Forfeited,
    /// Its price is credited: to the open invoice first, else to the balance.
    Credited,
}
