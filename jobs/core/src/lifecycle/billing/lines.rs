//! What a period costs, line by line.

use super::SetupFee;
use crate::calendar::Period;
use crate::currency::Currency;
use crate::ids::PriceId;
use crate::lifecycle::Refused;
use crate::lifecycle::draft::Draft;
use crate::lifecycle::effect::{Line, LineKind};
use crate::lifecycle::subscription::Item;
use crate::money::{Fraction, Money, MoneyError};

/// The lines of an invoice for these periods. Only the first period is the invoice's own; the
/// lines of the others say which one they are for.
pub(super) fn lines(
    draft: &Draft<'_>,
    periods: &[Period],
    setup: SetupFee,
) -> Result<Vec<Line>, Refused> {
    let subscription = &draft.after;
    let mut lines = Vec::with_capacity(periods.len() * subscription.items.len() + 1);
    for (position, &period) in periods.iter().enumerate() {
        let whole = subscription.cycle.period(period.index)?;
        for item in &subscription.items {
            let line = item_line(subscription.currency, item, period, whole)?;
            let used_in = (position > 0).then_some(period.start..period.end);
            lines.push(Line { used_in, ..line });
            if position == 0 && setup == SetupFee::Billed && item.setup_fee_minor > 0 {
                let description = format!("{}: setup", item.description);
                let fee = item.setup_fee_minor;
                lines.push(single(LineKind::SetupFee, description, fee, Some(item.price)));
            }
        }
    }
    lines.extend(left_over(draft)?);
    Ok(lines)
}

/// What no item's price bills: usage beyond limits, and what was too small to charge before.
pub(super) fn left_over(draft: &Draft<'_>) -> Result<Vec<Line>, MoneyError> {
    let subscription = &draft.after;
    let mut lines = Vec::with_capacity(subscription.pending.len() + 1);
    for item in &subscription.pending {
        lines.push(Line {
            kind: item.kind,
            description: item.description.clone(),
            quantity: item.quantity,
            unit_amount_minor: 0,
            amount_minor: item.amount_minor,
            price: None,
            used_in: Some(item.used_in.clone()),
        });
    }
    if subscription.balance_minor < 0 {
        let owed = subscription.balance_minor.checked_neg().ok_or(MoneyError::Overflow)?;
        lines.push(single(LineKind::CarriedBalance, "Carried over".to_owned(), owed, None));
    }
    Ok(lines)
}

/// An item's line; a period shorter than the whole one is prorated by the second (rules T3, M2).
fn item_line(
    currency: Currency,
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
        used_in: None,
    })
}

fn single(kind: LineKind, description: String, amount_minor: i64, price: Option<PriceId>) -> Line {
    let (quantity, unit_amount_minor) = (1, amount_minor);
    Line { kind, description, quantity, unit_amount_minor, amount_minor, price, used_in: None }
}

/// A checked sum.
pub(super) fn sum(amounts: impl Iterator<Item = i64>) -> Result<i64, MoneyError> {
    let mut total = 0_i64;
    for amount in amounts {
        total = total.checked_add(amount).ok_or(MoneyError::Overflow)?;
    }
    Ok(total)
}
