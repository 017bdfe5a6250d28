//! What becomes of an attempt to collect.

use chrono::{DateTime, Utc};

use super::{Collecting, charge, collect, collect_or_fail, may_charge};
use crate::decline::{Action as Remedy, Verdict};
use crate::ids::{InvoiceId, PaymentId, PaymentMethodId};
use crate::lifecycle::Refused;
use crate::lifecycle::billing;
use crate::lifecycle::draft::Draft;
use crate::lifecycle::effect::{
    Account, BalanceKind, Effect, InvoiceClose, Notice, Occasion, Reason,
};
use crate::lifecycle::ladder;
use crate::lifecycle::service;
use crate::lifecycle::standstill;
use crate::lifecycle::status::Edge;
use crate::lifecycle::subscription::{ParkedFor, State};

/// Records an attempt's outcome. Returns why it was made; `None` if the outcome is known already.
fn take_note(draft: &mut Draft<'_>, payment: PaymentId, invoice: InvoiceId) -> Option<Occasion> {
    let known = billing::invoice_mut(draft, invoice)?;
    if known.in_flight != Some(payment) {
        return None;
    }
    known.in_flight = None;
    let occasion = known.occasion;
    draft.push(Effect::Settled { payment });
    Some(occasion)
}

pub(in crate::lifecycle) fn succeeded(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    amount_minor: i64,
) -> Result<(), Refused> {
    match take_note(draft, payment, invoice) {
        Some(occasion) => paid(draft, payment, invoice, amount_minor, occasion),
        None => Ok(()),
    }
}

/// The provider holds captured money that none of our attempts waits for: the customer paid there,
/// with whatever method. It is booked once; the subscription goes on as after any payment.
pub(in crate::lifecycle) fn found(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    amount_minor: i64,
) -> Result<(), Refused> {
    let Some(known) = billing::invoice_mut(draft, invoice) else { return Ok(()) };
    if known.in_flight.is_some() || known.settled_minor > 0 {
        return Ok(());
    }
    known.attempts += 1;
    let attempt = known.attempts;
    draft.push(Effect::Found { payment, invoice, attempt, amount_minor });
    draft.remark(format!("{invoice} was paid at the provider: {payment}"));
    paid(draft, payment, invoice, amount_minor, Occasion::Schedule)
}

/// Books captured money, and says what follows for the subscription.
fn paid(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    amount_minor: i64,
    occasion: Occasion,
) -> Result<(), Refused> {
    let unserved = billing::was_never_served(draft, invoice);
    let paid = receive(draft, payment, invoice, amount_minor);
    if draft.after.state.status().is_final() {
        if unserved {
            billing::credit_payment_of_nothing(draft, payment, invoice, paid);
        }
        billing::give_up_all(draft);
        return Ok(());
    }
    standstill::release_if_answered(draft)?;
    if draft.after.owed_minor() > 0 {
        return collect_the_rest(draft, occasion);
    }
    tell_of_payments(draft);
    match draft.after.state {
        State::Incomplete { .. } => draft.take(Edge::FirstPaymentReceived, State::Active),
        State::PastDue { .. } | State::Grace { .. } | State::Unpaid { .. } => {
            service::recovered(draft)
        }
        _ => Ok(()),
    }
}

/// Books a payment: what is due is paid with it (how much, is the answer), then what was written
/// off as lost. The customer has the rest as a credit: first what credit the invoice had taken
/// meanwhile, then as it came.
fn receive(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    amount_minor: i64,
) -> i64 {
    let due = billing::due_of(draft, invoice).max(0);
    let paid = amount_minor.min(due);
    let mut excess = amount_minor - paid;
    let (mut recovered, mut returned) = (0, 0);
    if let Some(known) = billing::invoice_mut(draft, invoice) {
        recovered = excess.min(known.written_off_minor);
        excess -= recovered;
        known.written_off_minor -= recovered;
        returned = excess.min(known.credited_minor);
        known.settled_minor += amount_minor;
        known.credited_minor -= returned;
    }
    let kind = if due > 0 { "payment_received" } else { "late_payment" };
    let entries = [
        (Account::Cash, amount_minor),
        (Account::AccountsReceivable, -paid),
        (Account::BadDebt, -recovered),
        (Account::CustomerCredit, -excess),
    ];
    draft.post(kind, &entries, Some(invoice), Some(payment));
    for (kind, amount) in
        [(BalanceKind::Applied, returned), (BalanceKind::LatePayment, excess - returned)]
    {
        if amount > 0 {
            billing::move_balance(draft, kind, amount, Some(invoice));
            draft.remark(format!("{payment}: {amount} minor units more than was due, credited"));
        }
    }
    if due <= amount_minor {
        billing::close(draft, invoice, InvoiceClose::Paid);
    }
    paid
}

