//! Invoices: what a period costs, and what becomes of amounts that are not charged.

mod lines;
mod settle;

use super::Refused;
use super::draft::Draft;
use super::effect::{
    Account, BalanceChange, BalanceKind, Effect, InvoiceClose, InvoiceKind, IssuedInvoice, Line,
    LineKind, Occasion, PeriodKind,
};
use super::subscription::Invoice;
use crate::calendar::Period;
use crate::ids::InvoiceId;
use crate::invoice::{Collectability, collectability};
use crate::money::Money;
use chrono::{DateTime, Utc};
use lines::{left_over, lines, sum};

pub(super) use settle::{credit_payment_of_nothing, give_up_all, was_never_served};

/// Whether an invoice also bills what is billed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetupFee {
    Billed,
    Not,
}

/// Opens service periods that follow each other, and finalises one invoice for all of them: one
/// invoice has one payment intent (rule X1), so what is owed at one instant is charged once.
pub(super) fn bill(
    draft: &mut Draft<'_>,
    periods: &[Period],
    setup: SetupFee,
) -> Result<(), Refused> {
    let Some(&first) = periods.first() else { return Ok(()) };
    for &period in periods {
        draft.after.period = period;
        draft.push(Effect::PeriodOpened { period, kind: PeriodKind::Service });
    }
    let lines = lines(draft, periods, setup)?;
    let id = InvoiceId::derived(&format!("{}/{}/period", draft.after.id, first.index));
    let (kind, issued_at) = (InvoiceKind::Period, first.start);
    issue(draft, Draw { id, kind, period: first, lines, issued_at })
}

/// Bills what was used beyond limits and has no other invoice left to be on: which one, `None`
/// where there is nothing.
pub(super) fn bill_finally(draft: &mut Draft<'_>) -> Result<Option<InvoiceId>, Refused> {
    let pending = &draft.after.pending;
    let (Some(first), Some(start), Some(end)) = (
        pending.first(),
        pending.iter().map(|item| item.used_in.start).min(),
        pending.iter().map(|item| item.used_in.end).max(),
    ) else {
        return Ok(None);
    };
    // An item is billed once, so its invoice is named by it.
    let id = InvoiceId::derived(&format!("{}/{}/final", draft.after.id, first.id));
    let period = Period { index: draft.after.period.index, start, end };
    let (kind, lines, issued_at) = (InvoiceKind::Final, left_over(draft)?, period.end);
    issue(draft, Draw { id, kind, period, lines, issued_at })?;
    Ok(Some(id))
}

/// An invoice that is about to be finalised.
struct Draw {
    id: InvoiceId,
    kind: InvoiceKind,
    period: Period,
    lines: Vec<Line>,
    issued_at: DateTime<Utc>,
}

/// Finalises an invoice; credits pay what they can.
fn issue(draft: &mut Draft<'_>, draw: Draw) -> Result<(), Refused> {
    let Draw { id, kind, period, lines, issued_at } = draw;
    let total_minor = sum(lines.iter().map(|line| line.amount_minor))?;
    let carried = lines.iter().filter(|line| line.kind == LineKind::CarriedBalance);
    let carried_minor = sum(carried.map(|line| line.amount_minor))?;
    draft.push(Effect::Issued(IssuedInvoice {
        id,
        kind,
        period,
        lines,
        total_minor,
        issued_at,
        due_at: draft.now.max(issued_at),
    }));
    let pending: Vec<_> = draft.after.pending.drain(..).map(|item| item.id).collect();
    if !pending.is_empty() {
        draft.push(Effect::PendingBilled { items: pending, invoice: id });
    }
    draft.after.invoices.push(Invoice {
        id,
        kind,
        period,
        total_minor,
        carried_minor,
        settled_minor: 0,
        credited_minor: 0,
        written_off_minor: 0,
        open: true,
        attempts: 0,
        in_flight: None,
        occasion: Occasion::Schedule,
    });
    if total_minor != 0 {
        let revenue = carried_minor - total_minor;
        let entries = [
            (Account::AccountsReceivable, total_minor),
            (Account::Revenue, revenue),
            (Account::CustomerCredit, -carried_minor),
        ];
        draft.post("invoice_issued", &entries, Some(id), None);
    }
    if carried_minor > 0 {
        move_balance(draft, BalanceKind::Collected, carried_minor, Some(id));
    }
    settle_without_charge(draft, id);
    Ok(())
}

