//! Emails about payments that failed.

use perennial_core::lifecycle::{NewMethod, Outlook, Reason as Obstacle};

use super::{Desk, restriction};
use crate::lifecycle::{Cause, Settled};
use crate::mail::{self, Letter, NextStep, Reason};

impl Desk<'_> {
    pub(super) fn payment_failed(
        &self,
        (attempt, of): (usize, usize),
        obstacle: Obstacle,
        ahead: &Outlook,
    ) -> Letter {
        mail::PaymentFailed {
            plan: self.plan(),
            invoice_numbers: self.owed_numbers(&self.decided.after),
            amount_due: self.money(ahead.owed_minor),
            method: self.charged_method(),
            reason: self.reason(obstacle),
            attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
            attempts_max: u32::try_from(of).unwrap_or(u32::MAX),
            next: next_step(obstacle, ahead),
            access_until: ahead.access_ends_at,
            restriction: restriction(ahead),
            awaited_until: ahead.first_payment_until,
            canceled_for: ahead.canceled_for,
        }
        .into()
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

    pub(super) fn grace_started(&self, ahead: &Outlook) -> Option<Letter> {
        Some(
            mail::GraceStarted {
                plan: self.plan(),
                invoice_numbers: self.owed_numbers(&self.decided.after),
                amount_due: self.money(ahead.owed_minor),
                method: self.charged_method(),
                grace_ends_at: ahead.access_ends_at?,
                then: self.then(ahead.then?),
                restriction: restriction(ahead),
                canceled_for: ahead.canceled_for,
            }
            .into(),
        )
    }

    pub(super) fn grace_ending(&self, ahead: &Outlook) -> Option<Letter> {
        Some(
            mail::GraceEnding {
                plan: self.plan(),
                invoice_numbers: self.owed_numbers(&self.decided.after),
                amount_due: self.money(ahead.owed_minor),
                method: self.method(),
                grace_ends_at: ahead.access_ends_at?,
                then: self.then(ahead.then?),
                restriction: restriction(ahead),
                canceled_for: ahead.canceled_for,
            }
            .into(),
        )
    }
}

fn next_step(obstacle: Obstacle, ahead: &Outlook) -> NextStep {
    match (ahead.next_charge, ahead.new_method, obstacle) {
        (Some(charge), _, _) => NextStep::Retry { at: charge.at },
        (None, _, Obstacle::Authenticate) => NextStep::Authenticate,
        (None, NewMethod::OnRequest, _) | (None, _, Obstacle::Declined) => NextStep::AttemptsOver,
        (None, NewMethod::Charged, Obstacle::NoMethod) => NextStep::AddMethod,
        (None, NewMethod::Charged, Obstacle::MethodUnusable) => NextStep::NewMethod,
    }
}
