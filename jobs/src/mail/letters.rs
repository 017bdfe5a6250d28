//! All letters.

mod canceled;
mod card_expiring;
mod expired;
mod grace_ending;
mod grace_started;
mod low_balance;
mod membership_ending;
mod order_failed;
mod payment_failed;
mod receipt;
mod recovered;
mod trial_ending;
mod upcoming_renewal;
mod usage_warning;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::facts::{Resend, Stream};

pub use canceled::{CancelEffect, Canceled, Charging, Overdue};
pub use card_expiring::CardExpiring;
pub use expired::{Expired, WhyEnded};
pub use grace_ending::GraceEnding;
pub use grace_started::GraceStarted;
pub use low_balance::{LowBalance, TopUp};
pub use membership_ending::{MembershipEnd, MembershipEnding};
pub use order_failed::OrderFailed;
pub use payment_failed::{NextStep, PaymentFailed};
pub use receipt::{PaidInvoice, Receipt, ReceiptLine};
pub use recovered::Recovered;
pub use trial_ending::{AfterTrial, TrialEnding};
pub use upcoming_renewal::UpcomingRenewal;
pub use usage_warning::{BeyondLimit, Upgrade, UsageWarning};

/// What every letter says about itself; its facts are its fields, its words its templates.
pub trait Notice {
    /// What to do when nobody knows whether the server took it.
    const RESEND_AFTER_UNCERTAIN: Resend;

    /// The stream it belongs to, if a customer can mute it. What belongs to a contract (a receipt,
    /// a failed payment) cannot be muted.
    const STREAM: Option<Stream> = None;

    /// The instant after which what it says is no longer so, if there is one.
    fn good_until(&self) -> Option<DateTime<Utc>> {
        None
    }

    /// The letter in each of its variants, named: what the tests write out.
    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

macro_rules! template {
    ($file:ident, $part:literal) => {
        (
            concat!(stringify!($file), ".", $part),
            include_str!(concat!("templates/", stringify!($file), ".", $part)),
        )
    };
}

macro_rules! letters {
    ($($file:ident::$Letter:ident,)*) => {
        /// The facts of one letter, as the outbox stores them: `{"template": "receipt", …}`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "template", rename_all = "snake_case")]
        pub enum Letter {
            $(#[doc = concat!("See [`", stringify!($Letter), "`].")] $Letter($Letter),)*
        }

        impl Letter {
            /// The durable names of all letters.
            pub const TEMPLATES: &'static [&'static str] = &[$(stringify!($file)),*];

            /// The durable name of the letter: its file, its templates and its rows bear it.
            #[must_use]
            pub fn template(&self) -> &'static str {
                match self { $(Self::$Letter(_) => stringify!($file),)* }
            }

            /// What to do when nobody knows whether the server took it.
            #[must_use]
            pub fn resend_after_uncertain(&self) -> Resend {
                match self { $(Self::$Letter(_) => $Letter::RESEND_AFTER_UNCERTAIN,)* }
            }

            /// Whether the instant has come after which what it says is no longer so.
            #[must_use]
            pub fn is_overtaken(&self, now: DateTime<Utc>) -> bool {
                let until = match self { $(Self::$Letter(letter) => letter.good_until(),)* };
                until.is_some_and(|until| until <= now)
            }

            /// The stream it belongs to, if a customer can mute it.
            #[must_use]
            pub fn stream(&self) -> Option<Stream> {
                match self { $(Self::$Letter(_) => $Letter::STREAM,)* }
            }
        }

        /// Every template's name and source.
        pub(super) const TEXTS: &[(&str, &str)] = &[$(
            template!($file, "subject"),
            template!($file, "txt"),
            template!($file, "html"),
        )*];

        #[cfg(test)]
        impl Letter {
            /// Every letter in each of its variants, under its variant's name.
            pub(super) fn samples() -> Vec<(&'static str, Self)> {
                let mut samples = Vec::new();
                $(samples.extend($Letter::samples().into_iter().map(|(name, it)| (name, Self::$Letter(it))));)*
                samples
            }
        }

        $(impl From<$Letter> for Letter {
            fn from(letter: $Letter) -> Self {
                Self::$Letter(letter)
            }
        })*
    };
}

letters! {
    canceled::Canceled,
    card_expiring::CardExpiring,
    expired::Expired,
    grace_ending::GraceEnding,
    grace_started::GraceStarted,
    low_balance::LowBalance,
    membership_ending::MembershipEnding,
    order_failed::OrderFailed,
    payment_failed::PaymentFailed,
    receipt::Receipt,
    recovered::Recovered,
    trial_ending::TrialEnding,
    upcoming_renewal::UpcomingRenewal,
    usage_warning::UsageWarning,
}
