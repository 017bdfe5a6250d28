//! How one payment method answers to charge attempts.

use chrono::{DateTime, Datelike, Utc};

use super::cards::Brand;
use super::declines::Decline;
use super::script::{Script, Step};

/// Everything that decides the fate of a charge on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behaviour {
    pub(crate) brand: Brand,
    pub(crate) last4: String,
    pub(crate) number: Number,
    pub(crate) funding: &'static str,
    pub(crate) script: Script,
    /// Year and month after which charges are declined, where the name or the request gives them.
    pub(crate) expires: Option<(i32, u32)>,
    /// Attaching it to a customer is declined with this.
    pub(crate) attach: Option<Decline>,
    pub(crate) authentication: Authentication,
    pub(crate) risk: Risk,
    pub(crate) failing_check: Option<Check>,
}

/// What tells the numbers of two cards apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Number {
    /// A test card's: brand and last digits, the same for everybody.
    Test,
    /// Each customer has a card of their own of this name.
    OfOwner(String),
    /// The same for everybody, as the name says.
    Shared(String),
}

/// When the customer must authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    Never,
    /// With the customer present; off session it is exempt.
    OnSession,
    /// Until a setup intent, or a payment with `setup_future_usage`, has been authenticated.
    UnlessSetUp,
    Always,
}

/// What the provider's risk score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Risk {
    Normal,
    Elevated,
    Highest,
}

/// A check of the card's data that fails without stopping the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Cvc,
    PostalCode,
    Line1,
    /// Both address checks.
    Address,
}

/// Whether the customer is there to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    OnSession,
    OffSession,
    /// The customer has just authenticated.
    Authenticated,
}

impl Behaviour {
    /// Whether a charge needs the customer first.
    pub(crate) fn asks(&self, presence: Presence, set_up: bool) -> bool {
        match (self.authentication, presence) {
            (Authentication::Never, _) | (_, Presence::Authenticated) => false,
            (Authentication::OnSession, Presence::OffSession) => false,
            (Authentication::UnlessSetUp, Presence::OffSession) => !set_up,
            _ => true,
        }
    }

    /// Whether the month of expiry has passed.
    pub(crate) fn expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|(year, month)| (now.year(), now.month()) > (year, month))
    }

    /// What becomes of charge attempt number `attempt` (from 0), authentication aside.
    pub(crate) fn verdict(&self, attempt: u32, now: DateTime<Utc>) -> Step {
        if self.expired(now)
            && let Some(decline) = Decline::named("expired_card")
        {
            return Step::Decline(decline);
        }
        self.script.at(attempt).clone()
    }
}

impl Risk {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Elevated => "elevated",
            Self::Highest => "highest",
        }
    }

    pub(crate) fn score(self) -> i64 {
        match self {
            Self::Normal => 23,
            Self::Elevated => 68,
            Self::Highest => 88,
        }
    }
}

impl Check {
    /// The results of (line 1, postal code, security code) checks.
    pub(crate) fn results(failing: Option<Self>) -> [&'static str; 3] {
        let result = |fails: bool| if fails { "fail" } else { "pass" };
        [
            result(matches!(failing, Some(Self::Line1 | Self::Address))),
            result(matches!(failing, Some(Self::PostalCode | Self::Address))),
            result(matches!(failing, Some(Self::Cvc))),
        ]
    }
}
