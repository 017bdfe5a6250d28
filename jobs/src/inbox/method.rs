//! `payment_method.attached`, `payment_method.unblocked`

use chrono::{DateTime, TimeZone, Utc};
use perennial_core::ids::{CustomerId, PaymentMethodId};
use perennial_core::lifecycle::Event;
use serde::Deserialize;
use sqlx::PgConnection;

use super::{Trouble, customer, decide};
use crate::context::Cx;
use crate::lifecycle::Journal;
use crate::store::events::EventRow;
use crate::store::methods::{self, Attachment, Rank};
use crate::store::{subscriptions, wallets};

#[derive(Debug, Deserialize)]
pub(super) struct MethodAttached {
    provider: Option<String>,
    provider_customer: String,
    reference: String,
    kind: Option<String>,
    network: Option<String>,
    last4: Option<String>,
    exp_month: Option<u32>,
    exp_year: Option<i32>,
    fingerprint: Option<String>,
    default: Option<bool>,
}

pub(super) async fn attached(
    conn: &mut PgConnection,
    cx: &Cx,
    customer: CustomerId,
    event: &EventRow,
    data: MethodAttached,
) -> Result<Journal, Trouble> {
    let provider = data.provider.as_deref().unwrap_or("stripe");
    let known = methods::provider_customer(&mut *conn, provider, customer.0).await?;
    if let Some(known) = known.filter(|known| *known != data.provider_customer) {
        // An invoice's intent belongs to one customer of the provider for its whole life.
        return Err(Trouble::refused(format!(
            "provider_customer: is {}, but {customer} is known to the provider as {known}; attach the method there",
            data.provider_customer
        )));
    }
    let attachment = Attachment {
        id: PaymentMethodId::derived(&data.reference).0,
        customer_id: customer.0,
        provider,
        provider_customer: &data.provider_customer,
        reference: &data.reference,
        kind: data.kind.as_deref().unwrap_or("card"),
        network: data.network.as_deref(),
        last4: data.last4.as_deref(),
        expires_at: end_of_month(data.exp_month, data.exp_year),
        fingerprint: data.fingerprint.as_deref(),
        rank: if data.default == Some(false) { Rank::Backup } else { Rank::Default },
        at: event.at,
    };
    let Some(attached) = methods::attach(&mut *conn, &attachment).await? else {
        return Err(Trouble::refused(format!(
            "reference: {} belongs to another customer",
            data.reference
        )));
    };
    let method = PaymentMethodId(attached.id);
    customer::note(
        &mut *conn,
        customer,
        "payment_method_attached",
        serde_json::json!({ "method": method.to_string() }),
    )
    .await?;
    // The same card told again is no new one: nothing is charged, and nothing lifted (rule C13).
    match attached.news {
        true => resume(conn, cx, customer, method).await,
        false => Ok(Journal::default()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct MethodUnblocked {
    reference: String,
    reason: String,
}

/// An operator says that a blocked card may be charged again.
pub(super) async fn unblocked(
    conn: &mut PgConnection,
    cx: &Cx,
    customer: CustomerId,
    data: MethodUnblocked,
) -> Result<Journal, Trouble> {
    let Some(method) = methods::unblock(&mut *conn, customer.0, &data.reference).await? else {
        return Err(Trouble::refused(format!(
            "reference: {customer} has no payment method {}",
            data.reference
        )));
    };
    let method = PaymentMethodId(method);
    let facts = serde_json::json!({ "method": method.to_string(), "reason": data.reason });
    customer::note(&mut *conn, customer, "payment_method_unblocked", facts).await?;
    resume(conn, cx, customer, method).await
}

/// A method can be charged that could not be before: what waited for one goes on.
async fn resume(
    conn: &mut PgConnection,
    cx: &Cx,
    customer: CustomerId,
    method: PaymentMethodId,
) -> Result<Journal, Trouble> {
    wallets::resume_top_ups(&mut *conn, customer.0).await?;
    let subscriptions = subscriptions::of_customer(&mut *conn, customer.0).await?;
    // All before the first is decided: nothing is waited for while what decisions lock is held.
    subscriptions::lock(&mut *conn, &subscriptions).await?;
    let mut journal = Journal::default();
    for subscription in subscriptions {
        let event = Event::PaymentMethodAttached { method };
        journal.extend(decide(&mut *conn, cx, subscription.into(), event).await?);
    }
    Ok(journal)
}

/// A card is good through the last day of its month.
fn end_of_month(month: Option<u32>, year: Option<i32>) -> Option<DateTime<Utc>> {
    let (year, month) = match (month?, year?) {
        (12, year) => (year + 1, 1),
        (month, year) => (year, month + 1),
    };
    Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single()
}
