//! What a subscription does next by itself, and when.

use chrono::{DateTime, Utc};

use super::status::words;
use super::subscription::{State, Subscription};
use crate::dunning::DunningPolicy;

words! {
    /// What can come due. Each is a job of the same name. Where two are due at the same instant,
    /// the earlier one in this list comes first: what ends a subscription precedes what bills it.
    Action {
        /// A scheduled subscription begins.
        StartSubscription = "start_subscription",
        /// The first payment is given up.
        ExpireIncomplete = "expire_incomplete",
        /// Grace ends.
        ExpireGrace = "expire_grace",
        /// Nobody has looked at a parked subscription: it is suspended.
        SuspendParked = "suspend_parked",
        /// The subscription ends with its period.
        CancelAtPeriodEnd = "cancel_at_period_end",
        /// The trial ends.
        EndTrial = "end_trial",
        /// A rung of the ladder comes.
        RetryPayment = "retry_payment",
        /// The next period begins.
        Renew = "renew",
        /// Grace ends soon.
        GraceEndingNotice = "grace_ending_notice",
        /// The trial ends soon.
        TrialEndingNotice = "trial_ending_notice",
        /// A card expires before the next renewal.
        PreDunningNotice = "pre_dunning_notice",
        /// A renewal is near.
        UpcomingRenewalNotice = "upcoming_renewal_notice",
    }
}

/// The next entry of the agenda; `None` where nothing happens by itself any more.
#[must_use]
pub fn agenda(
    subscription: &Subscription,
    policy: &DunningPolicy,
) -> Option<(Action, DateTime<Utc>)> {
    let entries = match &subscription.state {
        _ if subscription.parked.is_some() => standstill(subscription, policy),
        State::Scheduled { .. } => {
            vec![Some((Action::StartSubscription, subscription.started_at))]
        }
        State::Incomplete { until } => {
            vec![awaiting(subscription, Action::ExpireIncomplete, *until)]
        }
        State::Trialing { ends_at } => trial(subscription, policy, *ends_at),
        State::Active => {
            let mut entries = notices(subscription, policy);
            entries.push(period_end(subscription));
            entries
        }
        State::PastDue { case } => {
            let scheduled = policy.rung_at(case.next_rung, case.failed_at, subscription.zone());
            // Past the last rung, what is left to do is overdue: grace begins.
            let rung = case.postponed_to.or(scheduled).unwrap_or(case.failed_at);
            vec![awaiting(subscription, Action::RetryPayment, rung), period_end(subscription)]
        }
        State::Grace { until, .. } => {
            let mut entries = grace(subscription, policy, *until);
            entries.push(period_end(subscription));
            entries
        }
        State::Paused(_) | State::Unpaid { .. } | State::Canceled(_) | State::Expired(_) => vec![],
    };
    entries.into_iter().flatten().min_by_key(|(action, at)| (*at, *action))
}

type EntryAt = Option<(Action, DateTime<Utc>)>;

/// What a parked subscription still does: it ends. It bills and charges nothing.
fn standstill(subscription: &Subscription, policy: &DunningPolicy) -> Vec<EntryAt> {
    let wanted_end =
        period_end(subscription).filter(|_| subscription.cancel_requested_at.is_some());
    let suspended = subscription.suspended_at().map(|at| (Action::SuspendParked, at));
    match &subscription.state {
        State::Incomplete { until } => {
            vec![awaiting(subscription, Action::ExpireIncomplete, *until)]
        }
        State::Active | State::PastDue { .. } => vec![wanted_end, suspended],
        State::Grace { until, .. } => {
            let mut entries = grace(subscription, policy, *until);
            entries.extend([wanted_end, suspended]);
            entries
        }
        _ => vec![],
    }
}

fn grace(
    subscription: &Subscription,
    policy: &DunningPolicy,
    until: DateTime<Utc>,
) -> Vec<EntryAt> {
    let notice = until - policy.notices.grace_ending_before.delta();
    let unsaid = !subscription.notices.grace;
    vec![
        awaiting(subscription, Action::ExpireGrace, until),
        awaiting(subscription, Action::GraceEndingNotice, notice).filter(|_| unsaid),
    ]
}

/// Money may be moving: what depends on its outcome waits for it.
fn awaiting(subscription: &Subscription, action: Action, at: DateTime<Utc>) -> EntryAt {
    (!subscription.has_payment_in_flight()).then_some((action, at))
}

fn period_end(subscription: &Subscription) -> EntryAt {
    let action = match subscription.cancel_requested_at {
        Some(_) => Action::CancelAtPeriodEnd,
        None => Action::Renew,
    };
    Some((action, subscription.period.end))
}

fn trial(
    subscription: &Subscription,
    policy: &DunningPolicy,
    ends_at: DateTime<Utc>,
) -> Vec<EntryAt> {
    if subscription.cancel_requested_at.is_some() {
        return vec![Some((Action::CancelAtPeriodEnd, ends_at))];
    }
    let notice = ends_at - policy.notices.trial_ending_before.delta();
    let unsaid = !subscription.notices.trial && notice > subscription.started_at;
    vec![Some((Action::EndTrial, ends_at)), unsaid.then_some((Action::TrialEndingNotice, notice))]
}

/// What an active customer is told before the next renewal.
fn notices(subscription: &Subscription, policy: &DunningPolicy) -> Vec<EntryAt> {
    if subscription.cancel_requested_at.is_some() || subscription.period_price_minor() == Some(0) {
        return vec![];
    }
    let period = subscription.period;
    let wanted = policy.notices;
    let renewal_at = period.end - wanted.renewal_before.delta();
    let renewal = is_announced(subscription, policy)
        && subscription.notices.renewal != Some(period.index)
        && renewal_at > period.start;
    let card_at = (period.end - wanted.card_expiring_before.delta()).max(period.start);
    let card = subscription.notices.card != Some(period.index)
        && card_expires_before_renewal(subscription);
    vec![
        renewal.then_some((Action::UpcomingRenewalNotice, renewal_at)),
        card.then_some((Action::PreDunningNotice, card_at)),
    ]
}

/// Whether renewals of this interval are announced: a first, shorter period does not count.
fn is_announced(subscription: &Subscription, policy: &DunningPolicy) -> bool {
    let shortest = policy.notices.renewal_of_intervals_from.delta();
    let period = subscription.period;
    let whole = || subscription.cycle.period(period.index);
    period.end - period.start >= shortest
        || whole().is_ok_and(|whole| whole.end - whole.start >= shortest)
}

/// Whether the card that the next renewal would be charged to is no longer good then. A card that
/// had expired before has been told of, and was charged nevertheless.
fn card_expires_before_renewal(subscription: &Subscription) -> bool {
    let period = subscription.period;
    let first = subscription.methods.iter().find(|method| method.blocked.is_none());
    let expires_at = first.and_then(|method| method.expires_at);
    expires_at.is_some_and(|expires| period.start < expires && expires <= period.end)
}
