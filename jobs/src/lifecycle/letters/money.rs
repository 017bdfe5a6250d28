//! Emails about payments that came, or are to come.

use chrono::{Datelike, TimeDelta};
use perennial_core::ids::InvoiceId;
use perennial_core::lifecycle::{Invoice, Outlook, State, Then};

use super::Desk;
use crate::mail::{self, AfterTrial, Letter, PaidInvoice, Period, ReceiptLine};

impl Desk<'_> {
    pub(super) fn receipt(&self, invoices: &[InvoiceId], ahead: &Outlook) -> Letter {
        let paid: Vec<_> = invoices.iter().map(|id| self.paid_invoice(*id)).collect();
        let total = paid.iter().map(|invoice| invoice.total.minor).fold(0, i64::saturating_add);
        mail::Receipt {
            plan: self.plan(),
            total: self.money(total),
            invoices: paid,
            paid_at: self.loaded().now,
            method: self.charged_method(),
            renews_at: self.next_payment(ahead),
        }
        .into()
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

    pub(super) fn recovered(&self, ahead: &Outlook) -> Letter {
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
            renews_at: self.next_payment(ahead),
            canceled_for: ahead.canceled_for,
        }
        .into()
    }

    pub(super) fn upcoming_renewal(&self, ahead: &Outlook) -> Option<Letter> {
        let bill = ahead.next_bill?;
        let method = match ahead.next_charge {
            Some(charge) => self.method_of(charge.method),
            None if bill.due_minor == 0 => self.method(),
            None => None,
        };
        let (plan, renews_at, period_end) = (self.plan(), bill.at, bill.period_end);
        let amount = self.money(bill.due_minor);
        Some(mail::UpcomingRenewal { plan, renews_at, period_end, amount, method }.into())
    }

    pub(super) fn card_expiring(&self, ahead: &Outlook) -> Option<Letter> {
        let after = &self.decided.after;
        let first = after.methods.iter().find(|method| method.blocked.is_none())?;
        // The first instant after the card's last month.
        let last_day = first.expires_at? - TimeDelta::days(1);
        Some(
            mail::CardExpiring {
                plan: self.plan(),
                method: self.method_of(first.id)?,
                expires_month: last_day.month(),
                expires_year: last_day.year(),
                renews_at: after.period.end,
                amount: ahead
                    .next_bill
                    .map_or_else(|| self.price(), |bill| self.money(bill.due_minor)),
            }
            .into(),
        )
    }

    pub(super) fn trial_ending(&self, ahead: &Outlook) -> Option<Letter> {
        let State::Trialing { ends_at } = self.decided.after.state else { return None };
        let due = ahead.next_bill.map_or(0, |bill| bill.due_minor);
        let amount = self.money(due);
        let then = match (ahead.then, ahead.next_charge) {
            (Some(Then::Paused), _) => AfterTrial::Paused { amount },
            (Some(_), _) => AfterTrial::Ended { amount },
            (None, Some(charge)) => AfterTrial::Charged {
                amount: self.money(charge.amount_minor),
                method: self.method_of(charge.method)?,
            },
            (None, None) if due == 0 => AfterTrial::Free,
            // There is a method, which the network does not allow to be charged on that day.
            (None, None) => AfterTrial::Charged { amount, method: self.method()? },
        };
        Some(mail::TrialEnding { plan: self.plan(), ends_at, then }.into())
    }
}
