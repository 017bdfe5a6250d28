//! One decision's effects as rows.

use chrono::{DateTime, Utc};
use perennial_core::calendar::Period;
use perennial_core::ids::{InvoiceId, PaymentId, PaymentMethodId};
use perennial_core::lifecycle::{
    Action, BalanceChange, Edge, InvoiceKind, IssuedInvoice, Item, Occasion, PeriodKind, Posting,
    State, Status, Subscription,
};
use perennial_core::money::Money;
use sha2::{Digest, Sha256};

use super::Decided;
use crate::lifecycle::{Cause, Settled};
use crate::mail::Letter;
use crate::payments::OpKey;
use crate::store::audit::{AuditRow, EdgeRow};
use crate::store::cases::CaseRow;
use crate::store::emails::{self, QueuedEmail};
use crate::store::found_payments::FoundPayment;
use crate::store::invoices::{LineRow, NewInvoice};
use crate::store::items::{FirstItem, NewItem};
use crate::store::ledger::{BalanceRow, EntryRow};
use crate::store::payments::{PlannedPayment, SettledPayment};
use crate::store::periods::PeriodRow;
use crate::store::subscriptions::Standing;

impl Decided {
    /// The number of this decision.
    pub(in crate::lifecycle) fn version(&self) -> i64 {
        self.loaded.version + 1
    }

    fn currency(&self) -> String {
        self.after.currency.code().to_owned()
    }
}

/// What the audit log says a decision caused.
#[derive(Default)]
pub(super) struct Facts(serde_json::Map<String, serde_json::Value>);

impl Facts {
    pub(super) fn note(&mut self, what: &str, which: &str) {
        let list = self.0.entry(what).or_insert_with(|| serde_json::Value::Array(vec![]));
        if let serde_json::Value::Array(list) = list {
            list.push(which.into());
        }
    }
}

pub(super) fn audit(decided: &Decided, facts: Facts) -> AuditRow {
    AuditRow {
        subject_id: decided.after.id.0,
        subject_kind: "subscription".to_owned(),
        version: decided.version(),
        act: act(decided.cause.as_ref()),
        at: decided.loaded.now,
        actor: decided.by.to_owned(),
        facts: facts.0.into(),
    }
}

/// What happened, in a word.
fn act(cause: Option<&Cause>) -> String {
    use perennial_core::lifecycle::Event;
    let word = match cause {
        None => "started",
        Some(Cause::Settlement(settlement)) => match settlement.settled {
            Settled::Succeeded { .. } => "payment_succeeded",
            Settled::Declined { .. } => "payment_declined",
            Settled::Rejected { .. } => "payment_rejected",
        },
        Some(Cause::Found(_)) => "payment_found",
        Some(Cause::Event(event)) => match event {
            Event::Due { action, .. } => action.as_str(),
            Event::PaymentSucceeded { .. } => "payment_succeeded",
            Event::PaymentDeclined { .. } => "payment_declined",
            Event::PaymentRejected { .. } => "payment_rejected",
            Event::PaymentUnresolved { .. } => "payment_unresolved",
            Event::PaymentFound { .. } => "payment_found",
            Event::PaymentMethodAttached { .. } => "payment_method_attached",
            Event::PayRequested { .. } => "pay_requested",
            Event::ReleaseRequested => "release_requested",
            Event::CancelRequested { .. } => "cancel_requested",
            Event::CancelUndone => "cancel_undone",
            Event::UsageLeft => "usage_left",
        },
    };
    word.to_owned()
}

pub(super) fn standing(decided: &Decided, next: Option<(Action, DateTime<Utc>)>) -> Standing {
    let after = &decided.after;
    let now = decided.loaded.now;
    let (status_until, ended_at) = match &after.state {
        State::Incomplete { until } | State::Grace { until, .. } => (Some(*until), None),
        State::Canceled(ended) | State::Expired(ended) => (None, Some(ended.at)),
        _ => (None, None),
    };
    Standing {
        id: after.id.0,
        plan_id: after.plan.0,
        status: after.state.status().as_str().to_owned(),
        period_index: after.period.index,
        period_start: after.period.start,
        period_end: after.period.end,
        cancel_requested_at: after.cancel_requested_at,
        ended_at,
        dunning_case_id: after.state.case().map(|case| case.id.0),
        status_until,
        renewal_notice_index: after.notices.renewal,
        card_notice_index: after.notices.card,
        trial_notice_at: after.notices.trial.then_some(now),
        grace_notice_at: after.notices.grace.then_some(now),
        parked_reason: after.parked.as_ref().map(|parked| parked.reason.clone()),
        parked_at: after.parked.as_ref().map(|parked| parked.since),
        parked_kind: after.parked.as_ref().map(|parked| parked.kind.as_str().to_owned()),
        next_action: next.map(|(action, _)| action.as_str().to_owned()),
        next_action_at: next.map(|(_, at)| at),
        version: decided.version(),
    }
}

