//! What comes of a subscription if nothing else happens: all that an email may promise.
//!
//! Runs the state machine itself forward, so that a promise and what happens cannot differ.
//! Attempts that are made to collect what is overdue are taken to be declined: once the money
//! comes, a promised end of access no longer applies.

use chrono::{DateTime, Utc};

use super::agenda::{Action, agenda};
use super::effect::Effect;
use super::event::Event;
use super::method::Method;
use super::subscription::{State, Subscription};
use super::{Access, Context, Decision, access, decide};
use crate::decline::{Decline, Verdict};
use crate::dunning::{DunningPolicy, EndAction, OnCancel};
use crate::ids::{InvoiceId, PaymentId, PaymentMethodId};
use crate::network::Network;

/// What comes next, as far as it follows from what is known now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// What is owed now, in minor units.
    pub owed_minor: i64,
    /// The next attempt that is made without anybody asking for it.
    pub next_charge: Option<ComingCharge>,
    /// What the next renewal, or the end of the trial, leaves to pay. Without a payment method at
    /// the end of a trial: what it would be with one.
    pub next_bill: Option<NextBill>,
    /// What the subscription gives now.
    pub access: Access,
    /// From when on access is restricted, if it is not yet.
    pub restricted_at: Option<DateTime<Utc>>,
    /// The first instant without access, unless what is owed is paid.
    pub access_ends_at: Option<DateTime<Utc>>,
    /// What becomes of the subscription then.
    pub then: Option<Then>,
    /// When it ends because the customer canceled, paid up or not.
    pub canceled_for: Option<DateTime<Utc>>,
    /// Until when a first payment is awaited.
    pub first_payment_until: Option<DateTime<Utc>>,
    /// What a new payment method does about what is owed.
    pub new_method: NewMethod,
}

/// An attempt to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComingCharge {
    /// When.
    pub at: DateTime<Utc>,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// With what.
    pub method: PaymentMethodId,
}

/// An invoice to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextBill {
    /// When it is issued.
    pub at: DateTime<Utc>,
    /// What is to be paid of it, credit deducted, in minor units.
    pub due_minor: i64,
    /// The end of the period that it pays for.
    pub period_end: DateTime<Utc>,
}

/// What becomes of a subscription that loses access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It ends.
    Ends,
    /// It is suspended until what is owed is paid.
    Suspended,
    /// It goes on with the policy's lesser plan.
    Downgraded,
    /// It pauses until there is a payment method.
    Paused,
}

/// What a payment method that is added does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewMethod {
    /// It is charged at once with what is owed.
    Charged,
    /// It is charged only if the customer asks for it: the subscription was canceled.
    OnRequest,
}

/// More steps than any policy and any catching up need.
const STEPS_MAX: usize = 2_000;

/// What comes of `subscription` from `now` on if nothing else happens.
#[must_use]
pub fn outlook(subscription: &Subscription, policy: &DunningPolicy, now: DateTime<Utc>) -> Outlook {
    let mut run = Run {
        subscription: subscription.clone(),
        policy,
        now,
        charged: subscription.methods.last().map(|method| method.id),
        outlook: standing(subscription, policy, now),
    };
    if run.in_dunning() {
        run.decline_attempts();
    }
    for _ in 0..STEPS_MAX {
        let Some((action, at)) = agenda(&run.subscription, policy) else { break };
        if run.step(action, at) == Way::Over {
            break;
        }
    }
    let ends_at = run.outlook.access_ends_at;
    run.outlook.restricted_at =
        run.outlook.restricted_at.filter(|at| *at > now && ends_at.is_none_or(|end| *at < end));
    run.outlook
}

/// What needs no looking ahead.
fn standing(subscription: &Subscription, policy: &DunningPolicy, now: DateTime<Utc>) -> Outlook {
    let canceled = subscription.cancel_requested_at.is_some();
    let final_state = subscription.state.status().is_final();
    let stopped = canceled && !final_state && policy.on_cancel == OnCancel::Stop;
    let restricted_at = match &subscription.state {
        State::PastDue { case } | State::Grace { case, .. } => {
            policy.restrict_after.map(|after| case.failed_at + after.delta())
        }
        _ => None,
    };
    Outlook {
        owed_minor: subscription.owed_minor(),
        next_charge: None,
        next_bill: None,
        access: access(subscription, policy, now),
        restricted_at,
        access_ends_at: None,
        then: None,
        canceled_for: (canceled && !final_state).then_some(subscription.period.end),
        first_payment_until: None,
        new_method: if stopped { NewMethod::OnRequest } else { NewMethod::Charged },
    }
}

/// Whether there is more to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    GoesOn,
    Over,
}

struct Run<'a> {
    subscription: Subscription,
    policy: &'a DunningPolicy,
    now: DateTime<Utc>,
    /// What the attempt under way charges; of one that was made before: the last in order.
    charged: Option<PaymentMethodId>,
    outlook: Outlook,
}