/// One invoice is paid, another is still owed. Whoever asked for the one did not ask for the other:
/// that waits for its retry step.
fn collect_the_rest(draft: &mut Draft<'_>, occasion: Occasion) -> Result<(), Refused> {
    match (&draft.after.state, occasion) {
        _ if draft.after.parked.is_some() => {}
        (State::Active, _) => return collect_or_fail(draft),
        // Who canceled pays what they ask to pay.
        _ if draft.collection_stopped() => {}
        (_, Occasion::Schedule) => {
            collect(draft);
        }
        (_, Occasion::Request) => {}
    }
    Ok(())
}

/// One receipt for all that was paid in this run, once no attempt is under way (rule T6).
pub(in crate::lifecycle) fn tell_of_payments(draft: &mut Draft<'_>) {
    if draft.after.has_payment_in_flight() {
        return;
    }
    let (open, mut paid): (Vec<_>, Vec<_>) =
        draft.after.invoices.drain(..).partition(|invoice| invoice.open);
    draft.after.invoices = open;
    paid.sort_by_key(|invoice| invoice.period.start);
    let (by_payment, otherwise): (Vec<_>, Vec<_>) =
        paid.into_iter().partition(|invoice| invoice.settled_minor > 0);
    let invoices: Vec<_> = by_payment.into_iter().map(|invoice| invoice.id).collect();
    if !invoices.is_empty() {
        draft.notify(Notice::Receipt { invoices: invoices.clone() });
        draft.push(Effect::Receipted { invoices });
    }
    for invoice in otherwise {
        draft.push(Effect::Receipted { invoices: vec![invoice.id] });
    }
}

/// A refusal, as the event states it.
pub(in crate::lifecycle) struct Declined<'a> {
    pub(in crate::lifecycle) payment: PaymentId,
    pub(in crate::lifecycle) invoice: InvoiceId,
    pub(in crate::lifecycle) method: PaymentMethodId,
    pub(in crate::lifecycle) verdict: &'a Verdict,
    pub(in crate::lifecycle) code: &'a str,
    pub(in crate::lifecycle) at: DateTime<Utc>,
}

pub(in crate::lifecycle) fn declined(
    draft: &mut Draft<'_>,
    declined: &Declined<'_>,
) -> Result<(), Refused> {
    let &Declined { payment, invoice, verdict, code, at, .. } = declined;
    let Some(occasion) = take_note(draft, payment, invoice) else { return Ok(()) };
    heed(draft, declined);
    standstill::release_if_answered(draft)?;
    let ended = draft.after.state.status().is_final();
    if ended {
        billing::give_up_all(draft);
    }
    // A final invoice is tried for itself, and so is one that was asked for; otherwise what is owed
    // longest comes first.
    let owed = match ended || occasion == Occasion::Request {
        true => Some(invoice).filter(|invoice| billing::due_of(draft, *invoice) > 0),
        false => draft.after.oldest_owed().map(|invoice| invoice.id),
    };
    if let Some(owed) = owed
        && let Some(backup) = backup_of(draft, declined, owed)
        && charge(draft, backup, owed, occasion) == Collecting::Planned
    {
        draft.remark(format!("{payment} was declined ({code}): a backup method is tried"));
        return Ok(());
    }
    let reason = reason_of(verdict);
    match draft.after.state {
        State::Canceled(_) | State::Expired(_) => {
            if owed.is_some() {
                draft.notify(service::first_payment_failed(reason));
            }
            Ok(())
        }
        State::Incomplete { .. } => {
            draft.notify(service::first_payment_failed(reason));
            Ok(())
        }
        State::Active => ladder::begin(draft, at, Some(code), reason),
        _ => ladder::attempt_failed(draft, Some(code), reason),
    }
}

