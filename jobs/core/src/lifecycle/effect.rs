//! What a decision wants done. Effects are data: only the shell acts.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::status::{Edge, Status, words};
use crate::calendar::Period;
use crate::decline::BlockScope;
use crate::ids::{
    DunningCaseId, InvoiceId, PaymentId, PaymentMethodId, PendingItemId, PostingId, PriceId,
};

/// One thing to save or do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The subscription took an edge.
    Moved {
        /// From where; `None` at the beginning.
        from: Option<Status>,
        /// Why.
        edge: Edge,
        /// To where.
        to: Status,
        /// The period it happened in (for a renewal: the period that began).
        period_index: i64,
    },
    /// A period began.
    PeriodOpened {
        /// The period.
        period: Period,
        /// Trial or service.
        kind: PeriodKind,
    },
    /// An invoice was finalised.
    Issued(IssuedInvoice),
    /// What was pending is on an invoice.
    PendingBilled {
        /// The items.
        items: Vec<PendingItemId>,
        /// The invoice.
        invoice: InvoiceId,
    },
    /// An attempt to collect is to be made.
    Charge {
        /// The attempt, its id derived from invoice and number.
        payment: PaymentId,
        /// The invoice.
        invoice: InvoiceId,
        /// 1 for the first.
        attempt: i32,
        /// What to charge.
        method: PaymentMethodId,
        /// How much, in minor units.
        amount_minor: i64,
        /// Why.
        occasion: Occasion,
    },
    /// Captured money was found at the provider that no attempt of ours brought.
    Found {
        /// The payment, its id derived from the invoice.
        payment: PaymentId,
        /// The invoice.
        invoice: InvoiceId,
        /// Its number among the invoice's attempts.
        attempt: i32,
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// The outcome of an attempt was taken note of.
    Settled {
        /// The attempt.
        payment: PaymentId,
    },
    /// An invoice is open no more.
    Closed {
        /// The invoice.
        invoice: InvoiceId,
        /// How it ended.
        how: InvoiceClose,
    },
    /// The customer was told of these payments, or need not be.
    Receipted {
        /// The invoices.
        invoices: Vec<InvoiceId>,
    },
    /// A balanced entry in the books.
    Post(Posting),
    /// The customer's balance moved.
    Balance(BalanceChange),
    /// A dunning case ended.
    CaseClosed {
        /// The case.
        case: DunningCaseId,
        /// How.
        outcome: CaseOutcome,
    },
    /// A method is not to be charged again.
    BlockMethod {
        /// The method.
        method: PaymentMethodId,
        /// The decline code.
        reason: String,
        /// Whether the block is the card's, under whatever reference it comes again.
        scope: BlockScope,
    },
    /// A method is not to be charged before an instant.
    HoldMethod {
        /// The method.
        method: PaymentMethodId,
        /// The network's advice.
        until: DateTime<Utc>,
    },
    /// The items were replaced (by those of the new state).
    ItemsReplaced,
    /// The customer is to be told.
    Notify(Notice),
    /// For the audit log: what was not done, and why.
    Remark(String),
}

words! {
    /// Why an attempt is made.
    Occasion {
        /// The invoice is due, a retry step has come, or a method was attached. What else is owed
        /// is collected after it.
        Schedule = "schedule",
        /// Somebody asked for this invoice to be paid: the others stay as they are.
        Request = "request",
    }
}

words! {
    /// What a period is.
    PeriodKind {
        /// Free of charge, before the first service period.
        Trial = "trial",
        /// Billed.
        Service = "service",
    }
}

words! {
    /// An account of the books.
    Account {
        /// What customers owe.
        AccountsReceivable = "accounts_receivable",
        /// Money at the payment provider.
        Cash = "cash",
        /// What we owe customers (below zero: what they owe us yet).
        CustomerCredit = "customer_credit",
        /// What was earned.
        Revenue = "revenue",
        /// What was given up.
        BadDebt = "bad_debt",
    }
}

words! {
    /// What an invoice is for.
    InvoiceKind {
        /// A service period, and whatever waited for its invoice.
        Period = "period",
        /// What was used beyond limits and had no other invoice left to be on.
        Final = "final",
    }
}

words! {
    /// How an invoice ends.
    InvoiceClose {
        /// Nothing is owed any more.
        Paid = "paid",
        /// It should not have been.
        Void = "void",
        /// It will not be paid.
        Uncollectible = "uncollectible",
    }
}

words! {
    /// How a dunning case ends.
    CaseOutcome {
        /// All was paid.
        Recovered = "recovered",
        /// The subscription ended unpaid.
        Expired = "expired",
        /// The subscription was canceled meanwhile.
        Canceled = "canceled",
        /// The subscription went on with a lesser plan.
        Downgraded = "downgraded",
    }
}

