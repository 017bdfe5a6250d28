//! Ending a subscription on request.

use super::Refused;
use super::billing;
use super::collection;
use super::draft::Draft;
use super::effect::{Account, BalanceKind, CaseOutcome, Notice};
use super::event::{CancelWhen, UnusedTime};
use super::ladder;
use super::status::Edge;
use super::subscription::{Ended, State};
use crate::money::{Fraction, Money, MoneyError};
use chrono::{DateTime, Utc};

pub(super) fn requested(draft: &mut Draft<'_>, when: CancelWhen) -> Result<(), Refused> {
    if draft.after.state.status().is_final() {
        return Ok(());
    }
    match (when, &draft.after.state) {
        // There is no period to wait for.
        (
            CancelWhen::AtPeriodEnd,
            State::Scheduled { .. }
            | State::Incomplete { .. }
            | State::Paused(_)
            | State::Unpaid { .. },
        ) => end(draft, draft.now),
        (CancelWhen::AtPeriodEnd, _) if draft.after.cancel_requested_at.is_some() => Ok(()),
        (CancelWhen::AtPeriodEnd, _) if draft.now >= draft.after.period.end => {
            end(draft, draft.after.period.end)
        }
        (CancelWhen::AtPeriodEnd, _) => {
            draft.after.cancel_requested_at = Some(draft.now);
            draft.stay(Edge::CancelScheduled)?;
            ladder::stop_for_cancellation(draft)?;
            draft.notify(Notice::Canceled);
            Ok(())
        }
        // What was scheduled has come about already.
        (CancelWhen::Now(_), _)
            if draft.after.cancel_requested_at.is_some() && draft.now >= draft.after.period.end =>
        {
            end(draft, draft.after.period.end)
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
        return Err(Refused::TooLate {
            what: "undoing the cancellation",
            why: "the subscription has ended".into(),
        });
    }
    if draft.after.cancel_requested_at.is_none() {
        return Ok(());
    }
    if draft.now >= draft.after.period.end {
        return Err(Refused::TooLate {
            what: "undoing the cancellation",
            why: "the period has ended".into(),
        });
    }
    draft.after.cancel_requested_at = None;
    let state = ladder::resumed(draft);
    draft.take(Edge::CancelUndone, state)
}

/// The period has ended, and the subscription with it: no new period starts.
pub(super) fn at_period_end(draft: &mut Draft<'_>) -> Result<(), Refused> {
    end(draft, draft.after.period.end)
}

fn end(draft: &mut Draft<'_>, at: DateTime<Utc>) -> Result<(), Refused> {
    // An end with the period was told of when it was scheduled; any other was not.
    let told = draft.after.cancel_requested_at.is_some() && at == draft.after.period.end;
    draft.close_case(CaseOutcome::Canceled);
    billing::give_up_all(draft);
    draft.take(Edge::Canceled, State::Canceled(Ended { at }))?;
    if !told {
        draft.notify(Notice::Canceled);
    }
    Ok(())
}

/// Usage was priced after the last renewal: it is billed once the outcome of any attempt is known,
/// so that there is one attempt at a time.
pub(super) fn usage_left(draft: &mut Draft<'_>) -> Result<(), Refused> {
    if !draft.after.state.status().is_final() || draft.after.has_payment_in_flight() {
        return Ok(());
    }
    if let Some(invoice) = billing::bill_finally(draft)? {
        collection::collect_finally(draft, invoice);
    }
    Ok(())
}

/// Credits what was billed for the rest of the period: open invoices first (rules M2, M3).
fn credit_unused(draft: &mut Draft<'_>) -> Result<(), Refused> {
    let credit = unused(draft)?;
    if credit == 0 {
        return Ok(());
    }
    let entries = [(Account::Revenue, credit), (Account::CustomerCredit, -credit)];
    draft.post("unused_time_credited", &entries, None, None);
    billing::move_balance(draft, BalanceKind::Credit, credit, None);
    let index = draft.after.period.index;
    let mut open: Vec<_> = draft.after.invoices.iter().filter(|invoice| invoice.open).collect();
    open.sort_by_key(|invoice| (invoice.period.index != index, invoice.period.start));
    let mut left = credit;
    for (id, due) in
        open.iter().map(|invoice| (invoice.id, invoice.due_minor())).collect::<Vec<_>>()
    {
        let applied = due.min(left);
        if applied > 0 {
            billing::credit_invoice(draft, id, BalanceKind::Applied, applied);
            left -= applied;
        }
    }
    Ok(())
}

/// The price of the time from now to the end of the period, never more than was billed for it.
fn unused(draft: &Draft<'_>) -> Result<i64, Refused> {
    let period = draft.after.period;
    let serviced =
        matches!(draft.after.state, State::Active | State::PastDue { .. } | State::Grace { .. });
    if !serviced || !period.contains(draft.now) {
        return Ok(0);
    }
    let whole = draft.after.cycle.period(period.index)?;
    let all = (whole.end - whole.start).num_seconds();
    let share = |from: DateTime<Utc>| {
        let part = (period.end - from).num_seconds().min(all);
        Fraction::new(part.into(), all.into())
    };
    let (mut credit, mut billed) = (0_i64, 0_i64);
    for item in &draft.after.items {
        let price = item.amount_minor().ok_or(MoneyError::Overflow)?;
        let price = Money::new(price, draft.after.currency);
        let line = price.share(share(period.start))?;
        let unused = price.share(share(draft.now))?.at_most(line)?;
        credit = credit.checked_add(unused.minor).ok_or(MoneyError::Overflow)?;
        billed = billed.checked_add(line.minor).ok_or(MoneyError::Overflow)?;
    }
    Ok(credit.min(billed))
}
