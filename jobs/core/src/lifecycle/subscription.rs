//! What a decision sees of a subscription.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::effect::{InvoiceKind, LineKind, Occasion};
use super::method::Method;
use super::status::{Status, words};
use crate::calendar::{Cycle, Period};
use crate::currency::Currency;
use crate::ids::{
    CustomerId, DunningCaseId, InvoiceId, PaymentId, PendingItemId, PlanId, PriceId, SubscriptionId,
};

/// A subscription with all that a decision about it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Who pays.
    pub customer: CustomerId,
    /// The plan of its first item.
    pub plan: PlanId,
    /// Where it stands.
    pub state: State,
    /// When its periods begin and end.
    pub cycle: Cycle,
    /// What all of its amounts are in.
    pub currency: Currency,
    /// What is billed each period.
    pub items: Vec<Item>,
    /// When it began, or begins.
    pub started_at: DateTime<Utc>,
    /// The period opened last.
    pub period: Period,
    /// It ends with its period: since when that is wanted.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Notices already given.
    pub notices: NoticesSent,
    /// Nothing is billed or charged by itself any more, and why.
    pub parked: Option<Parked>,
    /// Invoices that are open, or paid without the customer having been told.
    pub invoices: Vec<Invoice>,
    /// What can be charged, in the order to try.
    pub methods: Vec<Method>,
    /// What the next invoice bills beside the items.
    pub pending: Vec<PendingItem>,
    /// The customer's balance in minor units: credits above zero, debts too small to charge below.
    pub balance_minor: i64,
}

/// A parked subscription keeps its access this long, so that an operator has time to look.
pub const PARKED_MAX: TimeDelta = TimeDelta::days(14);

words! {
    /// The kind of cause that a subscription is parked for: what an operator releases by.
    ParkedFor {
        /// The provider refused one request of ours as such.
        RequestRejected = "request_rejected",
        /// Nobody could say what became of an attempt.
        OutcomeUnknown = "outcome_unknown",
        /// More periods are due than are billed by themselves.
        TooFarBehind = "too_far_behind",
    }
}

/// Why a subscription is parked: an operator has to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The kind of cause.
    pub kind: ParkedFor,
    /// In words.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Where a subscription stands. Each variant carries only what is true there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Agreed, and not begun: it begins at its `started_at`.
    Scheduled {
        /// The first instant after the trial that it begins with, if there is one.
        trial_end: Option<DateTime<Utc>>,
    },
    /// The first payment is awaited until then.
    Incomplete {
        /// After that it is given up.
        until: DateTime<Utc>,
    },
    /// In its trial.
    Trialing {
        /// The first instant after the trial.
        ends_at: DateTime<Utc>,
    },
    /// All is well.
    Active,
    /// The ladder runs.
    PastDue {
        /// The run.
        case: Case,
    },
    /// Attempts are over, access is kept.
    Grace {
        /// The run that is through.
        case: Case,
        /// The first instant without access.
        until: DateTime<Utc>,
    },
    /// Service pauses.
    Paused(PauseReason),
    /// Suspended with something owed.
    Unpaid {
        /// The run that came to nothing.
        case: Case,
    },
    /// Ended on request.
    Canceled(Ended),
    /// Ended unpaid.
    Expired(Ended),
}

/// When it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The first instant without it.
    pub at: DateTime<Utc>,
}

/// Why service pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PauseReason {
    /// The trial ended without a payment method.
    NoPaymentMethod,
}

/// One run of the dunning ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id, derived from the failed payment.
    pub id: DunningCaseId,
    /// The original failure: rungs count from here.
    pub failed_at: DateTime<Utc>,
    /// The rung that comes next (from 0); the number of rungs once they are through.
    pub next_rung: usize,
    /// When it comes, where the network's advice postponed it.
    pub postponed_to: Option<DateTime<Utc>>,
    /// Attempts made at rungs; what the customer asked for is not among them.
    pub attempts: i32,
    /// The last decline's code, for the record.
    pub last_code: Option<String>,
}

/// What is billed each period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The price.
    pub price: PriceId,
    /// The plan it is a price of.
    pub plan: PlanId,
    /// How an invoice line calls it.
    pub description: String,
    /// Seats, or 1.
    pub quantity: i64,
    /// Minor units per interval and seat.
    pub unit_amount_minor: i64,
    /// Minor units, once.
    pub setup_fee_minor: i64,
}

