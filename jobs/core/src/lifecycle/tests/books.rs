//! Books kept beside the state machine, from its effects alone, which must agree with it.

use crate::lifecycle::Account;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::calendar::Period;
use crate::ids::{InvoiceId, PaymentId, PaymentMethodId, PendingItemId};
use crate::lifecycle::status::is_legal;
use crate::lifecycle::{
    BalanceChange, BalanceKind, Edge, Effect, InvoiceClose, InvoiceKind, IssuedInvoice, LineKind,
    Notice, PeriodKind, Posting, State, Status, Subscription,
};

/// An edge as the table has it.
pub(super) type Transition = (Option<Status>, Edge, Status);

/// A bill as the books have it.
#[derive(Debug, Clone)]
struct Bill {
    total: i64,
    /// What of it no earlier invoice had billed.
    new: i64,
    /// Its entries in the account `revenue`.
    revenue: i64,
    settled: i64,
    credited: i64,
    /// What was captured, be it more than was due.
    received: i64,
    /// What of the credits came back for that reason.
    returned: i64,
    closed: Option<InvoiceClose>,
    kind: InvoiceKind,
    told: bool,
    attempts: i32,
}

impl Bill {
    fn due(&self) -> i64 {
        self.total - self.settled - self.credited
    }
}

#[derive(Debug, Clone)]
pub(super) struct Charged {
    pub(super) invoice: InvoiceId,
    pub(super) method: PaymentMethodId,
    pub(super) amount_minor: i64,
    pub(super) at: DateTime<Utc>,
    /// How many were before it.
    pub(super) order: usize,
    settled: bool,
}

#[derive(Debug, Default)]
pub(super) struct Books {
    status: Option<Status>,
    edges: Vec<Transition>,
    periods: Vec<(Period, PeriodKind)>,
    /// The statuses since the last period was opened: a gap needs a pause among them.
    paused_since: bool,
    bills: BTreeMap<InvoiceId, Bill>,
    pub(super) charges: BTreeMap<PaymentId, Charged>,
    in_flight: Option<PaymentId>,
    accounts: BTreeMap<&'static str, i64>,
    postings: BTreeSet<crate::ids::PostingId>,
    opening_balance: i64,
    /// Time that was not used, given back at the end.
    credited_unused: i64,
    balance: i64,
    pub(super) blocked: BTreeSet<PaymentMethodId>,
    cases_open: i32,
    pub(super) billed: BTreeSet<PendingItemId>,
    billed_periods: BTreeSet<i64>,
}

impl Books {
    pub(super) fn opened(terms: &Subscription) -> Self {
        let balance = terms.balance_minor;
        Self { opening_balance: balance, balance, ..Self::default() }
    }

    pub(super) fn charged(&self, payment: PaymentId) -> &Charged {
        &self.charges[&payment]
    }

    pub(super) fn account(&self, name: &str) -> i64 {
        self.accounts.get(name).copied().unwrap_or(0)
    }

    pub(super) fn service_periods(&self) -> Vec<Period> {
        let service = self.periods.iter().filter(|(_, kind)| *kind == PeriodKind::Service);
        service.map(|(period, _)| *period).collect()
    }

    pub(super) fn edges(&self) -> &[Transition] {
        &self.edges
    }

