//! Ending a subscription on request.

use super::billing;
use super::draft::Draft;
use super::effect::{BalanceKind, CaseOutcome, InvoiceClose, Notice};
use super::event::{CancelWhen, UnusedTime};
use super::status::Edge;
use super::subscription::{Ended, State};
use super::Refused;
use crate::money::{Fraction, Money};
use chrono::{DateTime, Utc};

pub(super) fn requested(draft: &mut Draft<'_>, when: CancelWhen) -> Result<(), Refused> {
    if draft.after.state.status().is_final() {
        return Ok(());
    }
    match (when, &draft.after.state) {
        // There is no period to wait for.
        (CancelWhen::AtPeriodEnd, State::Incomplete { .. } | State::Paused(_) | State::Unpaid { .. }) => {
            end(draft, draft.now)
        }
        (CancelWhen::AtPeriodEnd, _) if draft.after.cancel_requested_at.is_some() => Ok(()),
        (CancelWhen::AtPeriodEnd, _) if draft.now >= draft.after.period.end => end(draft, draft.after.period.end),
        (CancelWhen::AtPeriodEnd, _) => {
            draft.after.cancel_requested_at = Some(draft.now);
            draft.stay(Edge::CancelScheduled)?;
            draft.notify(Notice::Canceled);
            Ok(())
        }
        (CancelWhen::Now(unused), _) => {
            if unused == UnusedTime::Credited {
                credit_unused(draft)?;
            }
            end(draft, draft.now)
        }
    }
}

/// Takes a cancellation back, until the instant the period ends.
pub(super) fn undone(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if draft.after.state.status().is_final() {
        return Err(Refused::TooLate { what: "undoing the cancellation", why: "the subscription has ended".into() });
    }
    if draft.after.cancel_requested_at.is_none() {
        return Ok(());
    }
    if draft.now >= draft.after.period.end {
        return Err(Refused::TooLate { what: "undoing the cancellation", why: "the period has ended".into() });
    }
    draft.after.cancel_requested_at = None;
    draft.stay(Edge::CancelUndone)
}

/// The period has ended, and the subscription with it: no new period starts.
pub(super) fn at_period_end(draft: &mut Draft<'_>) -> Result<(), Refused> {
    end(draft, draft.after.period.end)
}

fn end(draft: &mut Draft<'_>, at: DateTime<Utc>) -> Result<(), Refused> {
    let nothing_used = matches!(draft.after.state, State::Incomplete { .. });
    // A cancellation that was scheduled has been told of when it was.
    let told = draft.after.cancel_requested_at.is_some();
    draft.close_case(CaseOutcome::Canceled);
    billing::close_all(draft, if nothing_used { InvoiceClose::Void } else { InvoiceClose::Uncollectible });
    draft.take(Edge::Canceled, State::Canceled(Ended { at }))?;
    if !told {
        draft.notify(Notice::Canceled);
    }
    Ok(())
}

/// Credits what was billed for the rest of the period: the open invoice first (rules M2, M3).
fn credit_unused(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let period = draft.after.period;
    let serviced = matches!(draft.after.state, State::Active | State::PastDue { .. } | State::Grace { .. });
    if !serviced || !period.contains(draft.now) {
        return Ok(());
    }
    let whole = draft.after.cycle.period(period.index)?;
    let price = Money::new(
        draft.after.period_price_minor().ok_or(crate::money::MoneyError::Overflow)?,
        draft.after.currency,
    );
    let seconds = |from: DateTime<Utc>| i128::from((period.end - from).num_seconds());
    let all = (whole.end - whole.start).num_seconds().into();
    // Never more than was billed for this (possibly shorter) period.
    let billed = price.share(Fraction::new(seconds(period.start), all))?;
    let credit = price.share(Fraction::new(seconds(draft.now), all))?.at_most(billed)?.minor;
    if credit == 0 {
        return Ok(());
    }
    draft.post("unused_time_credited", &[("revenue", credit), ("customer_credit", -credit)], None, None);
    billing::move_balance(draft, BalanceKind::Credit, credit, None);
    let open = draft.after.invoices.iter().find(|invoice| invoice.period.index == period.index && invoice.open);
    if let Some((id, due)) = open.filter(|invoice| invoice.in_flight.is_none()).map(|invoice| (invoice.id, invoice.due_minor())) {
        billing::credit_invoice(draft, id, BalanceKind::Applied, credit.min(due));
        if due <= credit {
            billing::close(draft, id, InvoiceClose::Paid);
        }
    }
    Ok(())
}