/// Usage that was priced when its period closed, to be billed with the next invoice or a final one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingItem {
    /// Its id, derived from meter and period.
    pub id: PendingItemId,
    /// Overage or late usage.
    pub kind: LineKind,
    /// In words, with the period it was used in.
    pub description: String,
    /// Units.
    pub quantity: i64,
    /// Minor units in all.
    pub amount_minor: i64,
    /// When it was used.
    pub used_in: Range<DateTime<Utc>>,
}

/// An invoice as a decision sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// What it is for.
    pub kind: InvoiceKind,
    /// The period it is for; of a final one, the time of all that it bills.
    pub period: Period,
    /// Sum of its lines.
    pub total_minor: i64,
    /// How much of that earlier invoices billed and could not collect: it is not billed again.
    pub carried_minor: i64,
    /// Sum of settled payments.
    pub settled_minor: i64,
    /// Sum of credits applied and amounts carried over.
    pub credited_minor: i64,
    /// What was written off when it was given up.
    pub written_off_minor: i64,
    /// Still to be collected.
    pub open: bool,
    /// The highest attempt number so far.
    pub attempts: i32,
    /// The attempt whose outcome is awaited.
    pub in_flight: Option<PaymentId>,
    /// Why that attempt (or the last one) was made.
    pub occasion: Occasion,
}

/// Notices already given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticesSent {
    /// Of the renewal after this period index.
    pub renewal: Option<i64>,
    /// Of a card that expires, in this period index.
    pub card: Option<i64>,
    /// Of the trial's end.
    pub trial: bool,
    /// Of the end of grace, in the present case.
    pub grace: bool,
}

impl State {
    /// The status of this state.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Scheduled { .. } => Status::Scheduled,
            Self::Incomplete { .. } => Status::Incomplete,
            Self::Trialing { .. } => Status::Trialing,
            Self::Active => Status::Active,
            Self::PastDue { .. } => Status::PastDue,
            Self::Grace { .. } => Status::Grace,
            Self::Paused(_) => Status::Paused,
            Self::Unpaid { .. } => Status::Unpaid,
            Self::Canceled(_) => Status::Canceled,
            Self::Expired(_) => Status::Expired,
        }
    }

    /// The dunning case that is open.
    #[must_use]
    pub fn case(&self) -> Option<&Case> {
        match self {
            Self::PastDue { case } | Self::Grace { case, .. } | Self::Unpaid { case } => Some(case),
            _ => None,
        }
    }
}

impl Subscription {
    /// The customer's zone for rules of this subscription.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.cycle.anchor.zone
    }

    /// Whether the outcome of an attempt is awaited. There is at most one at a time.
    #[must_use]
    pub fn has_payment_in_flight(&self) -> bool {
        self.invoices.iter().any(|invoice| invoice.in_flight.is_some())
    }

    /// When a parked subscription is suspended: nobody has access for ever because nobody looked.
    /// What is paid for is given in any case.
    #[must_use]
    pub fn suspended_at(&self) -> Option<DateTime<Utc>> {
        let until = self.parked.as_ref()?.since + PARKED_MAX;
        Some(if self.owed_minor() > 0 { until } else { until.max(self.period.end) })
    }

    /// The oldest invoice with something still to collect.
    #[must_use]
    pub fn oldest_owed(&self) -> Option<&Invoice> {
        self.invoices
            .iter()
            .filter(|invoice| invoice.due_minor() > 0)
            .min_by_key(|invoice| invoice.period.start)
    }

    /// All that is still to be collected, in minor units.
    #[must_use]
    pub fn owed_minor(&self) -> i64 {
        self.invoices.iter().map(Invoice::due_minor).fold(0, i64::saturating_add)
    }

    /// The price of a whole period, in minor units; `None` where it does not fit.
    #[must_use]
    pub fn period_price_minor(&self) -> Option<i64> {
        self.items.iter().try_fold(0_i64, |sum, item| sum.checked_add(item.amount_minor()?))
    }
}

impl Item {
    /// The price of a whole period, in minor units.
    #[must_use]
    pub fn amount_minor(&self) -> Option<i64> {
        self.unit_amount_minor.checked_mul(self.quantity)
    }
}

impl Invoice {
    /// What is still to be collected (rule M6).
    #[must_use]
    pub fn due_minor(&self) -> i64 {
        if self.open { self.total_minor - self.settled_minor - self.credited_minor } else { 0 }
    }

    /// How much of what was carried over to it is still owed. Payments settle the oldest debt first.
    #[must_use]
    pub fn carried_unpaid_minor(&self) -> i64 {
        (self.carried_minor - self.settled_minor).max(0)
    }
}