/// Notes on the method what the issuer and the network said of it (rules D2, D3).
fn heed(draft: &mut Draft<'_>, declined: &Declined<'_>) {
    let &Declined { method, verdict, at, .. } = declined;
    let reason = match &verdict.forbidden_by {
        Some(advice) => format!("{}, {advice}", declined.code),
        None => declined.code.to_owned(),
    };
    let until = verdict.min_delay.filter(|_| verdict.retry).map(|delay| at + delay);
    if let Some(known) = draft.after.methods.iter_mut().find(|known| known.id == method) {
        known.not_before = until.or(known.not_before);
        if !verdict.retry {
            known.blocked = Some(reason.clone());
        }
    }
    if !verdict.retry {
        let scope = verdict.action.block_scope();
        draft.push(Effect::BlockMethod { method, reason, scope });
    } else if let Some(until) = until {
        draft.push(Effect::HoldMethod { method, until });
    }
}

/// Backup methods are tried in order (rule D6), as long as attempts are ours to make. Another
/// reference of the card that was declined is none.
fn backup_of(
    draft: &Draft<'_>,
    &Declined { method: declined, invoice, .. }: &Declined<'_>,
    owed: InvoiceId,
) -> Option<PaymentMethodId> {
    if matches!(draft.after.state, State::Grace { .. } | State::Unpaid { .. })
        || draft.collection_stopped()
    {
        return None;
    }
    let methods = &draft.after.methods;
    let first = draft.after.invoices.iter().any(|known| known.id == invoice && known.attempts == 1);
    let from = match methods.iter().position(|method| method.id == declined) {
        // None but this one was tried yet: one before it was attached meanwhile.
        Some(_) if first => 0,
        Some(position) => position + 1,
        None => 0,
    };
    let card = methods.iter().find(|method| method.id == declined).map(|method| method.card);
    let mut others = methods
        .get(from..)?
        .iter()
        .filter(|method| method.id != declined && Some(method.card) != card);
    others
        .find(|method| may_charge(draft, method, owed, Occasion::Schedule))
        .map(|method| method.id)
}

fn reason_of(verdict: &Verdict) -> Reason {
    match (verdict.retry, verdict.action) {
        (true, _) => Reason::Declined,
        (false, Remedy::Authenticate) => Reason::Authenticate,
        (false, _) => Reason::MethodUnusable,
    }
}

fn unknown(payment: PaymentId) -> String {
    format!("what became of {payment} is not known: look at the provider's dashboard")
}

/// Nobody could say what became of an attempt. It stays under way, so that nothing else is charged
/// (rule X2), and is asked for again each day; its outcome sets the subscription going again.
pub(in crate::lifecycle) fn unresolved(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
) {
    let awaited = billing::invoice_mut(draft, invoice)
        .is_some_and(|invoice| invoice.in_flight == Some(payment));
    if awaited && draft.after.parked.is_none() && !draft.after.state.status().is_final() {
        draft.park(ParkedFor::OutcomeUnknown, unknown(payment));
    }
}

/// Our own mistake never counts against the customer: nothing more happens until someone looked.
pub(in crate::lifecycle) fn rejected(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    reason: &str,
) {
    if take_note(draft, payment, invoice).is_none() {
        return;
    }
    if draft.after.state.status().is_final() {
        draft.remark(format!("{payment} was rejected: {reason}"));
        billing::give_up_all(draft);
    } else {
        let why = format!("{payment} was rejected: {reason}");
        draft.park(ParkedFor::RequestRejected, why);
    }
}
