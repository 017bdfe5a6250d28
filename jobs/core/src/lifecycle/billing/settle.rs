//! What becomes of invoices when a subscription ends.

use super::{close, close_untold, invoice_mut, move_balance};
use crate::ids::{InvoiceId, PaymentId};
use crate::lifecycle::draft::Draft;
use crate::lifecycle::effect::{Account, BalanceKind, InvoiceClose, InvoiceKind};
use crate::lifecycle::subscription::Invoice;

/// Closes every open invoice whose outcome is not awaited. Final ones stay: they came after the end.
pub(in crate::lifecycle) fn give_up_all(draft: &mut Draft<'_>) {
    let given_up = |invoice: &&Invoice| {
        invoice.open && invoice.in_flight.is_none() && invoice.kind == InvoiceKind::Period
    };
    let open: Vec<_> =
        draft.after.invoices.iter().filter(given_up).map(|invoice| invoice.id).collect();
    for id in open {
        give_up(draft, id);
    }
}

fn give_up(draft: &mut Draft<'_>, id: InvoiceId) {
    let unserved = was_never_served(draft, id);
    let Some(invoice) = invoice_mut(draft, id) else { return };
    let (due, settled) = (invoice.due_minor(), invoice.settled_minor);
    let how = match due {
        _ if unserved => InvoiceClose::Void,
        0 => InvoiceClose::Paid,
        _ => InvoiceClose::Uncollectible,
    };
    if settled > 0 {
        // Partly paid: that is told of with the next receipt.
        close(draft, id, how);
    } else {
        close_untold(draft, id, how);
    }
}

/// Undoes what a void invoice billed. What it took from the customer's balance goes back there: the
/// credit it used, and the debt that it took over from earlier invoices, which is still owed.
pub(super) fn take_back(draft: &mut Draft<'_>, id: InvoiceId, due_minor: i64) {
    let Some(invoice) = invoice_mut(draft, id) else { return };
    let (credit, debt) = (invoice.credited_minor, invoice.carried_unpaid_minor());
    let entries = [
        (Account::Revenue, due_minor + credit - debt),
        (Account::CustomerCredit, debt - credit),
        (Account::AccountsReceivable, -due_minor),
    ];
    draft.post("invoice_voided", &entries, Some(id), None);
    if credit > 0 {
        move_balance(draft, BalanceKind::Credit, credit, None);
    }
    if debt > 0 {
        move_balance(draft, BalanceKind::Carried, -debt, None);
    }
}

/// An invoice dated the very start can only be open if the first payment never came: from then
/// on there was no access, and nothing is owed for it.
pub(in crate::lifecycle) fn was_never_served(draft: &Draft<'_>, id: InvoiceId) -> bool {
    let invoice = draft.after.invoices.iter().find(|invoice| invoice.id == id);
    invoice.is_some_and(|invoice| {
        invoice.open
            && invoice.kind == InvoiceKind::Period
            && invoice.period.start == draft.after.started_at
    })
}

/// The first payment came after all, but for a subscription that had been canceled before it
/// gave any access: the customer has the money, and what balance it took, as a credit.
pub(in crate::lifecycle) fn credit_payment_of_nothing(
    draft: &mut Draft<'_>,
    payment: PaymentId,
    invoice: InvoiceId,
    paid_minor: i64,
) {
    let Some(known) = invoice_mut(draft, invoice) else { return };
    // What it took over from earlier invoices was owed for service that was given.
    let kept = known.carried_minor;
    let credit = match known.open {
        // Void before long, which gives back what balance it took.
        true => (paid_minor - kept).max(0),
        false => paid_minor + known.credited_minor - kept,
    };
    if credit == 0 {
        return;
    }
    let entries = [(Account::Revenue, credit), (Account::CustomerCredit, -credit)];
    draft.post("unserved_payment_credited", &entries, Some(invoice), Some(payment));
    move_balance(draft, BalanceKind::Credit, credit, None);
    draft.remark(format!("{payment} was captured after the subscription had ended: credited"));
}
