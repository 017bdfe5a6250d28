//! Collecting what is owed: one attempt at a time, the oldest invoice first, and what becomes of
//! each attempt.

use chrono::{DateTime, Utc};

use super::billing;
use super::draft::Draft;
use super::effect::{BalanceKind, Effect, InvoiceClose, Notice, Reason};
use super::ladder;
use super::service;
use super::status::Edge;
use super::subscription::{Method, State, Unusable};
use super::Refused;
use crate::decline::{Action as Remedy, Verdict};
use crate::ids::{InvoiceId, PaymentId, PaymentMethodId};

/// Plans the next attempt with the first usable method. Whether one was (or is being) made.
pub(super) fn collect(draft: &mut Draft<'_>) -> bool {
    let usable = draft.after.methods.iter().find(|method| method.usable(draft.now).is_ok());
    match usable.map(|method| method.id) {
        Some(method) => collect_with(draft, method),
        None => draft.after.has_payment_in_flight(),
    }
}

/// Plans the next attempt with this method. What is owed is read here and now, under lock, so
/// that nothing is charged twice (rule D5).
pub(super) fn collect_with(draft: &mut Draft<'_>, method: PaymentMethodId) -> bool {
    if draft.after.has_payment_in_flight() {
        return true;
    }
    let Some(invoice) = draft.after.oldest_owed() else { return false };
    let (id, attempt, amount_minor) = (invoice.id, invoice.attempts + 1, invoice.due_minor());
    let payment = PaymentId::derived(&format!("{id}/{attempt}"));
    if let Some(invoice) = billing::invoice_mut(draft, id) {
        invoice.attempts = attempt;
        invoice.in_flight = Some(payment);
    }
    draft.push(Effect::Charge { payment, invoice: id, attempt, method, amount_minor });
    true
}

/// Collects what an active subscription owes; where nothing can be charged, the ladder begins.
pub(super) fn collect_or_fail(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.owed_minor() == 0 || collect(draft) {
        return Ok(());
    }
    let reason = if draft.after.methods.is_empty() { Reason::NoMethod } else { Reason::MethodUnusable };
    ladder::begin(draft, draft.now, None, reason)
}

/// Takes note of an attempt's outcome. `false`: it is known already.
fn take_note(draft: &mut Draft<'_>, payment: PaymentId, invoice: InvoiceId) -> bool {
    let Some(known) = billing::invoice_mut(draft, invoice) else { return false };
    if known.in_flight != Some(payment) {
        return false;
    }
    known.in_flight = None;
    draft.push(Effect::Settled { payment });
    true
}

pub(super) fn succeeded(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    amount_minor: i64,
) -> Result<(), Refused> {
    if !take_note(draft, payment, invoice) {
        return Ok(());
    }
    let known = billing::invoice_mut(draft, invoice);
    if known.as_ref().is_none_or(|invoice| !invoice.open) {
        late_payment(draft, payment, invoice, amount_minor);
        return Ok(());
    }
    if let Some(known) = known {
        known.settled_minor += amount_minor;
    }
    let entries = [("cash", amount_minor), ("accounts_receivable", -amount_minor)];
    draft.post("payment_received", &entries, Some(invoice), Some(payment));
    if draft.after.invoices.iter().any(|known| known.id == invoice && known.due_minor() <= 0) {
        billing::close(draft, invoice, InvoiceClose::Paid);
    }
    if draft.after.owed_minor() > 0 && !draft.after.state.status().is_final() {
        return collect_the_rest(draft);
    }
    receipt(draft);
    match draft.after.state {
        State::Incomplete { .. } => draft.take(Edge::FirstPaymentReceived, State::Active),
        State::PastDue { .. } | State::Grace { .. } | State::Unpaid { .. } => service::recovered(draft),
        _ => Ok(()),
    }
}

/// One invoice is paid, another is still owed.
fn collect_the_rest(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.state == State::Active {
        return collect_or_fail(draft);
    }
    collect(draft);
    Ok(())
}

/// Money came for something already given up: the customer has it as a credit.
fn late_payment(draft: &mut Draft<'_>, payment: PaymentId, invoice: InvoiceId, amount_minor: i64) {
    let entries = [("cash", amount_minor), ("customer_credit", -amount_minor)];
    draft.post("late_payment", &entries, Some(invoice), Some(payment));
    billing::move_balance(draft, BalanceKind::LatePayment, amount_minor, Some(invoice));
    draft.remark(format!("{payment} was captured after {invoice} was given up: credited to the customer"));
}