pub(super) fn edge(
    decided: &Decided,
    from: Option<Status>,
    edge: Edge,
    to: Status,
    period_index: i64,
) -> EdgeRow {
    EdgeRow {
        subscription_id: decided.after.id.0,
        version: decided.version(),
        from_status: from.map(|status| status.as_str().to_owned()),
        to_status: to.as_str().to_owned(),
        edge: edge.as_str().to_owned(),
        period_index,
        at: decided.loaded.now,
        by_job: decided.by.to_owned(),
    }
}

pub(super) fn period(decided: &Decided, period: Period, kind: PeriodKind) -> PeriodRow {
    PeriodRow {
        subscription_id: decided.after.id.0,
        period_index: period.index,
        kind: kind.as_str().to_owned(),
        starts_at: period.start,
        ends_at: period.end,
    }
}

pub(super) fn invoice(decided: &Decided, invoice: &IssuedInvoice) -> NewInvoice {
    NewInvoice {
        id: invoice.id.0,
        subscription_id: decided.after.id.0,
        customer_id: decided.after.customer.0,
        kind: invoice.kind.as_str().to_owned(),
        period_index: (invoice.kind == InvoiceKind::Period).then_some(invoice.period.index),
        number: decided.loaded.numbers.get(&invoice.id).copied(),
        currency: decided.currency(),
        total_minor: invoice.total_minor,
        issued_at: invoice.issued_at,
        due_at: invoice.due_at,
        finalized_at: decided.loaded.now,
        decision: decided.version(),
    }
}

pub(super) fn lines(invoice: &IssuedInvoice) -> impl Iterator<Item = LineRow> {
    (1..).zip(&invoice.lines).map(|(position, line)| LineRow {
        invoice_id: invoice.id.0,
        position,
        kind: line.kind.as_str().to_owned(),
        description: line.description.clone(),
        quantity: line.quantity,
        unit_amount_minor: line.unit_amount_minor,
        amount_minor: line.amount_minor,
        period_start: line.used_in.as_ref().map_or(invoice.period.start, |used| used.start),
        period_end: line.used_in.as_ref().map_or(invoice.period.end, |used| used.end),
        price_id: line.price.map(Into::into),
    })
}

/// An attempt that a decision wants made.
pub(super) struct Charge {
    pub(super) payment: PaymentId,
    pub(super) invoice: InvoiceId,
    pub(super) attempt: i32,
    pub(super) method: PaymentMethodId,
    pub(super) amount_minor: i64,
    pub(super) occasion: Occasion,
}

pub(super) fn planned(decided: &Decided, provider: &'static str, charge: Charge) -> PlannedPayment {
    let Charge { payment, invoice, attempt, method, amount_minor, occasion } = charge;
    let network = decided.loaded.methods.get(&method).and_then(|method| method.network.clone());
    let key = OpKey::execute(invoice, attempt).as_str().to_owned();
    let amount = Money::new(amount_minor, decided.after.currency);
    PlannedPayment {
        id: payment.0,
        invoice_id: invoice.0,
        subscription_id: Some(decided.after.id.0),
        order_id: None,
        customer_id: decided.after.customer.0,
        clock_id: decided.loaded.clock_id,
        attempt,
        method_id: method.0,
        network,
        provider: provider.to_owned(),
        amount_minor,
        currency: decided.currency(),
        request_hash: request_hash(&key, method, amount),
        idempotency_key: key,
        planned_at: decided.loaded.now,
        decision: decided.version(),
        occasion: occasion.as_str().to_owned(),
    }
}

/// What was found at the provider, as a payment.
pub(super) fn found(
    decided: &Decided,
    provider: &'static str,
    attempt: i32,
) -> Option<FoundPayment> {
    let Some(Cause::Found(found)) = &decided.cause else { return None };
    let amount = Money::new(found.amount_minor, decided.after.currency);
    let key = OpKey::found(found.invoice).as_str().to_owned();
    Some(FoundPayment {
        id: found.payment().0,
        invoice_id: found.invoice.0,
        subscription_id: Some(decided.after.id.0),
        order_id: None,
        customer_id: decided.after.customer.0,
        clock_id: decided.loaded.clock_id,
        attempt,
        provider: provider.to_owned(),
        amount_minor: found.amount_minor,
        currency: decided.currency(),
        request_hash: found_hash(&key, amount),
        idempotency_key: key,
        at: decided.loaded.now,
        charge_reference: found.charge.clone(),
        request_id: found.trace.request_id.clone(),
        decision: decided.version(),
    })
}

