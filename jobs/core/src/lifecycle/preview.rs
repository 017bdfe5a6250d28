//! What a policy would do: the real state machine, run on one subscription made up for it.
//!
//! Knows no rule of its own, so that what it shows is what happens.

mod report;
mod scene;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::collection::why_unusable;
use super::{Action, Context, Edge, Effect, Event, Notice, Refused, State, Subscription};
use super::{agenda, decide};
use crate::decline::Decline;
use crate::dunning::DunningPolicy;
use crate::network::Network;

pub use report::{Attempt, AttemptOutcome, End, Failure, Mail, NotMade, Preview};

/// What an attempt meets with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meeting {
    /// The issuer refuses.
    Decline(Decline),
    /// The money comes.
    Success,
}

/// No ladder takes more steps than this: rungs, their waits, two notices and the end.
const STEPS_MAX: usize = 4 * crate::dunning::RUNGS_MAX + 8;

/// Runs `policy` for a renewal that failed at `failed_at`.
///
/// `meetings[0]` is the original failure; the following ones are met by the attempts in turn, and
/// the last one by all that follow. Without any, or if the first is a success, nothing fails.
///
/// # Errors
/// [`Refused`] where the calendar ends.
pub fn preview(
    policy: &DunningPolicy,
    failed_at: DateTime<Utc>,
    zone: Tz,
    meetings: &[Meeting],
    network: Network,
) -> Result<Preview, Refused> {
    let [Meeting::Decline(first), ..] = meetings else { return Ok(Preview::default()) };
    let subscription = scene::renewal_under_way(failed_at, zone, network)?;
    let mut run = Run { policy, meetings, subscription, met: 0, report: Preview::default() };
    run.report.failure =
        Some(Failure { at: failed_at, code: first.code.clone(), retry: first.classify().retry });
    run.meet(failed_at)?;
    for _ in 0..STEPS_MAX {
        let next = agenda(&run.subscription, policy);
        let Some((action, at)) = next.filter(|_| run.subscription.state != State::Active) else {
            break;
        };
        run.due(action, at)?;
    }
    run.conclude();
    Ok(run.report)
}

struct Run<'a> {
    policy: &'a DunningPolicy,
    meetings: &'a [Meeting],
    subscription: Subscription,
    /// How many of the meetings are over.
    met: usize,
    report: Preview,
}

impl Run<'_> {
    fn due(&mut self, action: Action, at: DateTime<Utc>) -> Result<(), Refused> {
        let rung = self.next_rung();
        let reason = why_unusable(&self.subscription.methods, at);
        let effects = self.decide(&Event::Due { action, at }, at)?;
        if effects.iter().any(|effect| matches!(effect, Effect::Charge { .. })) {
            self.note_attempt(rung, at);
            self.meet(at)?;
        } else if action == Action::RetryPayment && self.next_rung() != rung {
            self.report.not_made.push(NotMade { rung: rung + 1, at, reason });
        }
        Ok(())
    }

    /// The attempt under way has its outcome, and what follows from it.
    fn meet(&mut self, at: DateTime<Utc>) -> Result<(), Refused> {
        while let Some((invoice, payment)) = scene::under_way(&self.subscription) {
            let meeting = self.meetings.get(self.met).or(self.meetings.last());
            self.met += 1;
            let amount_minor = self.subscription.owed_minor();
            let event = match meeting {
                Some(Meeting::Decline(decline)) => Event::PaymentDeclined {
                    payment,
                    invoice,
                    method: scene::method(),
                    verdict: decline.classify(),
                    code: decline.code.clone(),
                    at,
                },
                _ => Event::PaymentSucceeded { payment, invoice, amount_minor },
            };
            if let (Some(attempt), Event::PaymentDeclined { code, .. }) =
                (self.report.attempts.last_mut(), &event)
            {
                attempt.outcome = AttemptOutcome::Declined;
                attempt.code = Some(code.clone());
            }
            self.decide(&event, at)?;
        }
        Ok(())
    }

    fn decide(&mut self, event: &Event, now: DateTime<Utc>) -> Result<Vec<Effect>, Refused> {
        let downgrade = self.subscription.items.clone();
        let context = Context { policy: self.policy, now, downgrade: Some(&downgrade) };
        let decision = decide(&self.subscription, event, context)?;
        self.subscription = decision.after;
        for effect in &decision.effects {
            self.note(effect, now);
        }
        Ok(decision.effects)
    }

    fn note(&mut self, effect: &Effect, at: DateTime<Utc>) {
        match effect {
            Effect::Notify(notice) => self.report.mails.push(mail(notice, at)),
            Effect::Moved { edge, .. } => self.note_edge(*edge, at),
            _ => {}
        }
    }

    fn note_edge(&mut self, edge: Edge, at: DateTime<Utc>) {
        match edge {
            Edge::AttemptsOver => {
                self.report.grace_started_at = Some(at);
                self.report.access_ends_at = match &self.subscription.state {
                    State::Grace { until, .. } => Some(*until),
                    _ => None,
                };
            }
            Edge::Recovered => self.report.recovered_at = Some(at),
            Edge::GraceExpired | Edge::Suspended | Edge::Downgraded => {
                self.report.end = Some(End { at, action: self.policy.end.clone() });
            }
            _ => {}
        }
    }

    fn note_attempt(&mut self, rung: usize, at: DateTime<Utc>) {
        let Some(case) = self.subscription.state.case() else { return };
        let planned = self.policy.rung_at(rung, case.failed_at, self.subscription.zone());
        self.report.attempts.push(Attempt {
            number: usize::try_from(case.attempts).unwrap_or(0) + 1,
            rung: rung + 1,
            planned_at: planned.unwrap_or(at),
            at,
            outcome: AttemptOutcome::Succeeded,
            code: None,
        });
    }

    fn next_rung(&self) -> usize {
        self.subscription.state.case().map_or(0, |case| case.next_rung)
    }

    /// What is not needed any more, and when access is restricted.
    fn conclude(&mut self) {
        let Some(failed_at) = self.report.failure.as_ref().map(|failure| failure.at) else {
            return;
        };
        let over = self.report.recovered_at.or(self.report.end.as_ref().map(|end| end.at));
        let restricted = self.policy.restrict_after.map(|after| failed_at + after.delta());
        self.report.restricted_at = restricted.filter(|at| over.is_none_or(|over| *at < over));
        if self.report.recovered_at.is_none() {
            return;
        }
        let done = self.report.attempts.iter().map(|attempt| attempt.rung);
        let first =
            done.chain(self.report.not_made.iter().map(|rung| rung.rung)).max().unwrap_or(0);
        for rung in first..self.policy.rungs.len() {
            let at = self.policy.rung_at(rung, failed_at, self.subscription.zone());
            let Some(at) = at else { continue };
            let reason = "paid already".to_owned();
            self.report.not_made.push(NotMade { rung: rung + 1, at, reason });
        }
    }
}

fn mail(notice: &Notice, at: DateTime<Utc>) -> Mail {
    let (attempt, of, next_attempt_at) = match notice {
        Notice::PaymentFailed { attempt, of, next_attempt_at, .. } => {
            (Some(*attempt), Some(*of), *next_attempt_at)
        }
        _ => (None, None, None),
    };
    Mail { template: notice.template(), at, attempt, of, next_attempt_at }
}

#[cfg(test)]
mod tests;