/// Applies credits; what is then zero is paid, what is too small to charge is carried (rule M5).
fn settle_without_charge(draft: &mut Draft<'_>, id: InvoiceId) {
    let due = due_of(draft, id);
    let credit = due.min(draft.after.balance_minor).max(0);
    if credit > 0 {
        credit_invoice(draft, id, BalanceKind::Applied, credit);
    }
    let due = Money::new(due_of(draft, id), draft.after.currency);
    match collectability(due) {
        Ok(Collectability::Nothing) => close_untold(draft, id, InvoiceClose::Paid),
        Ok(Collectability::CarryToBalance { carried }) => {
            carry(draft, id, carried);
            close_untold(draft, id, InvoiceClose::Paid);
        }
        Ok(Collectability::Charge { carried, .. }) if carried.is_positive() => {
            carry(draft, id, carried);
        }
        // A due amount is never negative.
        Ok(Collectability::Charge { .. }) | Err(_) => {}
    }
}

/// What is too small to charge, or what the provider's units cannot express, is carried over.
fn carry(draft: &mut Draft<'_>, id: InvoiceId, carried: Money) {
    credit_invoice(draft, id, BalanceKind::Carried, carried.minor);
    draft.remark(format!("{id}: {carried} cannot be charged now and is carried over"));
}

/// Pays a part of an invoice from the customer's balance, which may become a debt.
pub(super) fn credit_invoice(
    draft: &mut Draft<'_>,
    id: InvoiceId,
    kind: BalanceKind,
    amount_minor: i64,
) {
    let Some(invoice) = invoice_mut(draft, id) else { return };
    // An invoice can be credited more than once: what it had before tells the postings apart.
    let about = format!("{id}/{}", invoice.credited_minor);
    invoice.credited_minor += amount_minor;
    move_balance(draft, kind, -amount_minor, Some(id));
    let posting = match kind {
        BalanceKind::Carried => "balance_carried",
        _ => "credit_applied",
    };
    let entries =
        [(Account::CustomerCredit, amount_minor), (Account::AccountsReceivable, -amount_minor)];
    draft.post_about(&about, posting, &entries, Some(id));
}

pub(super) fn move_balance(
    draft: &mut Draft<'_>,
    kind: BalanceKind,
    amount_minor: i64,
    invoice: Option<InvoiceId>,
) {
    draft.after.balance_minor = draft.after.balance_minor.saturating_add(amount_minor);
    draft.push(Effect::Balance(BalanceChange { kind, amount_minor, invoice }));
}

/// Closes an open invoice; what is still due is taken out of the books as `how` says.
pub(super) fn close(draft: &mut Draft<'_>, id: InvoiceId, how: InvoiceClose) {
    let due = due_of(draft, id);
    let Some(invoice) = invoice_mut(draft, id).filter(|invoice| invoice.open) else { return };
    invoice.open = false;
    match how {
        InvoiceClose::Paid => {}
        InvoiceClose::Void => settle::take_back(draft, id, due),
        InvoiceClose::Uncollectible => {
            let entries = [(Account::BadDebt, due), (Account::AccountsReceivable, -due)];
            draft.post("invoice_written_off", &entries, Some(id), None);
        }
    }
    draft.push(Effect::Closed { invoice: id, how });
}

/// Closes an invoice that nobody has paid: there is nothing to tell of it.
fn close_untold(draft: &mut Draft<'_>, id: InvoiceId, how: InvoiceClose) {
    close(draft, id, how);
    draft.push(Effect::Receipted { invoices: vec![id] });
    draft.after.invoices.retain(|invoice| invoice.id != id);
}

pub(super) fn invoice_mut<'d>(draft: &'d mut Draft<'_>, id: InvoiceId) -> Option<&'d mut Invoice> {
    draft.after.invoices.iter_mut().find(|invoice| invoice.id == id)
}

pub(super) fn due_of(draft: &Draft<'_>, id: InvoiceId) -> i64 {
    draft.after.invoices.iter().find(|invoice| invoice.id == id).map_or(0, Invoice::due_minor)
}