impl Run<'_> {
    fn step(&mut self, action: Action, at: DateTime<Utc>) -> Way {
        let moment = self.now.max(at);
        match action {
            Action::CancelAtPeriodEnd => return self.ends(moment, Then::Ends),
            Action::ExpireGrace => return self.ends(moment, self.after_grace()),
            Action::SuspendParked => return self.ends(moment, Then::Suspended),
            Action::ExpireIncomplete => {
                self.outlook.first_payment_until = Some(at);
                return Way::Over;
            }
            _ => {}
        }
        let before = self.subscription.clone();
        self.now = moment;
        let Some(decision) = self.decide(&Event::Due { action, at }) else { return Way::Over };
        self.note(&decision);
        self.charged = charged_by(&decision).or(self.charged);
        self.subscription = decision.after;
        match (action, &self.subscription.state) {
            (Action::EndTrial, State::Paused(_)) => {
                self.outlook.next_bill = self.bill_with_a_method(before, at);
                return self.ends(moment, Then::Paused);
            }
            (Action::EndTrial, State::Canceled(_)) => {
                self.outlook.next_bill = self.bill_with_a_method(before, at);
                return self.ends(moment, Then::Ends);
            }
            (Action::EndTrial | Action::StartSubscription, _) => return Way::Over,
            (Action::Renew, _) if before.state == State::Active => return Way::Over,
            _ => {}
        }
        // What was under way before is not taken to fail.
        if self.in_dunning() {
            self.decline_attempts();
        }
        Way::GoesOn
    }

    fn ends(&mut self, at: DateTime<Utc>, then: Then) -> Way {
        self.outlook.access_ends_at = Some(at);
        self.outlook.then = Some(then);
        Way::Over
    }

    fn after_grace(&self) -> Then {
        match &self.policy.end {
            _ if self.subscription.cancel_requested_at.is_some() => Then::Ends,
            EndAction::Cancel => Then::Ends,
            EndAction::Suspend => Then::Suspended,
            EndAction::Downgrade(_) => Then::Downgraded,
        }
    }

    fn in_dunning(&self) -> bool {
        matches!(self.subscription.state, State::PastDue { .. } | State::Grace { .. })
    }

    fn decide(&self, event: &Event) -> Option<Decision> {
        let context = Context { policy: self.policy, now: self.now, downgrade: None };
        decide(&self.subscription, event, context).ok()
    }

    fn note(&mut self, decision: &Decision) {
        for effect in &decision.effects {
            match *effect {
                Effect::Charge { amount_minor, method, .. }
                    if self.outlook.next_charge.is_none() =>
                {
                    let at = self.now;
                    self.outlook.next_charge = Some(ComingCharge { at, amount_minor, method });
                }
                Effect::Issued(ref issued) if self.outlook.next_bill.is_none() => {
                    let left = decision.after.invoices.iter().find(|known| known.id == issued.id);
                    self.outlook.next_bill = Some(NextBill {
                        at: issued.issued_at,
                        due_minor: left.map_or(0, super::Invoice::due_minor),
                        period_end: issued.period.end,
                    });
                }
                _ => {}
            }
        }
    }

    /// What the end of the trial would bill if there were something to charge.
    fn bill_with_a_method(&self, trial: Subscription, at: DateTime<Utc>) -> Option<NextBill> {
        let outlook = Outlook { next_bill: None, ..self.outlook.clone() };
        let (policy, now, charged) = (self.policy, self.now, None);
        let mut other = Run { subscription: trial, policy, now, charged, outlook };
        let id = PaymentMethodId::derived("if there were one");
        other.subscription.methods.push(Method {
            id,
            card: id,
            network: Network::Other,
            expires_at: None,
            blocked: None,
            not_before: None,
            recent_attempts: Vec::new(),
        });
        let decision = other.decide(&Event::Due { action: Action::EndTrial, at })?;
        other.note(&decision);
        other.outlook.next_bill
    }

    /// Attempts under way, and those with backup methods that follow, are declined.
    fn decline_attempts(&mut self) {
        while let (Some((payment, invoice)), Some(method)) =
            (under_way(&self.subscription), self.charged)
        {
            let (verdict, code, at) = (soft(), String::new(), self.now);
            let event = Event::PaymentDeclined { payment, invoice, method, verdict, code, at };
            let Some(decision) = self.decide(&event) else { break };
            self.charged = charged_by(&decision).or(self.charged);
            self.subscription = decision.after;
        }
    }
}

fn charged_by(decision: &Decision) -> Option<PaymentMethodId> {
    decision.effects.iter().rev().find_map(|effect| match effect {
        Effect::Charge { method, .. } => Some(*method),
        _ => None,
    })
}

fn under_way(subscription: &Subscription) -> Option<(PaymentId, InvoiceId)> {
    let mut invoices = subscription.invoices.iter();
    invoices.find_map(|invoice| invoice.in_flight.map(|payment| (payment, invoice.id)))
}

/// A refusal that changes nothing but that there was one.
fn soft() -> Verdict {
    Decline::new("", Network::Other).classify()
}