/// One receipt for all that was paid in this run (rule T6).
fn receipt(draft: &mut Draft<'_>) {
    let mut paid: Vec<_> = draft.after.invoices.iter().filter(|invoice| !invoice.open).collect();
    paid.sort_by_key(|invoice| invoice.period.start);
    let invoices: Vec<_> = paid.into_iter().map(|invoice| invoice.id).collect();
    draft.after.invoices.retain(|invoice| invoice.open);
    if !invoices.is_empty() {
        draft.notify(Notice::Receipt { invoices: invoices.clone() });
        draft.push(Effect::Receipted { invoices });
    }
}

pub(super) fn declined(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    method: PaymentMethodId,
    verdict: &Verdict,
    code: &str,
    at: DateTime<Utc>,
) -> Result<(), Refused> {
    if !take_note(draft, payment, invoice) {
        return Ok(());
    }
    heed(draft, method, verdict, code);
    if draft.after.state.status().is_final() {
        billing::close_all(draft, InvoiceClose::Uncollectible);
        return Ok(());
    }
    if let Some(backup) = next_method(draft, method) {
        draft.remark(format!("{payment} was declined ({code}): a backup method is tried"));
        collect_with(draft, backup);
        return Ok(());
    }
    let reason = reason_of(verdict);
    match draft.after.state {
        State::Incomplete { .. } => {
            draft.notify(service::first_payment_failed(reason));
            Ok(())
        }
        State::Active => ladder::begin(draft, at, Some(code), reason),
        _ => ladder::attempt_failed(draft, Some(code), reason),
    }
}

/// Notes on the method what the issuer and the network said of it (rules D2, D3).
fn heed(draft: &mut Draft<'_>, method: PaymentMethodId, verdict: &Verdict, code: &str) {
    let until = verdict.min_delay.map(|delay| draft.now + delay);
    if let Some(known) = draft.after.methods.iter_mut().find(|known| known.id == method) {
        known.recent_attempts.push(draft.now);
        known.not_before = until.or(known.not_before);
        if !verdict.retry {
            known.blocked = Some(code.to_owned());
        }
    }
    if !verdict.retry {
        draft.push(Effect::BlockMethod { method, reason: code.to_owned() });
    } else if let Some(until) = until {
        draft.push(Effect::HoldMethod { method, until });
    }
}

/// Backup methods are tried in order (rule D6).
fn next_method(draft: &Draft<'_>, after: PaymentMethodId) -> Option<PaymentMethodId> {
    let position = draft.after.methods.iter().position(|method| method.id == after)?;
    let later = draft.after.methods.get(position + 1..)?;
    later.iter().find(|method| method.usable(draft.now).is_ok()).map(|method| method.id)
}

fn reason_of(verdict: &Verdict) -> Reason {
    match (verdict.retry, verdict.action) {
        (true, _) => Reason::Declined,
        (false, Remedy::Authenticate) => Reason::Authenticate,
        (false, _) => Reason::MethodUnusable,
    }
}

/// Our own mistake never counts against the customer: nothing more happens until someone looked.
pub(super) fn rejected(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    reason: &str,
) -> Result<(), Refused> {
    if take_note(draft, payment, invoice) {
        draft.park(format!("the provider rejected {payment}: {reason}"));
    }
    Ok(())
}

/// Somebody wants an invoice paid now; this also ends a standstill.
pub(super) fn pay_requested(draft: &mut Draft<'_>, invoice: InvoiceId) -> Result<(), Refused> {
    if draft.after.state.status().is_final() {
        return Err(Refused::TooLate { what: "paying an invoice", why: "the subscription has ended".to_owned() });
    }
    draft.after.parked = None;
    if draft.after.oldest_owed().is_some() && !collect(draft) {
        let why = why_unusable(&draft.after.methods, draft.now);
        draft.remark(format!("{invoice} is not charged: {why}"));
    }
    Ok(())
}

/// Why no method can be charged, for the record.
pub(super) fn why_unusable(methods: &[Method], now: DateTime<Utc>) -> String {
    let reasons: Vec<_> = methods
        .iter()
        .filter_map(|method| method.usable(now).err())
        .map(|reason| match reason {
            Unusable::Blocked(code) => format!("hard decline ({code})"),
            Unusable::NotBefore(until) => format!("network advice: not before {until}"),
            Unusable::BudgetSpent(until) => format!("network budget spent until {until}"),
        })
        .collect();
    if reasons.is_empty() { "no payment method".to_owned() } else { reasons.join("; ") }
}