    pub(super) fn note(&mut self, effect: &Effect, now: DateTime<Utc>) {
        match effect {
            Effect::Moved { from, edge, to, .. } => self.moved(*from, *edge, *to),
            Effect::PeriodOpened { period, kind } => self.period_opened(*period, *kind),
            Effect::Issued(invoice) => self.issued(invoice),
            Effect::PendingBilled { items, invoice } => {
                assert!(self.bills.contains_key(invoice), "{invoice} was issued");
                for item in items {
                    assert!(self.billed.insert(*item), "{item} is billed once");
                }
            }
            Effect::Charge { payment, invoice, attempt, method, amount_minor, .. } => {
                let charge = Charged {
                    invoice: *invoice,
                    method: *method,
                    amount_minor: *amount_minor,
                    at: now,
                    order: self.charges.len(),
                    settled: false,
                };
                self.charge(*payment, *attempt, charge);
            }
            Effect::Found { payment, invoice, attempt, amount_minor } => {
                let bill = self.bills.get_mut(invoice).unwrap();
                bill.attempts += 1;
                // Whoever was written off is told of the payment after all.
                bill.told = false;
                assert_eq!((bill.attempts, bill.received), (*attempt, 0), "paid once");
                let charge = Charged {
                    invoice: *invoice,
                    method: PaymentMethodId::derived("somebody else's"),
                    amount_minor: *amount_minor,
                    at: now,
                    order: self.charges.len(),
                    settled: true,
                };
                assert!(self.charges.insert(*payment, charge).is_none(), "{payment} found twice");
            }
            Effect::Settled { payment } => {
                assert_eq!(self.in_flight.take(), Some(*payment));
                let charge = self.charges.get_mut(payment).unwrap();
                assert!(!std::mem::replace(&mut charge.settled, true), "{payment} settled twice");
            }
            Effect::Closed { invoice, how } => {
                let bill = self.bills.get_mut(invoice).unwrap();
                assert_eq!(bill.closed.replace(*how), None, "{invoice} closed twice");
                match how {
                    InvoiceClose::Paid => {
                        assert_eq!(bill.received + bill.credited - bill.returned, bill.total);
                    }
                    InvoiceClose::Void => assert!(bill.due() > 0 || bill.credited > 0),
                    InvoiceClose::Uncollectible => assert!(bill.due() > 0),
                }
            }
            Effect::Receipted { invoices } => {
                for invoice in invoices {
                    let bill = self.bills.get_mut(invoice).unwrap();
                    assert!(bill.closed.is_some());
                    assert!(!std::mem::replace(&mut bill.told, true), "{invoice} told of twice");
                }
            }
            Effect::Post(posting) => self.post(posting),
            Effect::Balance(change) => {
                match change.kind {
                    // Positive where an invoice was paid that had been credited meanwhile.
                    BalanceKind::Applied => self.applied(change),
                    BalanceKind::Carried => assert!(change.amount_minor < 0),
                    _ => assert!(change.amount_minor > 0),
                }
                assert_ne!(change.amount_minor, 0);
                self.balance += change.amount_minor;
            }
            Effect::BlockMethod { method, .. } => {
                self.blocked.insert(*method);
            }
            Effect::CaseClosed { .. } => {
                self.cases_open -= 1;
                assert_eq!(self.cases_open, 0);
            }
            Effect::Notify(notice) => self.notified(notice, now),
            Effect::HoldMethod { .. } | Effect::ItemsReplaced | Effect::Remark(_) => {}
        }
    }

    fn moved(&mut self, from: Option<Status>, edge: Edge, to: Status) {
        assert_eq!(from, self.status, "history chains from one status to the next");
        assert!(is_legal(from, edge, to), "{from:?} {edge} {to}");
        let begins =
            edge == Edge::PaymentFailed || (from, edge) == (Some(Status::Active), Edge::Suspended);
        self.cases_open += i32::from(begins);
        self.paused_since |= matches!(to, Status::Paused | Status::Unpaid);
        self.status = Some(to);
        self.edges.push((from, edge, to));
    }

    fn period_opened(&mut self, period: Period, kind: PeriodKind) {
        assert!(period.start < period.end);
        if let Some((last, _)) = self.periods.last() {
            assert!(last.index < period.index, "each index once");
            assert!(last.end <= period.start, "no overlap");
            assert!(last.end == period.start || self.paused_since, "a gap needs a pause");
        }
        self.paused_since = false;
        self.periods.push((period, kind));
    }

