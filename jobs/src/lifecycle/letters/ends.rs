//! Emails about a subscription that ends, or will.

use perennial_core::lifecycle::{BalanceKind, Effect, NewMethod, Outlook, State, Then};

use super::{Desk, restriction};
use crate::mail::{self, AccessEnd, CancelEffect, Charging, Letter, Overdue, WhyEnded};

impl Desk<'_> {
    pub(super) fn canceled(&self, ahead: &Outlook) -> Letter {
        let after = &self.decided.after;
        let effect = match &after.state {
            State::Canceled(ended) => CancelEffect::Now {
                ended_at: ended.at,
                credit: self.credited(),
                credit_used: self.credit_used(),
                given_up: self.given_up(),
            },
            _ => CancelEffect::AtPeriodEnd {
                ends_at: ahead.access_ends_at.unwrap_or(after.period.end),
                restriction: restriction(ahead),
                overdue: self.overdue(ahead),
            },
        };
        let requested_at = after.cancel_requested_at.unwrap_or(self.loaded().now);
        mail::Canceled { plan: self.plan(), requested_at, effect }.into()
    }

    /// What is overdue at a cancellation, and what becomes of it.
    fn overdue(&self, ahead: &Outlook) -> Option<Overdue> {
        let after = &self.decided.after;
        after.state.case().filter(|_| ahead.owed_minor > 0)?;
        let charging = match (ahead.new_method, ahead.next_charge) {
            (NewMethod::OnRequest, _) => Charging::OnRequest,
            (NewMethod::Charged, Some(charge)) => Charging::Retry { at: charge.at },
            (NewMethod::Charged, None) => Charging::Over,
        };
        let earlier = ahead.access_ends_at.is_some_and(|ends_at| ends_at < after.period.end);
        Some(Overdue {
            invoice_numbers: self.owed_numbers(after),
            amount_due: self.money(ahead.owed_minor),
            charging,
            kept_if_paid: earlier.then_some(after.period.end),
        })
    }

    fn credited(&self) -> Option<perennial_core::money::Money> {
        self.decided.effects.iter().find_map(|effect| match effect {
            Effect::Balance(change) if change.kind == BalanceKind::Credit => {
                Some(self.money(change.amount_minor))
            }
            _ => None,
        })
    }

    /// What of a credit paid open invoices in the same decision.
    fn credit_used(&self) -> Option<perennial_core::money::Money> {
        let used = self.decided.effects.iter().filter_map(|effect| match effect {
            Effect::Balance(change) if change.kind == BalanceKind::Applied => {
                Some(-change.amount_minor)
            }
            _ => None,
        });
        Some(used.fold(0, i64::saturating_add)).filter(|used| *used > 0).map(|it| self.money(it))
    }

    /// What was still open and is written off, or void.
    fn given_up(&self) -> Option<perennial_core::money::Money> {
        let given_up = self.decided.effects.iter().filter_map(|effect| match effect {
            Effect::Post(posting)
                if matches!(posting.kind, "invoice_written_off" | "invoice_voided") =>
            {
                Some(posting.entries.iter().map(|entry| entry.amount_minor.max(0)).sum::<i64>())
            }
            _ => None,
        });
        let sum = given_up.fold(0, i64::saturating_add);
        Some(sum).filter(|sum| *sum > 0).map(|sum| self.money(sum))
    }

    pub(super) fn expired(&self) -> Letter {
        let (before, after) = (&self.loaded().subscription, &self.decided.after);
        let ended_at = match (&after.state, &before.state) {
            (State::Expired(ended) | State::Canceled(ended), _) => ended.at,
            (_, State::Grace { until, .. }) => *until,
            _ => self.loaded().now,
        };
        let now = match &after.state {
            State::Expired(_) | State::Canceled(_) => AccessEnd::Ended,
            State::Unpaid { .. } => AccessEnd::Suspended,
            _ => self.then(Then::Downgraded),
        };
        let why = match &before.state {
            State::Incomplete { .. } => WhyEnded::NeverPaid,
            _ if before.parked.is_some() && before.owed_minor() == 0 => WhyEnded::NotBilled,
            _ => WhyEnded::Unpaid {
                invoice_numbers: self.owed_numbers(before),
                amount_due: self.money(before.owed_minor()),
                period_ends_at: matches!(after.state, State::Unpaid { .. })
                    .then_some(after.period.end),
            },
        };
        mail::Expired { plan: self.plan(), ended_at, why, now }.into()
    }

    pub(super) fn trial_lapsed(&self) -> Letter {
        let after = &self.decided.after;
        let (ended_at, now) = match &after.state {
            State::Canceled(ended) => (ended.at, AccessEnd::Ended),
            _ => (after.period.end, AccessEnd::Suspended),
        };
        let (price, interval) = (Some(self.price()), Some(after.cycle.interval));
        let why = WhyEnded::TrialOver { price, interval };
        mail::Expired { plan: self.plan(), ended_at, why, now }.into()
    }
}
