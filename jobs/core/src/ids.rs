//! Names of things. Every id is a UUID with a type of its own, printed with a prefix (`sub_…`).
//!
//! New ids are UUIDv7 made by the caller; ids of what follows from something else (the invoice
//! of a period, the attempt of an invoice) are UUIDv5 of what they name, so that doing it twice
//! names the same thing twice.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The namespace of every derived id.
const NAMESPACE: Uuid = Uuid::from_u128(0x7065_7265_6e6e_6961_6c00_0000_0000_0001);

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_… (a UUID is accepted too)")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What its text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id that follows from `parts`: the same parts give the same id, for ever.
            #[must_use]
            pub fn derived(parts: &str) -> Self {
                Self(Uuid::new_v5(&NAMESPACE, format!("{}:{parts}", $prefix).as_bytes()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let bare = text.strip_prefix(concat!($prefix, "_")).unwrap_or(text);
                Uuid::try_parse(bare)
                    .map(Self)
                    .map_err(|_| InvalidId { text: text.to_owned(), prefix: $prefix })
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )* };
}

ids! {
    /// The billable party: a user or an organization.
    CustomerId = "cus";
    /// A plan of the catalog.
    PlanId = "plan";
    /// A price of a plan.
    PriceId = "price";
    /// One subscription of one customer.
    SubscriptionId = "sub";
    /// Something bought once.
    OrderId = "ord";
    /// One invoice.
    InvoiceId = "inv";
    /// One attempt to collect an invoice.
    PaymentId = "pay";
    /// What was paid back of a payment.
    RefundId = "re";
    /// What a customer's bank says of a payment.
    DisputeId = "dp";
    /// A card or account that can be charged.
    PaymentMethodId = "pm";
    /// One run of the dunning ladder.
    DunningCaseId = "dun";
    /// A balanced posting in the ledger.
    PostingId = "post";
    /// What a subscription's next invoice bills beside its price.
    PendingItemId = "item";
    /// A user's membership.
    MembershipId = "mbr";
    /// A key that a customer's programs call an API with.
    ApiKeyId = "key";
    /// One email.
    EmailId = "mail";
    /// A clock that business time can be read from.
    ClockId = "clock";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form_with_and_without_prefix() {
        let id = SubscriptionId::derived("x");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.0.to_string().parse(), Ok(id));
        assert!("cus_zz".parse::<SubscriptionId>().is_err());
    }

    #[test]
    fn ids_of_two_kinds_derived_from_the_same_parts_differ() {
        assert_ne!(SubscriptionId::derived("x").0, InvoiceId::derived("x").0);
    }
}
