//! Invoices: what a period costs, and what becomes of amounts that are not charged.

use super::Refused;
use super::draft::Draft;
use super::effect::{BalanceChange, BalanceKind, Effect, InvoiceClose, IssuedInvoice, Line, LineKind, PeriodKind};
use super::subscription::{Invoice, Item};
use crate::calendar::Period;
use crate::ids::InvoiceId;
use crate::money::{Fraction, Money, MoneyError};

/// Whether an invoice also bills what is billed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetupFee {
    Billed,
    Not,
}

/// Opens a service period and finalises its invoice.
pub(super) fn bill(draft: &mut Draft<'_>, period: Period, setup: SetupFee) -> Result<(), Refused> {
    draft.after.period = period;
    draft.push(Effect::PeriodOpened { period, kind: PeriodKind::Service });
    let lines = lines(draft, period, setup)?;
    let total_minor = sum(lines.iter().map(|line| line.amount_minor))?;
    let id = InvoiceId::derived(&format!("{}/{}/period", draft.after.id, period.index));
    let carried = lines.iter().filter(|line| line.kind == LineKind::CarriedBalance);
    let carried_minor = sum(carried.map(|line| line.amount_minor))?;
    draft.push(Effect::Issued(IssuedInvoice {
        id,
        period,
        lines,
        total_minor,
        issued_at: period.start,
        due_at: draft.now.max(period.start),
    }));
    draft.after.invoices.push(Invoice {
        id,
        period,
        total_minor,
        settled_minor: 0,
        credited_minor: 0,
        open: true,
        attempts: 0,
        in_flight: None,
    });
    if total_minor != 0 {
        let revenue = carried_minor - total_minor;
        let entries =
            [("accounts_receivable", total_minor), ("revenue", revenue), ("customer_credit", -carried_minor)];
        draft.post("invoice_issued", &entries, Some(id), None);
    }
    if carried_minor > 0 {
        move_balance(draft, BalanceKind::Collected, carried_minor, Some(id));
    }
    settle_without_charge(draft, id);
    Ok(())
}

fn lines(draft: &Draft<'_>, period: Period, setup: SetupFee) -> Result<Vec<Line>, Refused> {
    let subscription = &draft.after;
    let whole = subscription.cycle.period(period.index)?;
    let mut lines = Vec::with_capacity(subscription.items.len() + 1);
    for item in &subscription.items {
        lines.push(item_line(subscription.currency, item, period, whole)?);
        if setup == SetupFee::Billed && item.setup_fee_minor > 0 {
            let description = format!("{}: setup", item.description);
            let fee = item.setup_fee_minor;
            lines.push(single(LineKind::SetupFee, description, fee, Some(item.price)));
        }
    }
    if subscription.balance_minor < 0 {
        let owed = subscription.balance_minor.checked_neg().ok_or(MoneyError::Overflow)?;
        lines.push(single(LineKind::CarriedBalance, "Carried over".to_owned(), owed, None));
    }
    Ok(lines)
}

/// An item's line; a period shorter than the whole one is prorated by the second (rules T3, M2).
fn item_line(
    currency: crate::currency::Currency,
    item: &Item,
    period: Period,
    whole: Period,
) -> Result<Line, Refused> {
    let full = Money::new(item.amount_minor().ok_or(MoneyError::Overflow)?, currency);
    let (kind, amount) = if period.start > whole.start {
        let left = (period.end - period.start).num_seconds();
        let all = (whole.end - whole.start).num_seconds();
        (LineKind::Proration, full.share(Fraction::new(left.into(), all.into()))?)
    } else {
        (LineKind::Subscription, full)
    };
    Ok(Line {
        kind,
        description: item.description.clone(),
        quantity: item.quantity,
        unit_amount_minor: item.unit_amount_minor,
        amount_minor: amount.minor,
        price: Some(item.price),
    })
}

fn single(
    kind: LineKind,
    description: String,
    amount_minor: i64,
    price: Option<crate::ids::PriceId>,
) -> Line {
    Line { kind, description, quantity: 1, unit_amount_minor: amount_minor, amount_minor, price }
}

/// Applies credits; what is then zero is paid, what is too small to charge is carried (rule M5).
fn settle_without_charge(draft: &mut Draft<'_>, id: InvoiceId) {
    let due = due_of(draft, id);
    let credit = due.min(draft.after.balance_minor).max(0);
    if credit > 0 {
        credit_invoice(draft, id, BalanceKind::Applied, credit);
    }
    let due = due_of(draft, id);
    if due == 0 {
        close(draft, id, InvoiceClose::Paid);
        receipt_not_needed(draft, id);
    } else if draft.after.currency.min_charge_minor().is_some_and(|minimum| due < minimum) {
        credit_invoice(draft, id, BalanceKind::Carried, due);
        draft.remark(format!("{id}: {due} minor units are too small to charge and are carried over"));
        close(draft, id, InvoiceClose::Paid);
        receipt_not_needed(draft, id);
    }
}

/// Pays a part of an invoice from the customer's balance, which may become a debt.
pub(super) fn credit_invoice(draft: &mut Draft<'_>, id: InvoiceId, kind: BalanceKind, amount_minor: i64) {
    move_balance(draft, kind, -amount_minor, Some(id));
    if let Some(invoice) = invoice_mut(draft, id) {
        invoice.credited_minor += amount_minor;
    }
    let posting = if kind == BalanceKind::Carried { "balance_carried" } else { "credit_applied" };
    let entries = [("customer_credit", amount_minor), ("accounts_receivable", -amount_minor)];
    draft.post(posting, &entries, Some(id), None);
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
    let against = match how {
        InvoiceClose::Paid => None,
        InvoiceClose::Void => Some(("invoice_voided", "revenue")),
        InvoiceClose::Uncollectible => Some(("invoice_written_off", "bad_debt")),
    };
    if let Some((kind, account)) = against
        && due != 0
    {
        draft.post(kind, &[(account, due), ("accounts_receivable", -due)], Some(id), None);
    }
    if let Some(invoice) = invoice_mut(draft, id) {
        invoice.open = false;
    }
    draft.push(Effect::Closed { invoice: id, how });
    if how != InvoiceClose::Paid {
        receipt_not_needed(draft, id);
    }
}

/// Closes every open invoice whose outcome is not awaited.
pub(super) fn close_all(draft: &mut Draft<'_>, how: InvoiceClose) {
    let open = draft.after.invoices.iter().filter(|invoice| invoice.open && invoice.in_flight.is_none());
    for id in open.map(|invoice| invoice.id).collect::<Vec<_>>() {
        close(draft, id, how);
    }
}

fn receipt_not_needed(draft: &mut Draft<'_>, id: InvoiceId) {
    draft.push(Effect::Receipted { invoices: vec![id] });
    draft.after.invoices.retain(|invoice| invoice.id != id || invoice.in_flight.is_some());
}

pub(super) fn invoice_mut<'d>(draft: &'d mut Draft<'_>, id: InvoiceId) -> Option<&'d mut Invoice> {
    draft.after.invoices.iter_mut().find(|invoice| invoice.id == id)
}

fn due_of(draft: &Draft<'_>, id: InvoiceId) -> i64 {
    draft.after.invoices.iter().find(|invoice| invoice.id == id).map_or(0, Invoice::due_minor)
}

fn sum(amounts: impl Iterator<Item = i64>) -> Result<i64, MoneyError> {
    let mut total = 0_i64;
    for amount in amounts {
        total = total.checked_add(amount).ok_or(MoneyError::Overflow)?;
    }
    Ok(total)
}
