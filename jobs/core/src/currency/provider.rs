//! How an amount of ours is written in the payment provider's units.
//!
//! Mostly they are equal. ISK and UGX have no decimals for us and two, always
//! 00, there; MGA has two for us and none there; amounts in three-decimal
//! currencies must end in 0 there.

use super::Currency;

/// Eight digits, in the provider's units: what it charges at once in most currencies.
const MAX_CHARGE: i64 = 99_999_999;

/// The provider's units cannot express this amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unchargeable {
    /// Not a multiple of what the provider can charge.
    #[error(
        "{minor} {currency} is not charged: the provider takes multiples of {step} minor units"
    )]
    NotAMultiple {
        /// The amount, in minor units (of whichever side was given).
        minor: i64,
        /// Its currency.
        currency: Currency,
        /// The smallest difference the provider knows, in the same units.
        step: i64,
    },
    /// Beyond what fits.
    #[error("{minor} {currency} is not charged: the amount is too large")]
    TooLarge {
        /// The amount, in minor units.
        minor: i64,
        /// Its currency.
        currency: Currency,
    },
}

impl Currency {
    /// Decimals in the payment provider's amounts.
    pub fn provider_exponent(&self) -> u8 {
        self.entry().stripe.api_exponent.unwrap_or_else(|| self.exponent())
    }

    /// What the provider's amounts must be a multiple of, in the provider's units.
    pub fn round_to_minor(&self) -> i64 {
        self.entry().stripe.round_to_minor.unwrap_or(1)
    }

    /// The least amount the provider charges, in our minor units, where it is known.
    pub fn min_charge_minor(&self) -> Option<i64> {
        self.entry().stripe.min_charge_minor
    }

    /// The largest amount the provider charges at once, in our minor units.
    pub fn max_charge_minor(&self) -> i64 {
        let (up, down) = self.scale();
        let ours = self.entry().stripe.max_charge_minor.unwrap_or(MAX_CHARGE) / up * down;
        ours - ours % self.charge_step_minor()
    }

    /// The smallest difference between two chargeable amounts, in our minor units.
    pub fn charge_step_minor(&self) -> i64 {
        let (up, down) = self.scale();
        // Every amount of ours is `minor * up / down` there.
        (self.round_to_minor() * down / up).max(1)
    }

    /// Our amount in the provider's units.
    pub fn to_provider_amount(&self, minor: i64) -> Result<i64, Unchargeable> {
        let step = self.charge_step_minor();
        if minor % step != 0 {
            return Err(Unchargeable::NotAMultiple { minor, currency: *self, step });
        }
        let (up, down) = self.scale();
        (minor / down).checked_mul(up).ok_or(Unchargeable::TooLarge { minor, currency: *self })
    }

    /// What the provider is asked to charge: our amount in its units, if it charges so much at once.
    pub fn to_charge(&self, minor: i64) -> Result<i64, Unchargeable> {
        if minor > self.max_charge_minor() {
            return Err(Unchargeable::TooLarge { minor, currency: *self });
        }
        self.to_provider_amount(minor)
    }

    /// The provider's amount in our minor units.
    pub fn from_provider_amount(&self, provider_minor: i64) -> Result<i64, Unchargeable> {
        let step = self.round_to_minor();
        if provider_minor % step != 0 {
            let minor = provider_minor;
            return Err(Unchargeable::NotAMultiple { minor, currency: *self, step });
        }
        let (up, down) = self.scale();
        (provider_minor / up)
            .checked_mul(down)
            .ok_or(Unchargeable::TooLarge { minor: provider_minor, currency: *self })
    }

    /// Factor and divisor from our units to the provider's; one of them is 1.
    fn scale(&self) -> (i64, i64) {
        let (ours, theirs) = (self.exponent(), self.provider_exponent());
        let power = |exponent: u8| 10_i64.pow(exponent.into());
        (power(theirs.saturating_sub(ours)), power(ours.saturating_sub(theirs)))
    }
}
