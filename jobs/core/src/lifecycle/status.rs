//! Statuses, and the one table that says which edges between them are legal.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that is stored and printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::lifecycle::status::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::lifecycle::status::UnknownWord { word: word.to_owned() }),
                }
            }
        }
    };
}
pub(crate) use words;

/// A word that names nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not known")]
pub struct UnknownWord {
    /// What was read.
    pub word: String,
}

words! {
    /// Where a subscription stands, in the field's words.
    Status {
        /// Agreed, and not begun; no access yet.
        Scheduled = "scheduled",
        /// The first payment is awaited; no access yet.
        Incomplete = "incomplete",
        /// In its trial.
        Trialing = "trialing",
        /// Paid up, or being charged for the first time for a period.
        Active = "active",
        /// A payment failed and the ladder runs; access is kept.
        PastDue = "past_due",
        /// Attempts are over, access is kept for a while.
        Grace = "grace",
        /// Service pauses until a payment method is attached.
        Paused = "paused",
        /// Suspended: no access until what is owed is paid.
        Unpaid = "unpaid",
        /// Ended because somebody wanted it to.
        Canceled = "canceled",
        /// Ended because it stayed unpaid.
        Expired = "expired",
    }
}

impl Status {
    /// Whether a subscription in this status gives its customer what the plan includes.
    #[must_use]
    pub fn has_access(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue | Self::Grace)
    }
}

words! {
    /// Why a subscription moves from one status to another (or stays, with news).
    Edge {
        /// It was agreed, and begins later.
        Scheduled = "scheduled",
        /// It began.
        Started = "started",
        /// The first payment came.
        FirstPaymentReceived = "first_payment_received",
        /// The first payment never came.
        FirstPaymentAbandoned = "first_payment_abandoned",
        /// The trial became a paid subscription.
        TrialConverted = "trial_converted",
        /// The trial ended without a payment method.
        TrialLapsed = "trial_lapsed",
        /// A period ended and the next began.
        Renewed = "renewed",
        /// A payment failed; the ladder begins.
        PaymentFailed = "payment_failed",
        /// A rung of the ladder brought no payment.
        RungPassed = "rung_passed",
        /// The ladder is through; grace begins.
        AttemptsOver = "attempts_over",
        /// All that was owed is paid.
        Recovered = "recovered",
        /// Grace ended: the subscription ends.
        GraceExpired = "grace_expired",
        /// Grace ended, or nobody looked at a parked subscription: it is suspended.
        Suspended = "suspended",
        /// Grace ended: the subscription goes on with a lesser plan.
        Downgraded = "downgraded",
        /// A paused subscription goes on.
        Resumed = "resumed",
        /// It will end with its period.
        CancelScheduled = "cancel_scheduled",
        /// It will not end with its period after all.
        CancelUndone = "cancel_undone",
        /// It ended, on request.
        Canceled = "canceled",
    }
}

/// Every legal edge. `None`: there was no subscription before.
pub const TRANSITIONS: &[(Option<Status>, Edge, Status)] = {
    use Edge as E;
    use Status as S;
    &[
        (None, E::Scheduled, S::Scheduled),
        (Some(S::Scheduled), E::Started, S::Incomplete),
        (Some(S::Scheduled), E::Started, S::Trialing),
        (Some(S::Scheduled), E::Started, S::Active),
        (Some(S::Scheduled), E::Canceled, S::Canceled),
        (None, E::Started, S::Incomplete),
        (None, E::Started, S::Trialing),
        (None, E::Started, S::Active),
        (Some(S::Incomplete), E::FirstPaymentReceived, S::Active),
        (Some(S::Incomplete), E::FirstPaymentAbandoned, S::Expired),
        (Some(S::Incomplete), E::Canceled, S::Canceled),
        (Some(S::Trialing), E::TrialConverted, S::Active),
        (Some(S::Trialing), E::TrialLapsed, S::Paused),
        (Some(S::Trialing), E::TrialLapsed, S::Canceled),
        (Some(S::Trialing), E::CancelScheduled, S::Trialing),
        (Some(S::Trialing), E::CancelUndone, S::Trialing),
        (Some(S::Trialing), E::Canceled, S::Canceled),
        (Some(S::Active), E::Renewed, S::Active),
        (Some(S::Active), E::PaymentFailed, S::PastDue),
        (Some(S::Active), E::CancelScheduled, S::Active),
        (Some(S::Active), E::CancelUndone, S::Active),
        (Some(S::Active), E::Canceled, S::Canceled),
        (Some(S::Active), E::Suspended, S::Unpaid),
        (Some(S::PastDue), E::Renewed, S::PastDue),
        (Some(S::PastDue), E::RungPassed, S::PastDue),
        (Some(S::PastDue), E::AttemptsOver, S::Grace),
        (Some(S::PastDue), E::Recovered, S::Active),
        (Some(S::PastDue), E::Suspended, S::Unpaid),
        (Some(S::PastDue), E::CancelScheduled, S::PastDue),
        (Some(S::PastDue), E::CancelUndone, S::PastDue),
        (Some(S::PastDue), E::Canceled, S::Canceled),
        (Some(S::Grace), E::Renewed, S::Grace),
        (Some(S::Grace), E::Recovered, S::Active),
        (Some(S::Grace), E::GraceExpired, S::Expired),
        (Some(S::Grace), E::Suspended, S::Unpaid),
        (Some(S::Grace), E::Downgraded, S::Active),
        (Some(S::Grace), E::CancelScheduled, S::Grace),
        (Some(S::Grace), E::CancelUndone, S::Grace),
        (Some(S::Grace), E::CancelUndone, S::PastDue),
        (Some(S::Grace), E::Canceled, S::Canceled),
        (Some(S::Paused), E::Resumed, S::Active),
        (Some(S::Paused), E::Canceled, S::Canceled),
        (Some(S::Unpaid), E::Recovered, S::Active),
        (Some(S::Unpaid), E::Canceled, S::Canceled),
    ]
};

/// Whether the edge is in the table.
#[must_use]
pub fn is_legal(from: Option<Status>, edge: Edge, to: Status) -> bool {
    TRANSITIONS.contains(&(from, edge, to))
}

impl Status {
    /// Ended for good.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Canceled | Self::Expired)
    }
}
