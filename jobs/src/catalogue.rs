//! All jobs. To add one: its file in `catalogue/`, and its two lines here.

mod accrue_commissions;
mod allocate_tokens;
mod bill_final_usage;
mod cancel_at_period_end;
mod check_invariants;
mod collect_payment;
mod due;
mod end_trial;
mod expire_grace;
mod expire_grants;
mod expire_incomplete;
mod expire_membership;
mod grace_ending_notice;
mod pre_dunning_notice;
mod process_events;
mod prune_jobs;
mod reconcile_payments;
mod renew;
mod reset_quota;
mod resolve_unknown;
mod retain_usage;
mod retry_payment;
mod score_churn;
mod send_digest;
mod send_email;
mod snapshot;
mod start_subscription;
mod suspend_parked;
mod top_up_wallet;
mod trial_ending_notice;
mod upcoming_renewal_notice;
mod warn_low_balance;
mod warn_usage;

use crate::job::{Door, Job};

pub use due::Due;

/// Something to be done with every job: register a worker, list a name.
pub trait Visitor {
    /// Sees one job.
    fn visit<J: Job>(&mut self);
}

macro_rules! catalogue {
    ($($file:ident::$Job:ident,)*) => {
        $(pub use $file::$Job;)*

        /// Shows every job to a visitor.
        pub fn each(visitor: &mut impl Visitor) {
            $(visitor.visit::<$Job>();)*
        }

        /// The name of every job, and who may enqueue it from outside.
        pub const NAMES: &[(&str, Door)] = &[$((<$Job as Job>::NAME, <$Job as Job>::DOOR)),*];
    };
}

catalogue! {
    accrue_commissions::AccrueCommissions,
    allocate_tokens::AllocateTokens,
    bill_final_usage::BillFinalUsage,
    cancel_at_period_end::CancelAtPeriodEnd,
    check_invariants::CheckInvariants,
    collect_payment::CollectPayment,
    end_trial::EndTrial,
    expire_grace::ExpireGrace,
    expire_grants::ExpireGrants,
    expire_incomplete::ExpireIncomplete,
    expire_membership::ExpireMembership,
    grace_ending_notice::GraceEndingNotice,
    pre_dunning_notice::PreDunningNotice,
    process_events::ProcessEvents,
    prune_jobs::PruneJobs,
    reconcile_payments::ReconcilePayments,
    renew::Renew,
    reset_quota::ResetQuota,
    resolve_unknown::ResolveUnknown,
    retain_usage::RetainUsage,
    retry_payment::RetryPayment,
    send_digest::SendDigest,
    score_churn::ScoreChurn,
    send_email::SendEmail,
    snapshot::Snapshot,
    start_subscription::StartSubscription,
    suspend_parked::SuspendParked,
    top_up_wallet::TopUpWallet,
    trial_ending_notice::TrialEndingNotice,
    upcoming_renewal_notice::UpcomingRenewalNotice,
    warn_usage::WarnUsage,
    warn_low_balance::WarnLowBalance,
}
