//! What decisions mean to an operator: one log line each, written once they are committed.
//!
//! Ids, amounts and words of ours; never a name, an address or a text of somebody else's.

use perennial_core::currency::Currency;
use perennial_core::ids::{InvoiceId, PaymentId, SubscriptionId};
use perennial_core::lifecycle::{Edge, Effect, Status, Subscription};
use perennial_core::money::Money;

/// Lines that wait for their transaction.
#[derive(Debug, Default)]
#[must_use = "what happened is logged once it is committed"]
pub(crate) struct Journal(Vec<Line>);

#[derive(Debug)]
enum Line {
    Moved {
        subscription: SubscriptionId,
        edge: Edge,
        to: Status,
    },
    Retry {
        subscription: SubscriptionId,
        payment: PaymentId,
        invoice: InvoiceId,
        attempt: i32,
        amount: Money,
    },
    Found {
        subscription: SubscriptionId,
        payment: PaymentId,
        invoice: InvoiceId,
        amount: Money,
    },
    Parked {
        subscription: SubscriptionId,
        reason: String,
    },
    Released {
        subscription: SubscriptionId,
    },
}

impl Journal {
    /// Takes up a decision.
    pub(super) fn note(&mut self, before: &Subscription, after: &Subscription, effects: &[Effect]) {
        let lines = effects.iter().filter_map(|effect| line(after.id, after.currency, effect));
        self.0.extend(lines);
        match (&before.parked, &after.parked) {
            (None, Some(parked)) => {
                let reason = parked.reason.clone();
                self.0.push(Line::Parked { subscription: after.id, reason });
            }
            (Some(_), None) => self.0.push(Line::Released { subscription: after.id }),
            _ => {}
        }
    }

    /// Takes up those of another decision.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Logs what is committed by now.
    pub(crate) fn log(self) {
        self.0.into_iter().for_each(log);
    }
}

/// Of a step of the ladder or of a status that changed. (What an attempt came to is logged by
/// whoever made it.)
fn line(subscription: SubscriptionId, currency: Currency, effect: &Effect) -> Option<Line> {
    match *effect {
        Effect::Moved { from, edge, to, .. } if from != Some(to) => {
            Some(Line::Moved { subscription, edge, to })
        }
        Effect::Charge { payment, invoice, attempt, amount_minor, .. } if attempt > 1 => {
            let amount = Money::new(amount_minor, currency);
            Some(Line::Retry { subscription, payment, invoice, attempt, amount })
        }
        Effect::Found { payment, invoice, amount_minor, .. } => {
            let amount = Money::new(amount_minor, currency);
            Some(Line::Found { subscription, payment, invoice, amount })
        }
        _ => None,
    }
}

fn log(line: Line) {
    match line {
        Line::Moved { subscription, edge, to } => tracing::info!(
            subscription.id = %subscription,
            edge = edge.as_str(),
            status = to.as_str(),
            "{subscription} is {} now: {}",
            to.as_str(),
            edge.as_str()
        ),
        Line::Retry { subscription, payment, invoice, attempt, amount } => tracing::info!(
            subscription.id = %subscription,
            payment.id = %payment,
            invoice.id = %invoice,
            attempt,
            amount_minor = amount.minor,
            currency = amount.currency.code(),
            "{payment} tries {amount} again, attempt {attempt} of {invoice}, for {subscription}"
        ),
        Line::Found { subscription, payment, invoice, amount } => tracing::info!(
            subscription.id = %subscription,
            payment.id = %payment,
            invoice.id = %invoice,
            amount_minor = amount.minor,
            currency = amount.currency.code(),
            "{payment}: {amount} was paid at the provider for {invoice}, for {subscription}"
        ),
        Line::Parked { subscription, reason } => tracing::error!(
            subscription.id = %subscription,
            "{subscription} is parked, nothing happens to it by itself any more: {reason}"
        ),
        Line::Released { subscription } => tracing::info!(
            subscription.id = %subscription,
            "{subscription} is parked no longer"
        ),
    }
}
