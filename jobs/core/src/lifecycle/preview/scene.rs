//! The subscription that a policy is shown on.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::{Anchor, CalendarError, Interval};
use crate::currency::Currency;
use crate::ids::{
    CustomerId, InvoiceId, PaymentId, PaymentMethodId, PlanId, PriceId, SubscriptionId,
};
use crate::lifecycle::{
    Invoice, InvoiceKind, Item, Method, NoticesSent, Occasion, State, Subscription,
};
use crate::network::Network;

/// What it costs does not matter.
const PRICE_MINOR: i64 = 10_000;

/// Its one method.
pub(super) fn method() -> PaymentMethodId {
    PaymentMethodId::derived("preview")
}

/// A yearly renewal at `at` whose first attempt is under way. No ladder lasts as long as two
/// years, so that no other renewal falls into it.
pub(super) fn renewal_under_way(
    at: DateTime<Utc>,
    zone: Tz,
    network: Network,
) -> Result<Subscription, CalendarError> {
    let two_years = Interval::new(crate::calendar::Unit::Year, 2).unwrap_or(Interval::YEAR);
    let cycle = Anchor::at(at, zone).every(two_years);
    let period = cycle.period(0)?;
    let id = InvoiceId::derived("preview");
    let invoice = Invoice {
        id,
        kind: InvoiceKind::Period,
        period,
        total_minor: PRICE_MINOR,
        carried_minor: 0,
        settled_minor: 0,
        credited_minor: 0,
        written_off_minor: 0,
        open: true,
        attempts: 1,
        in_flight: Some(PaymentId::derived(&format!("{id}/1"))),
        occasion: Occasion::Schedule,
    };
    let started_at = cycle.boundary(-1)?;
    Ok(Subscription {
        id: SubscriptionId::derived("preview"),
        customer: CustomerId::derived("preview"),
        plan: PlanId::derived("preview"),
        state: State::Active,
        cycle,
        currency: Currency::USD,
        items: vec![item()],
        started_at,
        period,
        cancel_requested_at: None,
        notices: NoticesSent::default(),
        parked: None,
        invoices: vec![invoice],
        methods: vec![Method {
            id: method(),
            card: method(),
            network,
            expires_at: None,
            blocked: None,
            not_before: None,
            recent_attempts: vec![],
        }],
        pending: vec![],
        balance_minor: 0,
    })
}

fn item() -> Item {
    Item {
        price: PriceId::derived("preview"),
        plan: PlanId::derived("preview"),
        description: "Preview".to_owned(),
        quantity: 1,
        unit_amount_minor: PRICE_MINOR,
        setup_fee_minor: 0,
    }
}

/// The attempt whose outcome is awaited.
pub(super) fn under_way(subscription: &Subscription) -> Option<(InvoiceId, PaymentId)> {
    let mut invoices = subscription.invoices.iter();
    invoices.find_map(|invoice| invoice.in_flight.map(|payment| (invoice.id, payment)))
}