    fn issued(&mut self, invoice: &IssuedInvoice) {
        let sum: i64 = invoice.lines.iter().map(|line| line.amount_minor).sum();
        assert_eq!(invoice.total_minor, sum);
        assert!(invoice.total_minor >= 0 && invoice.due_at >= invoice.issued_at);
        match invoice.kind {
            InvoiceKind::Period => {
                assert_eq!(invoice.issued_at, invoice.period.start);
                self.bills_every_period_from(invoice);
            }
            InvoiceKind::Final => {
                assert_eq!(invoice.issued_at, invoice.period.end);
                assert!(self.status.is_some_and(Status::is_final));
            }
        }
        let carried = invoice.lines.iter().filter(|line| line.kind == LineKind::CarriedBalance);
        let bill = Bill {
            total: sum,
            new: sum - carried.map(|line| line.amount_minor).sum::<i64>(),
            revenue: 0,
            settled: 0,
            credited: 0,
            received: 0,
            returned: 0,
            closed: None,
            told: false,
            attempts: 0,
            kind: invoice.kind,
        };
        assert!(self.bills.insert(invoice.id, bill).is_none(), "one invoice per period");
    }

    /// One invoice bills its own period and those after it: each of them is on it.
    fn bills_every_period_from(&mut self, invoice: &IssuedInvoice) {
        let own = (invoice.period, PeriodKind::Service);
        let position = self.periods.iter().position(|period| *period == own).unwrap();
        let billed: Vec<_> = invoice.lines.iter().filter(|line| line.price.is_some()).collect();
        for (period, _) in &self.periods[position + 1..] {
            let range = Some(period.start..period.end);
            assert!(billed.iter().any(|line| line.used_in == range), "{period:?} is billed");
        }
        for (period, kind) in &self.periods[position..] {
            assert_eq!(*kind, PeriodKind::Service);
            assert!(self.billed_periods.insert(period.index), "{period:?} is billed once");
        }
    }

    fn charge(&mut self, payment: PaymentId, attempt: i32, charge: Charged) {
        assert_eq!(self.in_flight.replace(payment), None, "one payment in flight at a time");
        let bill = self.bills.get_mut(&charge.invoice).unwrap();
        assert!(bill.closed.is_none());
        assert!(charge.amount_minor > 0 && charge.amount_minor == bill.due(), "what is owed");
        bill.attempts += 1;
        assert_eq!(bill.attempts, attempt);
        assert!(!self.blocked.contains(&charge.method), "never again means never again");
        assert!(self.charges.insert(payment, charge).is_none());
    }

    fn post(&mut self, posting: &Posting) {
        assert!(self.postings.insert(posting.id), "{} posted twice", posting.kind);
        assert_eq!(posting.entries.iter().map(|entry| entry.amount_minor).sum::<i64>(), 0);
        for entry in &posting.entries {
            assert_ne!(entry.amount_minor, 0);
            *self.accounts.entry(entry.account.as_str()).or_default() += entry.amount_minor;
            if entry.account == Account::AccountsReceivable && posting.kind != "invoice_issued" {
                self.reduce(posting, -entry.amount_minor);
            }
            if entry.account == Account::Revenue {
                match posting.invoice {
                    Some(id) => self.bills.get_mut(&id).unwrap().revenue += entry.amount_minor,
                    None => self.credited_unused += entry.amount_minor,
                }
            }
            if entry.account == Account::Cash {
                // The provider's books have the same amount for the same payment.
                let charge = &self.charges[&posting.payment.unwrap()];
                assert!(entry.amount_minor <= charge.amount_minor);
                self.bills.get_mut(&charge.invoice).unwrap().received += entry.amount_minor;
            }
        }
    }

    fn applied(&mut self, change: &BalanceChange) {
        if change.amount_minor > 0 {
            self.bills.get_mut(&change.invoice.unwrap()).unwrap().returned += change.amount_minor;
        }
    }

    fn reduce(&mut self, posting: &Posting, amount: i64) {
        let bill = self.bills.get_mut(&posting.invoice.unwrap()).unwrap();
        match posting.kind {
            "payment_received" => bill.settled += amount,
            "credit_applied" | "balance_carried" => bill.credited += amount,
            "invoice_voided" | "invoice_written_off" => assert_eq!(amount, bill.due()),
            other => panic!("{other} touches what is owed"),
        }
    }

