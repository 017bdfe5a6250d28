//! From a notice of the core to the email that says it: the facts a customer is told.
//!
//! What an email promises (a date, an amount, an end) is read from the core's [`Outlook`] on the
//! state as it is when the email is written (rule C12). This module adds names and numbers only.

mod ends;
mod money;
mod overdue;

use std::collections::HashMap;

use perennial_core::ids::{InvoiceId, PaymentMethodId};
use perennial_core::lifecycle::{Access, Effect, Notice, Outlook, Subscription, Then, outlook};
use perennial_core::money::Money;

use super::Cause;
use super::load::Loaded;
use super::save::Decided;
use crate::mail::{AccessEnd, Letter, Method, Restriction};
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
        let loaded = self.loaded();
        let ahead = outlook(&self.decided.after, &loaded.policy, loaded.now);
        Some(match notice {
            Notice::Receipt { invoices } => self.receipt(invoices, &ahead),
            Notice::UpcomingRenewal => self.upcoming_renewal(&ahead)?,
            Notice::PaymentFailed { attempt, of, reason, .. } => {
                self.payment_failed((*attempt, *of), *reason, &ahead)
            }
            Notice::CardExpiring => self.card_expiring(&ahead)?,
            Notice::GraceStarted => self.grace_started(&ahead)?,
            Notice::GraceEnding => self.grace_ending(&ahead)?,
            Notice::Recovered => self.recovered(&ahead),
            Notice::Canceled => self.canceled(&ahead),
            Notice::Expired => self.expired(),
            Notice::TrialEnding => self.trial_ending(&ahead)?,
            Notice::TrialLapsed => self.trial_lapsed(),
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

    /// When the next payment is due, if one is to come.
    fn next_payment(&self, ahead: &Outlook) -> Option<chrono::DateTime<chrono::Utc>> {
        let bill = ahead.next_bill.filter(|bill| bill.due_minor > 0 && ahead.owed_minor == 0)?;
        Some(bill.at)
    }

    /// What becomes of access, in the words of an email.
    fn then(&self, then: Then) -> AccessEnd {
        let policy = &self.loaded().policy;
        match (then, &policy.end) {
            (Then::Ends, _) => AccessEnd::Ended,
            (Then::Suspended | Then::Paused, _) => AccessEnd::Suspended,
            (Then::Downgraded, perennial_core::dunning::EndAction::Downgrade(plan)) => {
                let name = self.loaded().downgrade_plan.clone();
                AccessEnd::MovedTo { plan: name.unwrap_or_else(|| plan.clone()) }
            }
            (Then::Downgraded, _) => AccessEnd::Ended,
        }
    }
}

/// Whether access is full until it ends.
fn restriction(ahead: &Outlook) -> Restriction {
    match (ahead.access, ahead.restricted_at) {
        (Access::Restricted, _) => Restriction::Already,
        (_, Some(at)) => Restriction::From { at },
        (_, None) => Restriction::None,
    }
}

/// A method as its owner recognizes it.
pub(crate) fn method_words(row: &MethodRow) -> Method {
    Method { kind: row.kind.clone(), network: row.network.clone(), last4: row.last4.clone() }
}
