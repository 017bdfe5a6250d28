//! From a notice of the core to the letter that says it: the facts a customer is told.

use std::collections::HashMap;

use perennial_core::dunning::{EndAction, TrialWithoutMethod};
use perennial_core::ids::{InvoiceId, PaymentMethodId};
use perennial_core::lifecycle::{
    Effect, Event, Invoice, Notice, Reason as Obstacle, State, Subscription,
};
use perennial_core::money::Money;

use super::load::Loaded;
use super::save::Decided;
use super::{Cause, Settled};
use crate::mail::{
    self, AccessEnd, AfterTrial, CancelEffect, Letter, Method, NextStep, PaidInvoice, Period,
    Reason, ReceiptLine, WhyEnded,
};
use crate::store::invoices::{LineText, number_text};
use crate::store::methods::MethodRow;

/// A letter and the key that makes it unique.
pub(super) struct LetterFor {
    pub(super) key: String,
    pub(super) letter: Letter,
}

/// Where the letters of one decision are written.
pub(super) struct Desk<'a> {
    decided: &'a Decided,
    lines: &'a HashMap<InvoiceId, Vec<LineText>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(decided: &'a Decided, lines: &'a HashMap<InvoiceId, Vec<LineText>>) -> Self {
        Self { decided, lines }
    }

    /// The key of the mail that tells of these payments.
    pub(super) fn receipt_key(&self, invoices: &[InvoiceId]) -> String {
        let told = self.decided.effects.iter().any(
            |effect| matches!(effect, Effect::Notify(Notice::Receipt { invoices: told }) if told == invoices),
        );
        match invoices.last() {
            Some(last) if told => format!("receipt/{last}"),
            _ => "none".to_owned(),
        }
    }

    /// Writes the letter; `None` where there is nothing to say it about.
    pub(super) fn write(&self, notice: &Notice) -> Option<LetterFor> {
        let letter = self.letter(notice)?;
        let subscription = self.decided.after.id;
        let key = match notice {
            Notice::Receipt { invoices } => self.receipt_key(invoices),
            _ => format!("{}/{subscription}/{}", letter.template(), self.decided.version()),
        };
        Some(LetterFor { key, letter })
    }

    fn letter(&self, notice: &Notice) -> Option<Letter> {
        let after = &self.decided.after;
        Some(match notice {
            Notice::Receipt { invoices } => self.receipt(invoices),
            Notice::UpcomingRenewal => mail::UpcomingRenewal {
                plan: self.plan(),
                renews_at: after.period.end,
                period_end: after.cycle.period(after.period.index + 1).ok()?.end,
                amount: self.price(),
                method: self.method(),
            }
            .into(),
            Notice::PaymentFailed { attempt, of, next_attempt_at, reason } => mail::PaymentFailed {
                plan: self.plan(),
                invoice_numbers: self.owed_numbers(after),
                amount_due: self.money(after.owed_minor().max(self.price_if_nothing_owed())),
                method: self.charged_method(),
                reason: self.reason(*reason),
                attempt: u32::try_from(*attempt).unwrap_or(u32::MAX),
                attempts_max: u32::try_from(*of).unwrap_or(u32::MAX),
                next: match (next_attempt_at, reason) {
                    (Some(at), _) => NextStep::Retry { at: *at },
                    (None, Obstacle::NoMethod) => NextStep::AddMethod,
                    (None, Obstacle::Authenticate) => NextStep::Authenticate,
                    (None, Obstacle::MethodUnusable) => NextStep::NewMethod,
                    (None, Obstacle::Declined) => NextStep::AttemptsOver,
                },
                access_until: self.access_until(),
            }
            .into(),
            Notice::CardExpiring => self.card_expiring()?,
            Notice::GraceStarted => self.grace_started()?,
            Notice::GraceEnding => self.grace_ending()?,
            Notice::Recovered => self.recovered(),
            Notice::Canceled => self.canceled(),
            Notice::Expired => self.expired(),
            Notice::TrialEnding => self.trial_ending()?,
        })
    }

    fn loaded(&self) -> &Loaded {
        &self.decided.loaded
    }

    fn plan(&self) -> String {
        self.loaded().plan_name.clone()
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.decided.after.currency)
    }

    /// What a period costs.
    fn price(&self) -> Money {
        self.money(self.decided.after.period_price_minor().unwrap_or_default())
    }

    fn price_if_nothing_owed(&self) -> i64 {
        if self.decided.after.owed_minor() == 0 { self.price().minor } else { 0 }
    }

    fn number(&self, id: InvoiceId) -> String {
        number_text(self.loaded().numbers.get(&id).copied().unwrap_or_default())
    }

    fn owed_numbers(&self, subscription: &Subscription) -> Vec<String> {
        let owed = subscription.invoices.iter().filter(|invoice| invoice.due_minor() > 0);
        owed.map(|invoice| self.number(invoice.id)).collect()
    }

    /// The method that this decision was about, else the one to be charged next.
    fn charged_method(&self) -> Option<Method> {
        match &self.decided.cause {
            Some(Cause::Settlement(settlement)) => self.method_of(settlement.method),
            // Whatever the customer paid with at the provider, nobody said.
            Some(Cause::Found(_)) => None,
            _ => self.method(),
        }
    }

    fn method(&self) -> Option<Method> {
        let methods = &self.decided.after.methods;
        let next = methods.iter().find(|method| method.blocked.is_none()).or(methods.first())?;
        self.method_of(next.id)
    }

    fn method_of(&self, id: PaymentMethodId) -> Option<Method> {
        self.loaded().methods.get(&id).map(method_words)
    }

    fn reason(&self, obstacle: Obstacle) -> Reason {
        match (obstacle, &self.decided.cause) {
            (Obstacle::NoMethod, _) => Reason::NoMethod,
            (Obstacle::Authenticate, _) => Reason::AuthenticationRequired,
            (_, Some(Cause::Settlement(settlement))) => match &settlement.settled {
                Settled::Declined { decline } => Reason::from_decline_code(&decline.code),
                _ => Reason::Generic,
            },
            _ => {
                let case = self.decided.after.state.case();
                case.and_then(|case| case.last_code.as_deref())
                    .map_or(Reason::Generic, Reason::from_decline_code)
            }
        }
    }

    /// Until when access is kept, in dunning.
    fn access_until(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        match &self.decided.after.state {
            State::PastDue { case } => Some(self.loaded().policy.access_ends_at(case.failed_at)),
            State::Grace { until, .. } => Some(*until),
            _ => None,
        }
    }

    fn then(&self) -> AccessEnd {
        match &self.loaded().policy.end {
            EndAction::Cancel => AccessEnd::Ended,
            EndAction::Suspend => AccessEnd::Suspended,
            EndAction::Downgrade(plan) => AccessEnd::MovedTo {
                plan: self.loaded().downgrade_plan.clone().unwrap_or_else(|| plan.clone()),
            },
        }
    }

    fn receipt(&self, invoices: &[InvoiceId]) -> Letter {
        let paid: Vec<_> = invoices.iter().map(|id| self.paid_invoice(*id)).collect();
        let total = paid.iter().map(|invoice| invoice.total.minor).fold(0, i64::saturating_add);
        mail::Receipt {
            plan: self.plan(),
            total: self.money(total),
            invoices: paid,
            paid_at: self.loaded().now,
            method: self.charged_method(),
            renews_at: self.renews_at(),
        }
        .into()
    }

    fn renews_at(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        let after = &self.decided.after;
        let goes_on = after.cancel_requested_at.is_none() && !after.state.status().is_final();
        goes_on.then_some(after.period.end)
    }

    fn paid_invoice(&self, id: InvoiceId) -> PaidInvoice {
        let known = self.loaded().subscription.invoices.iter().find(|invoice| invoice.id == id);
        let lines = self.lines.get(&id).map_or(&[][..], Vec::as_slice).iter();
        let mut lines: Vec<_> = lines
            .map(|line| ReceiptLine {
                description: line.description.clone(),
                amount: self.money(line.amount_minor),
            })
            .collect();
        let credited = known.map_or(0, |invoice| invoice.credited_minor);
        if credited != 0 {
            lines.push(ReceiptLine {
                description: "Credit".to_owned(),
                amount: self.money(-credited),
            });
        }
        PaidInvoice {
            number: self.number(id),
            period: known
                .map(|invoice| Period { start: invoice.period.start, end: invoice.period.end }),
            lines,
            total: self
                .money(known.map_or(0, |invoice| invoice.total_minor - invoice.credited_minor)),
        }
    }

    fn card_expiring(&self) -> Option<Letter> {
        use chrono::Datelike;
        let after = &self.decided.after;
        let first = after.methods.iter().find(|method| method.blocked.is_none())?;
        // The first instant after the card's last month.
        let last_day = first.expires_at? - chrono::TimeDelta::days(1);
        Some(
            mail::CardExpiring {
                plan: self.plan(),
                method: self.method_of(first.id)?,
                expires_month: last_day.month(),
                expires_year: last_day.year(),
                renews_at: after.period.end,
                amount: self.price(),
            }
            .into(),
        )
    }

    fn grace_started(&self) -> Option<Letter> {
        let (plan, invoice_numbers) = (self.plan(), self.owed_numbers(&self.decided.after));
        let (amount_due, method) =
            (self.money(self.decided.after.owed_minor()), self.charged_method());
        let (grace_ends_at, then) = (self.access_until()?, self.then());
        Some(
            mail::GraceStarted { plan, invoice_numbers, amount_due, method, grace_ends_at, then }
                .into(),
        )
    }

    fn grace_ending(&self) -> Option<Letter> {
        let (plan, invoice_numbers) = (self.plan(), self.owed_numbers(&self.decided.after));
        let (amount_due, method) = (self.money(self.decided.after.owed_minor()), self.method());
        let (grace_ends_at, then) = (self.access_until()?, self.then());
        Some(
            mail::GraceEnding { plan, invoice_numbers, amount_due, method, grace_ends_at, then }
                .into(),
        )
    }

    fn recovered(&self) -> Letter {
        // What was owed before this decision, and is paid now.
        let before = &self.loaded().subscription;
        let paid: Vec<&Invoice> = before
            .invoices
            .iter()
            .filter(|invoice| invoice.due_minor() > 0 || !invoice.open)
            .collect();
        let total = paid
            .iter()
            .map(|invoice| invoice.total_minor - invoice.credited_minor)
            .fold(0, i64::saturating_add);
        mail::Recovered {
            plan: self.plan(),
            invoice_numbers: paid.iter().map(|invoice| self.number(invoice.id)).collect(),
            amount: self.money(total),
            paid_at: self.loaded().now,
            method: self.charged_method(),
            renews_at: self.renews_at(),
        }
        .into()
    }

    fn canceled(&self) -> Letter {
        let after = &self.decided.after;
        if let (State::Trialing { ends_at }, false) =
            (&self.loaded().subscription.state, self.asked_to_cancel())
        {
            let (ended_at, why) = (*ends_at, WhyEnded::TrialOver);
            return mail::Expired { plan: self.plan(), ended_at, why, now: AccessEnd::Ended }
                .into();
        }
        let credit = self.decided.effects.iter().find_map(|effect| match effect {
            Effect::Balance(change)
                if change.kind == perennial_core::lifecycle::BalanceKind::Credit =>
            {
                Some(self.money(change.amount_minor))
            }
            _ => None,
        });
        let effect = match &after.state {
            State::Canceled(ended) => CancelEffect::Now { ended_at: ended.at, credit },
            _ => CancelEffect::AtPeriodEnd { ends_at: after.period.end },
        };
        let requested_at = after.cancel_requested_at.unwrap_or(self.loaded().now);
        mail::Canceled { plan: self.plan(), requested_at, effect }.into()
    }

    /// Whether this decision was asked for; a trial that merely ended was not.
    fn asked_to_cancel(&self) -> bool {
        let asked =
            matches!(&self.decided.cause, Some(Cause::Event(Event::CancelRequested { .. })));
        asked || self.loaded().subscription.cancel_requested_at.is_some()
    }

    fn expired(&self) -> Letter {
        let before = &self.loaded().subscription;
        let ended_at = match (&self.decided.after.state, &before.state) {
            (State::Expired(ended) | State::Canceled(ended), _) => ended.at,
            (_, State::Grace { until, .. }) => *until,
            _ => self.loaded().now,
        };
        let now = match &self.decided.after.state {
            State::Expired(_) => AccessEnd::Ended,
            _ => self.then(),
        };
        let why = WhyEnded::Unpaid {
            invoice_numbers: self.owed_numbers(before),
            amount_due: self.money(before.owed_minor()),
        };
        mail::Expired { plan: self.plan(), ended_at, why, now }.into()
    }

    fn trial_ending(&self) -> Option<Letter> {
        let State::Trialing { ends_at } = self.decided.after.state else { return None };
        let amount = self.price();
        let chargeable = self.decided.after.methods.iter().find(|method| method.blocked.is_none());
        let method = chargeable.and_then(|method| self.method_of(method.id));
        let then = match (method, self.loaded().policy.trial_without_method) {
            (Some(method), _) => AfterTrial::Charged { amount, method },
            (None, TrialWithoutMethod::Pause) => AfterTrial::Paused { amount },
            (None, TrialWithoutMethod::Cancel) => AfterTrial::Ended { amount },
        };
        Some(mail::TrialEnding { plan: self.plan(), ends_at, then }.into())
    }
}

/// A method as its owner recognizes it.
pub(crate) fn method_words(row: &MethodRow) -> Method {
    Method { kind: row.kind.clone(), network: row.network.clone(), last4: row.last4.clone() }
}
