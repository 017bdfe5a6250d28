//! `customer.upserted`

use perennial_core::ids::CustomerId;
use serde::Deserialize;
use sqlx::PgConnection;

use super::{BY, Trouble};
use crate::mail::clean_display_name;
use crate::store::customers::{self, Kind, Profile};

#[derive(Debug, Deserialize)]
pub(super) struct CustomerUpserted {
    email: String,
    name: String,
    kind: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    clock: Option<String>,
}

pub(super) async fn upserted(
    conn: &mut PgConnection,
    customer: CustomerId,
    data: CustomerUpserted,
) -> Result<(), Trouble> {
    if let Some(zone) = &data.time_zone
        && zone.parse::<chrono_tz::Tz>().is_err()
    {
        return Err(Trouble::refused(format!("time_zone: `{zone}` is not an IANA time zone")));
    }
    let profile = Profile {
        id: customer.0,
        kind: if data.kind.as_deref() == Some("organization") {
            Kind::Organization
        } else {
            Kind::User
        },
        email: data.email.trim(),
        name: &clean_display_name(&data.name),
        locale: data.locale.as_deref(),
        time_zone: data.time_zone.as_deref(),
        clock: data.clock.as_deref(),
    };
    customers::upsert(&mut *conn, &profile).await?;
    note(conn, customer, "customer_upserted", serde_json::json!({})).await
}

/// Adds a decision about a customer to the audit log.
pub(super) async fn note(
    conn: &mut PgConnection,
    customer: CustomerId,
    act: &str,
    facts: serde_json::Value,
) -> Result<(), Trouble> {
    let row = customers::lock(&mut *conn, customer.0).await?;
    let row = row.ok_or_else(|| Trouble::refused(format!("{customer} does not exist")))?;
    customers::note(conn, customer.0, &row, &customers::Act { name: act, actor: BY, facts })
        .await?;
    Ok(())
}