/// The hash of what was found: no request was sent for it.
pub(crate) fn found_hash(key: &str, amount: Money) -> String {
    hash(&format!("{key}|{}|{}", amount.minor, amount.currency.code()))
}

/// A resend of a key must be the same request: its hash is stored with the attempt (invariant I16).
pub(crate) fn request_hash(key: &str, method: PaymentMethodId, amount: Money) -> String {
    hash(&format!("{key}|{method}|{}|{}", amount.minor, amount.currency.code()))
}

fn hash(request: &str) -> String {
    Sha256::digest(request.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn settled(decided: &Decided) -> Option<SettledPayment> {
    let Some(Cause::Settlement(settlement)) = &decided.cause else { return None };
    Some(settlement.row(decided.loaded.now, decided.version()))
}

pub(super) fn entries<'a>(
    decided: &'a Decided,
    posting: &'a Posting,
) -> impl Iterator<Item = EntryRow> + 'a {
    (1..).zip(&posting.entries).map(|(position, entry)| EntryRow {
        posting_id: posting.id.0,
        position,
        account: entry.account.as_str().to_owned(),
        amount_minor: entry.amount_minor,
        currency: decided.currency(),
        kind: posting.kind.to_owned(),
        customer_id: decided.after.customer.0,
        subscription_id: Some(decided.after.id.0),
        order_id: None,
        invoice_id: posting.invoice.map(Into::into),
        payment_id: posting.payment.map(Into::into),
        at: decided.loaded.now,
        decision: decided.version(),
    })
}

pub(super) fn balance(decided: &Decided, change: BalanceChange, position: usize) -> BalanceRow {
    let name = format!("{}/{}/{position}", decided.after.id, decided.version());
    BalanceRow {
        id: perennial_core::ids::PostingId::derived(&name).0,
        customer_id: decided.after.customer.0,
        subscription_id: decided.after.id.0,
        currency: decided.currency(),
        amount_minor: change.amount_minor,
        kind: change.kind.as_str().to_owned(),
        invoice_id: change.invoice.map(Into::into),
        at: decided.loaded.now,
        decision: decided.version(),
    }
}

pub(super) fn case(decided: &Decided) -> Option<(CaseRow, Option<DateTime<Utc>>)> {
    let case = decided.after.state.case()?;
    if decided.loaded.subscription.state.case() == Some(case) {
        return None;
    }
    let zone = decided.after.zone();
    let next = decided.loaded.policy.rung_at(case.next_rung, case.failed_at, zone);
    let row = CaseRow {
        id: case.id.0,
        subscription_id: decided.after.id.0,
        policy_id: decided.loaded.policy_id,
        failed_at: case.failed_at,
        next_rung: i32::try_from(case.next_rung).unwrap_or(i32::MAX),
        attempts_made: case.attempts,
        last_decline_code: case.last_code.clone(),
        not_before: case.postponed_to,
    };
    Some((row, case.postponed_to.or(next)))
}

pub(super) fn email(decided: &Decided, key: String, letter: &Letter) -> QueuedEmail {
    let case = decided.after.state.case().or(decided.loaded.subscription.state.case());
    let of = emails::Decided {
        clock_id: decided.loaded.clock_id,
        at: decided.loaded.now,
        decision: decided.version(),
    };
    QueuedEmail {
        subscription_id: Some(decided.after.id.0),
        case_id: case.map(|case| case.id.0),
        ..QueuedEmail::to(decided.after.customer.0, key, letter, of)
    }
}

pub(super) fn first_items(decided: &Decided) -> impl Iterator<Item = FirstItem> + '_ {
    let subscription_id = decided.after.id.0;
    (1..).zip(items(&decided.after)).map(move |(position, item)| FirstItem {
        subscription_id,
        position,
        price_id: item.price_id,
        plan_id: item.plan_id,
        quantity: item.quantity,
        unit_amount_minor: item.unit_amount_minor,
        setup_fee_minor: item.setup_fee_minor,
    })
}

pub(super) fn items(subscription: &Subscription) -> Vec<NewItem> {
    let row = |item: &Item| NewItem {
        price_id: item.price.0,
        plan_id: item.plan.0,
        quantity: item.quantity,
        unit_amount_minor: item.unit_amount_minor,
        setup_fee_minor: item.setup_fee_minor,
    };
    subscription.items.iter().map(row).collect()
}