words! {
    /// What a line bills.
    LineKind {
        /// An item's price for a period.
        Subscription = "subscription",
        /// An item's setup fee.
        SetupFee = "setup_fee",
        /// An item's price for a part of a period.
        Proration = "proration",
        /// An amount that was too small to charge before.
        CarriedBalance = "carried_balance",
        /// Usage beyond a limit.
        Overage = "overage",
        /// Usage beyond a limit that was heard of after its period had closed.
        LateUsage = "late_usage",
    }
}

words! {
    /// Why a customer's balance moved.
    BalanceKind {
        /// A credit was given.
        Credit = "credit",
        /// A credit was applied to an invoice (or, above zero, came back from one that was paid).
        Applied = "applied",
        /// An invoice too small to charge was carried over.
        Carried = "carried",
        /// What was carried over was put on an invoice.
        Collected = "collected",
        /// Money came for something already given up.
        LatePayment = "late_payment",
    }
}

/// A finalised invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedInvoice {
    /// Its id, derived from subscription and period, or from the first item of a final one.
    pub id: InvoiceId,
    /// What it is for.
    pub kind: InvoiceKind,
    /// The period it is for; of a final one, the time of all that it bills.
    pub period: Period,
    /// What it bills.
    pub lines: Vec<Line>,
    /// Sum of the lines, minor units.
    pub total_minor: i64,
    /// The instant it is dated: the start of its period; of a final one, the end.
    pub issued_at: DateTime<Utc>,
    /// When it is due: at processing.
    pub due_at: DateTime<Utc>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it bills.
    pub kind: LineKind,
    /// In words.
    pub description: String,
    /// Seats or pieces.
    pub quantity: i64,
    /// Minor units each, for a whole period.
    pub unit_amount_minor: i64,
    /// Minor units in all.
    pub amount_minor: i64,
    /// The price behind it.
    pub price: Option<PriceId>,
    /// When it was used, where that is not the invoice's own period.
    pub used_in: Option<Range<DateTime<Utc>>>,
}

/// A balanced entry in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Its id, derived from what it records.
    pub id: PostingId,
    /// What it records.
    pub kind: &'static str,
    /// Account and minor units: debits above zero, credits below; they sum up to zero.
    pub entries: Vec<Entry>,
    /// The invoice it is about.
    pub invoice: Option<InvoiceId>,
    /// The payment it is about.
    pub payment: Option<PaymentId>,
}

/// One side of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub account: Account,
    /// Debit above zero, credit below, in minor units.
    pub amount_minor: i64,
}

/// A movement of the customer's balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalanceChange {
    /// Why.
    pub kind: BalanceKind,
    /// Minor units: up for the customer above zero.
    pub amount_minor: i64,
    /// The invoice it is about.
    pub invoice: Option<InvoiceId>,
}

/// What a customer is told; the shell writes the letter from the new state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// These invoices were paid.
    Receipt {
        /// In order of their periods.
        invoices: Vec<InvoiceId>,
    },
    /// A renewal is near.
    UpcomingRenewal,
    /// A payment failed, or an attempt could not be made.
    PaymentFailed {
        /// Attempts made by themselves so far, the original one included; 0 if this one could not
        /// be made.
        attempt: usize,
        /// Those and the ones to come.
        of: usize,
        /// When the next attempt is, if there is one.
        next_attempt_at: Option<DateTime<Utc>>,
        /// What stands in the way.
        reason: Reason,
    },
    /// A card expires before the next renewal.
    CardExpiring,
    /// Attempts are over; access ends soon.
    GraceStarted,
    /// Access ends very soon.
    GraceEnding,
    /// All was paid after all.
    Recovered,
    /// The subscription will end, or has ended, on request.
    Canceled,
    /// Access ended unpaid.
    Expired,
    /// The trial ends soon.
    TrialEnding,
    /// The trial is over, and there was nothing to charge.
    TrialLapsed,
}

impl Notice {
    /// The durable name of the letter that says it.
    #[must_use]
    pub fn template(&self) -> &'static str {
        match self {
            Self::Receipt { .. } => "receipt",
            Self::UpcomingRenewal => "upcoming_renewal",
            Self::PaymentFailed { .. } => "payment_failed",
            Self::CardExpiring => "card_expiring",
            Self::GraceStarted => "grace_started",
            Self::GraceEnding => "grace_ending",
            Self::Recovered => "recovered",
            Self::Canceled => "canceled",
            Self::Expired | Self::TrialLapsed => "expired",
            Self::TrialEnding => "trial_ending",
        }
    }
}

/// What stands in the way of a payment, as far as a customer may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The bank declined; it is tried again by itself.
    Declined,
    /// The card cannot be charged any more.
    MethodUnusable,
    /// The customer has to confirm the payment.
    Authenticate,
    /// There is no payment method.
    NoMethod,
}