    fn notified(&mut self, notice: &Notice, now: DateTime<Utc>) {
        match notice {
            Notice::PaymentFailed { attempt, of, next_attempt_at, .. } => {
                assert!(attempt <= of);
                assert!(next_attempt_at.is_none_or(|at| at >= now), "announced for the past");
            }
            Notice::Receipt { invoices } => {
                let paid = |id: &InvoiceId| self.bills[id].received > 0 && !self.bills[id].told;
                assert!(!invoices.is_empty() && invoices.iter().all(paid));
                assert_eq!(self.in_flight, None, "one receipt for the whole run");
            }
            _ => {}
        }
    }

    /// What was invoiced, without what earlier invoices had.
    pub(super) fn newly_billed(&self) -> i64 {
        self.bills.values().map(|bill| bill.new).sum()
    }

    pub(super) fn owed(&self) -> i64 {
        self.bills.values().filter(|bill| bill.closed.is_none()).map(Bill::due).sum()
    }

    /// What the effects say and what the state says is the same.
    pub(super) fn agree_with(&self, subscription: &Subscription) {
        assert_eq!(self.status, Some(subscription.state.status()));
        assert_eq!(self.account("accounts_receivable"), self.owed());
        assert_eq!(subscription.owed_minor(), self.owed());
        assert_eq!(self.account("customer_credit"), self.opening_balance - self.balance);
        assert_eq!(subscription.balance_minor, self.balance);
        let in_flight = subscription.invoices.iter().filter_map(|invoice| invoice.in_flight);
        assert_eq!(in_flight.collect::<Vec<_>>(), self.in_flight.into_iter().collect::<Vec<_>>());
        match self.periods.last() {
            Some((period, _)) => assert_eq!(*period, subscription.period),
            None => assert!(matches!(self.status, Some(Status::Scheduled | Status::Canceled))),
        }
        assert_eq!(i32::from(subscription.state.case().is_some()), self.cases_open);
        let open = self.bills.iter().filter(|(_, bill)| bill.closed.is_none()).map(|(id, _)| *id);
        let known = subscription.invoices.iter().filter(|invoice| invoice.open);
        let known: BTreeSet<_> = known.map(|invoice| invoice.id).collect();
        assert_eq!(open.collect::<BTreeSet<_>>(), known);
        for bill in self.bills.values().filter(|bill| bill.closed.is_some()) {
            assert!(bill.told || self.in_flight.is_some(), "nobody was told of a payment");
        }
        self.nothing_is_billed_twice();
        self.nothing_is_forgotten(subscription);
    }

    /// An invoice earns what no other has billed, or nothing at all: a debt that it takes over was
    /// earned before, and is owed again where it is void.
    fn nothing_is_billed_twice(&self) {
        for (id, bill) in &self.bills {
            let ended = self.status.is_some_and(Status::is_final);
            let undone = match bill.closed {
                Some(InvoiceClose::Void) => true,
                // Its payment came after all, for a service that nobody was given.
                Some(InvoiceClose::Paid) => ended && bill.revenue == 0,
                _ => false,
            };
            assert_eq!(bill.revenue, if undone { 0 } else { -bill.new }, "{id}");
        }
        let total = |of: fn(&Bill) -> i64| self.bills.values().map(of).sum::<i64>();
        let kept = -total(|bill| bill.revenue) - self.account("bad_debt") - self.credited_unused;
        let customer_owes = self.owed() - self.balance;
        assert_eq!(customer_owes, kept - self.account("cash") - self.opening_balance);
    }

    /// Whoever owes something is being charged, in the ladder, or waited for.
    fn nothing_is_forgotten(&self, subscription: &Subscription) {
        let owed = self.owed() > 0;
        let state = &subscription.state;
        if *state == State::Active && subscription.parked.is_none() {
            assert!(!owed || self.in_flight.is_some(), "an active customer owes unnoticed");
        }
        let open = self.bills.values().filter(|bill| bill.closed.is_none());
        let owed = open.filter(|bill| bill.kind == InvoiceKind::Period).any(|bill| bill.due() > 0);
        if state.status().is_final() {
            assert!(!owed || self.in_flight.is_some(), "an ended subscription owes");
        }
    }
}
