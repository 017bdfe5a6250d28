//! Collecting what is owed: one attempt at a time, the oldest invoice first.

mod outcome;

use super::Refused;
use super::billing;
use super::draft::Draft;
use super::effect::{Effect, Notice, Occasion, Reason};
use super::ladder;
use super::method::{Method, Unusable};
use super::subscription::State;
use crate::decline::{Action as Remedy, Class, Decline};
use crate::ids::{InvoiceId, PaymentId, PaymentMethodId};
use crate::network::Network;
use chrono::{DateTime, TimeDelta, Utc};

pub(super) use outcome::{
    Declined, declined, found, rejected, succeeded, tell_of_payments, unresolved,
};

/// A card that is attached again is charged at once only this long after its last re-attempt.
const SAME_CARD_APART: TimeDelta = TimeDelta::hours(24);

/// What became of the wish to collect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collecting {
    /// An attempt is planned.
    Planned,
    /// One is under way already.
    UnderWay,
    /// Nothing is owed, or nothing can be charged.
    Not,
}

/// Plans the next attempt with the first usable method.
pub(super) fn collect(draft: &mut Draft<'_>) -> Collecting {
    match draft.after.oldest_owed().map(|invoice| invoice.id) {
        Some(invoice) => collect_invoice(draft, invoice, Occasion::Schedule),
        None if draft.after.has_payment_in_flight() => Collecting::UnderWay,
        None => Collecting::Not,
    }
}

/// Plans the next attempt at this (open) invoice with the first usable method.
fn collect_invoice(draft: &mut Draft<'_>, invoice: InvoiceId, why: Occasion) -> Collecting {
    let mut methods = draft.after.methods.iter();
    let usable = methods.find(|method| may_charge(draft, method, invoice, why));
    match usable.map(|method| method.id) {
        Some(method) => charge(draft, method, invoice, why),
        None if draft.after.has_payment_in_flight() => Collecting::UnderWay,
        None => Collecting::Not,
    }
}

/// Whether the rules allow to charge this method with what is owed on an invoice. The networks count
/// all attempts: what is asked for leaves enough of their budgets for the retry steps to come.
fn may_charge(draft: &Draft<'_>, method: &Method, invoice: InvoiceId, occasion: Occasion) -> bool {
    let known = draft.after.invoices.iter().find(|known| known.id == invoice);
    let first = known.is_some_and(|invoice| invoice.attempts == 0);
    let allowed = match (first, occasion) {
        (true, _) => method.usable_at_first(draft.now),
        (false, Occasion::Schedule) => method.usable(draft.now),
        (false, Occasion::Request) => method.usable_keeping(steps_to_come(draft), draft.now),
    };
    allowed.is_ok()
}

/// The retry steps that the ladder still has.
fn steps_to_come(draft: &Draft<'_>) -> usize {
    match &draft.after.state {
        State::PastDue { case } => draft.policy.rungs.len().saturating_sub(case.next_rung),
        _ => 0,
    }
}

/// Plans the next attempt with this (usable) method. What is owed is read here and now, under
/// lock, so that nothing is charged twice (rule D5).
fn charge(
    draft: &mut Draft<'_>,
    method: PaymentMethodId,
    id: InvoiceId,
    occasion: Occasion,
) -> Collecting {
    if draft.after.has_payment_in_flight() {
        return Collecting::UnderWay;
    }
    let Some(invoice) = billing::invoice_mut(draft, id).filter(|invoice| invoice.due_minor() > 0)
    else {
        return Collecting::Not;
    };
    let (attempt, amount_minor) = (invoice.attempts + 1, invoice.due_minor());
    let payment = PaymentId::derived(&format!("{id}/{attempt}"));
    invoice.attempts = attempt;
    invoice.in_flight = Some(payment);
    invoice.occasion = occasion;
    let now = draft.now;
    let charged = draft.after.methods.iter_mut().find(|known| known.id == method);
    if let Some(charged) = charged.filter(|_| attempt > 1) {
        charged.recent_attempts.push(now);
    }
    draft.push(Effect::Charge { payment, invoice: id, attempt, method, amount_minor, occasion });
    Collecting::Planned
}

