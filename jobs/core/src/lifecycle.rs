//! The lifecycle of a subscription: one pure function from what is and what happened to what is
//! then, and what has to be done about it.
//!
//! [`decide`] is the only author of state, and total: a legal event gives the new state and its
//! effects; a late or repeated one gives the same state and none; an impossible one is [`Refused`].
//! Every edge between statuses is in [`status::TRANSITIONS`], and nowhere else.

mod access;
mod agenda;
mod billing;
mod cancellation;
mod collection;
mod draft;
mod effect;
mod event;
mod ladder;
mod method;
mod next_charge;
mod notices;
mod outlook;
pub mod preview;
mod service;
mod standstill;
pub mod status;
mod subscription;

pub use access::{Access, access};
pub use agenda::{Action, agenda};
pub use effect::{
    Account, BalanceChange, BalanceKind, CaseOutcome, Effect, Entry, InvoiceClose, InvoiceKind,
    IssuedInvoice, Line, LineKind, Notice, Occasion, PeriodKind, Posting, Reason,
};
pub use event::{CancelWhen, Event, UnusedTime};
pub use method::{Method, Unusable};
pub use next_charge::{NextCharge, next_charge};
pub use outlook::{ComingCharge, NewMethod, NextBill, Outlook, Then, outlook};
pub use service::{Start, start};
pub use status::{Edge, Status};
pub use subscription::{
    Case, Ended, Invoice, Item, NoticesSent, PARKED_MAX, Parked, ParkedFor, PauseReason,
    PendingItem, State, Subscription,
};

use chrono::{DateTime, Utc};

use crate::calendar::CalendarError;
use crate::dunning::DunningPolicy;
use crate::money::MoneyError;
use collection::Declined;
use draft::Draft;

/// What a decision depends on beside the subscription and the event.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The policy version of the open dunning case, else the subscription's own.
    pub policy: &'a DunningPolicy,
    /// Business time.
    pub now: DateTime<Utc>,
    /// What the policy's `downgrade` leads to, where the policy says so.
    pub downgrade: Option<&'a [Item]>,
}

/// What was decided: the subscription as it is from now on, and what has to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The new state.
    pub after: Subscription,
    /// What has to be saved and done, in this order. Empty: nothing happened.
    pub effects: Vec<Effect>,
}

/// Why an event cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No edge leads there.
    #[error("a subscription that is {from} cannot take the edge {edge} to {to}")]
    IllegalEdge {
        /// Where it stands.
        from: Status,
        /// What was tried.
        edge: Edge,
        /// Where that would have led.
        to: Status,
    },
    /// The event names something this subscription does not have.
    #[error("{what} is not known to this subscription")]
    Foreign {
        /// The invoice, payment or method.
        what: String,
    },
    /// It is too late for this.
    #[error("{what} is no longer possible: {why}")]
    TooLate {
        /// What was asked for.
        what: &'static str,
        /// Why not any more.
        why: String,
    },
    /// The calendar has no such date.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// An amount does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Decides what an event does to a subscription.
///
/// # Errors
/// [`Refused`] where the event cannot be; nothing has changed then.
pub fn decide(
    before: &Subscription,
    event: &Event,
    context: Context<'_>,
) -> Result<Decision, Refused> {
    let mut draft = Draft::of(before, context);
    match event {
        Event::Due { action, at } => {
            if agenda(before, context.policy) == Some((*action, *at)) && *at <= context.now {
                act(&mut draft, *action)?;
            }
        }
        Event::PaymentSucceeded { payment, invoice, amount_minor } => {
            collection::succeeded(&mut draft, *payment, *invoice, *amount_minor)?;
        }
        Event::PaymentDeclined { payment, invoice, method, verdict, code, at } => {
            let (payment, invoice, method, at) = (*payment, *invoice, *method, *at);
            let declined = Declined { payment, invoice, method, verdict, code, at };
            collection::declined(&mut draft, &declined)?;
        }
        Event::PaymentRejected { payment, invoice, reason } => {
            collection::rejected(&mut draft, *payment, *invoice, reason);
        }
        Event::PaymentUnresolved { payment, invoice } => {
            collection::unresolved(&mut draft, *payment, *invoice);
        }
        Event::PaymentFound { payment, invoice, amount_minor } => {
            collection::found(&mut draft, *payment, *invoice, *amount_minor)?;
        }
        Event::PaymentMethodAttached { method } => service::method_attached(&mut draft, *method)?,
        Event::PayRequested { invoice } => collection::pay_requested(&mut draft, *invoice)?,
        Event::ReleaseRequested => standstill::release(&mut draft)?,
        Event::CancelRequested { when } => cancellation::requested(&mut draft, *when)?,
        Event::CancelUndone => cancellation::undone(&mut draft)?,
        Event::UsageLeft => cancellation::usage_left(&mut draft)?,
    }
    collection::tell_of_payments(&mut draft);
    Ok(draft.finish())
}

fn act(draft: &mut Draft<'_>, action: Action) -> Result<(), Refused> {
    match action {
        Action::StartSubscription => service::start_scheduled(draft),
        Action::SuspendParked => standstill::suspend(draft),
        Action::Renew => service::renew(draft),
        Action::RetryPayment => ladder::climb(draft),
        Action::ExpireGrace => ladder::end_grace(draft),
        Action::EndTrial => service::end_trial(draft),
        Action::CancelAtPeriodEnd => cancellation::at_period_end(draft),
        Action::ExpireIncomplete => service::abandon(draft),
        Action::UpcomingRenewalNotice => {
            notices::upcoming_renewal(draft);
            Ok(())
        }
        Action::PreDunningNotice => {
            notices::card_expiring(draft);
            Ok(())
        }
        Action::TrialEndingNotice => {
            notices::trial_ending(draft);
            Ok(())
        }
        Action::GraceEndingNotice => {
            ladder::warn_of_end(draft);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
