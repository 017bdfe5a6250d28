//! A decision in the making: the state as it becomes, and the effects so far.

use chrono::{DateTime, Utc};

use super::effect::{Account, CaseOutcome, Effect, Entry, Notice, Posting};
use super::status::{Edge, is_legal};
use super::subscription::{Case, Parked, ParkedFor, State, Subscription};
use super::{Context, Decision, Refused};
use crate::dunning::{DunningPolicy, OnCancel};
use crate::ids::{InvoiceId, PaymentId, PostingId};

pub(super) struct Draft<'a> {
    pub(super) after: Subscription,
    pub(super) policy: &'a DunningPolicy,
    pub(super) downgrade: Option<&'a [super::Item]>,
    pub(super) now: DateTime<Utc>,
    effects: Vec<Effect>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(before: &Subscription, context: Context<'a>) -> Self {
        let Context { policy, now, downgrade } = context;
        Self { after: before.clone(), policy, downgrade, now, effects: Vec::new() }
    }

    pub(super) fn finish(self) -> Decision {
        Decision { after: self.after, effects: self.effects }
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn notify(&mut self, notice: Notice) {
        self.push(Effect::Notify(notice));
    }

    pub(super) fn remark(&mut self, text: impl Into<String>) {
        self.push(Effect::Remark(text.into()));
    }

    /// Takes an edge, if it is a legal one.
    pub(super) fn take(&mut self, edge: Edge, to: State) -> Result<(), Refused> {
        let from = self.after.state.status();
        if !is_legal(Some(from), edge, to.status()) {
            return Err(Refused::IllegalEdge { from, edge, to: to.status() });
        }
        self.moved(Some(from), edge, to);
        Ok(())
    }

    /// Takes an edge that leads back to where the subscription stands.
    pub(super) fn stay(&mut self, edge: Edge) -> Result<(), Refused> {
        self.take(edge, self.after.state.clone())
    }

    /// Takes the first edge of all, of a subscription that begins later.
    pub(super) fn schedule(&mut self, state: State) {
        self.moved(None, Edge::Scheduled, state);
    }

    /// Begins: with the first edge of all, or as it was scheduled.
    pub(super) fn begin(&mut self, state: State) {
        let scheduled = matches!(self.after.state, State::Scheduled { .. });
        self.moved(scheduled.then_some(super::Status::Scheduled), Edge::Started, state);
    }

    fn moved(&mut self, from: Option<super::Status>, edge: Edge, to: State) {
        let (status, period_index) = (to.status(), self.after.period.index);
        self.after.state = to;
        self.push(Effect::Moved { from, edge, to: status, period_index });
    }

    /// A posting about a payment, else about an invoice, else about this instant.
    pub(super) fn post(
        &mut self,
        kind: &'static str,
        entries: &[(Account, i64)],
        invoice: Option<InvoiceId>,
        payment: Option<PaymentId>,
    ) {
        let about = payment.map(|id| id.to_string()).or(invoice.map(|id| id.to_string()));
        let about =
            about.unwrap_or_else(|| format!("{}@{}", self.after.id, self.now.timestamp_micros()));
        self.push_posting(&about, kind, entries, (invoice, payment));
    }

    /// A posting of which there may be several of one kind: `about` tells them apart.
    pub(super) fn post_about(
        &mut self,
        about: &str,
        kind: &'static str,
        entries: &[(Account, i64)],
        invoice: Option<InvoiceId>,
    ) {
        self.push_posting(about, kind, entries, (invoice, None));
    }

    fn push_posting(
        &mut self,
        about: &str,
        kind: &'static str,
        entries: &[(Account, i64)],
        (invoice, payment): (Option<InvoiceId>, Option<PaymentId>),
    ) {
        let entries: Vec<_> = entries
            .iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|&(account, amount_minor)| Entry { account, amount_minor })
            .collect();
        if !entries.is_empty() {
            let id = PostingId::derived(&format!("{about}/{kind}"));
            self.push(Effect::Post(Posting { id, kind, entries, invoice, payment }));
        }
    }

    pub(super) fn close_case(&mut self, outcome: CaseOutcome) {
        if let Some(case) = self.after.state.case() {
            let case = case.id;
            self.push(Effect::CaseClosed { case, outcome });
        }
    }

    /// The open dunning case, to change.
    pub(super) fn case_mut(&mut self) -> Option<&mut Case> {
        match &mut self.after.state {
            State::PastDue { case } | State::Grace { case, .. } | State::Unpaid { case } => {
                Some(case)
            }
            _ => None,
        }
    }

    /// Whether what is overdue is left alone, because the customer canceled (`on_cancel = "stop"`).
    pub(super) fn collection_stopped(&self) -> bool {
        self.after.cancel_requested_at.is_some() && self.policy.on_cancel == OnCancel::Stop
    }

    pub(super) fn park(&mut self, kind: ParkedFor, reason: impl Into<String>) {
        let reason = reason.into();
        self.remark(format!("parked: {reason}"));
        // Parked again before it went on: the time to look runs from the first.
        let since = self.after.parked.as_ref().map_or(self.now, |parked| parked.since);
        self.after.parked = Some(Parked { kind, reason, since });
    }

    /// Somebody looked, or what was waited for has come.
    pub(super) fn unpark(&mut self) {
        if let Some(parked) = self.after.parked.take() {
            self.remark(format!("parked no longer: {}", parked.reason));
        }
    }
}