/// A final invoice is tried once by itself. Whatever becomes of that, no ladder follows: there is
/// no access to end any more, and the invoice stays open for whoever wants it paid.
pub(super) fn collect_finally(draft: &mut Draft<'_>, invoice: InvoiceId) {
    if billing::due_of(draft, invoice) > 0
        && collect_invoice(draft, invoice, Occasion::Schedule) == Collecting::Not
    {
        let why = why_unusable(&draft.after.methods, draft.now);
        draft.remark(format!("{invoice} is not charged: {why}"));
        let reason = obstacle(draft);
        draft.notify(Notice::PaymentFailed { attempt: 0, of: 1, next_attempt_at: None, reason });
    }
}

/// Collects what an active subscription owes; where nothing can be charged, the ladder begins.
pub(super) fn collect_or_fail(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.owed_minor() == 0 || collect(draft) != Collecting::Not {
        return Ok(());
    }
    let reason = obstacle(draft);
    ladder::begin(draft, draft.now, None, reason)
}

/// A new method is charged at once. One that was declined for good meanwhile is not, nor a card
/// that was charged again within a day: a new reference makes no new card of it.
pub(super) fn collect_with_new(draft: &mut Draft<'_>, method: PaymentMethodId) {
    let Some(invoice) = draft.after.oldest_owed().map(|invoice| invoice.id) else { return };
    let Some(known) = draft.after.methods.iter().find(|known| known.id == method) else { return };
    if known.was_charged_again_since(draft.now - SAME_CARD_APART) {
        draft.remark(format!("{method} is not charged at once: the same card was, within a day"));
    } else if may_charge(draft, known, invoice, Occasion::Request) {
        charge(draft, method, invoice, Occasion::Schedule);
    }
}

/// Somebody wants an invoice paid now: this one, and no other. Parked or not: its outcome ends a
/// standstill that attempts were the reason of.
pub(super) fn pay_requested(draft: &mut Draft<'_>, invoice: InvoiceId) -> Result<(), Refused> {
    let due = billing::due_of(draft, invoice);
    let ended = draft.after.state.status().is_final();
    if ended && due == 0 {
        return Err(Refused::TooLate {
            what: "paying an invoice",
            why: "the subscription has ended".to_owned(),
        });
    }
    if due == 0 || draft.after.has_payment_in_flight() {
        return Ok(());
    }
    if collect_invoice(draft, invoice, Occasion::Request) == Collecting::Not {
        let why = why_unusable(&draft.after.methods, draft.now);
        draft.remark(format!("{invoice} is not charged: {why}"));
    }
    Ok(())
}

/// What stands in the way of charging any method.
pub(super) fn obstacle(draft: &Draft<'_>) -> Reason {
    let methods = &draft.after.methods;
    if methods.is_empty() {
        return Reason::NoMethod;
    }
    if methods.iter().any(|method| method.blocked.is_none()) {
        return Reason::Declined;
    }
    let to_confirm = |method: &Method| {
        method.blocked.as_deref().is_some_and(|code| {
            Decline::new(code, method.network).classify().action == Remedy::Authenticate
        })
    };
    match methods.iter().any(to_confirm) {
        true => Reason::Authenticate,
        false => Reason::MethodUnusable,
    }
}

/// Why no method can be charged, for the record.
pub(super) fn why_unusable(methods: &[Method], now: DateTime<Utc>) -> String {
    let reasons: Vec<_> = methods
        .iter()
        .filter_map(|method| method.usable(now).err())
        .map(|reason| match reason {
            Unusable::Blocked(reason) => {
                match Decline::new(&reason, Network::Other).classify().class {
                    Class::Hard => format!("hard decline ({reason})"),
                    Class::Soft => format!("advised against ({reason})"),
                }
            }
            Unusable::NotBefore(until) => format!("network advice: not before {until}"),
            Unusable::BudgetSpent(until) => format!("network budget spent until {until}"),
        })
        .collect();
    if reasons.is_empty() { "no payment method".to_owned() } else { reasons.join("; ") }
}
