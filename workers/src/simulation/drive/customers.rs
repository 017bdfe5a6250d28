//! What customers do, through the same doors as any application's.

use chrono::TimeDelta;
use perennial_core::ids::OrderId;
use perennial_jobs::payments::{AttachedMethod, CustomerProfile, OpKey, PaymentProvider};
use perennial_jobs::store::methods;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Drive, DriveError};
use crate::simulation::cast::Actor;
use crate::simulation::scenario::Action;

impl Drive<'_> {
    pub(super) async fn subscribe(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
    ) -> Result<(), DriveError> {
        let group = &self.scenario.groups[actor.group];
        let profile = json!({ "email": actor.email, "name": actor.name, "locale": actor.locale, "time_zone": actor.zone });
        emit(conn, actor, "customer.upserted", actor.customer.0, profile, "new").await?;
        // The first method of the two is the default: it is attached last.
        for (method, rank) in [(&group.backup, "backup"), (&group.method, "first")] {
            if let Some(method) = method {
                self.attach(conn, actor, method, rank).await?;
            }
        }
        let mut wish = json!({
            "customer": actor.customer.0, "plan": group.plan, "interval": group.interval, "seats": group.seats,
            "time_zone": actor.zone,
        });
        if let Some(amount) = group.negotiated_amount_minor {
            wish["negotiated_amount_minor"] = json!(amount);
        }
        if let Some(anchor) = &group.anchor {
            wish["anchor"] = json!(anchor);
        }
        if group.trial_days > 0 {
            wish["trial_end"] =
                json!(actor.subscribes_at + TimeDelta::days(group.trial_days.into()));
        }
        emit(conn, actor, "subscription.created", actor.subscription.0, wish, "new").await
    }

    pub(super) async fn deed(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        deed: usize,
    ) -> Result<(), DriveError> {
        let (_, done) = &actor.deeds[deed];
        let name = format!("deed {deed}");
        let subscription = actor.subscription.0;
        match done.action {
            Action::Attach => {
                let method = done.method.as_deref().unwrap_or_default();
                self.attach(conn, actor, method, &name).await
            }
            Action::Buy => {
                let wish = json!({ "customer": actor.customer.0, "package": done.package });
                let order = OrderId::derived(&format!("{subscription}/{name}"));
                emit(conn, actor, "order.placed", order.0, wish, &name).await
            }
            Action::Cancel => {
                emit(conn, actor, "subscription.cancel_requested", subscription, json!({}), &name)
                    .await
            }
            Action::CancelNow => {
                let now = json!({ "when": "now", "unused_time": "credited" });
                emit(conn, actor, "subscription.cancel_requested", subscription, now, &name).await
            }
            Action::Undo => {
                emit(conn, actor, "subscription.cancel_undone", subscription, json!({}), &name)
                    .await
            }
        }
    }

    /// As an application does when its customer enters a card.
    async fn attach(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        method: &str,
        occasion: &str,
    ) -> Result<(), DriveError> {
        let refused = |(source, _)| DriveError::Method { actor: actor.name.clone(), source };
        let profile = CustomerProfile {
            customer: actor.customer,
            email: actor.email.clone(),
            name: actor.name.clone(),
        };
        let provider = &self.stack.provider;
        // The provider forgets keys: once known, a customer is never asked for again.
        let known =
            methods::provider_customer(&mut *conn, provider.name(), actor.customer.0).await?;
        let customer = match known {
            Some(known) => known,
            None => {
                provider
                    .ensure_customer(&profile, &OpKey::customer(&profile, "simulation"))
                    .await
                    .map_err(refused)?
                    .value
            }
        };
        let key = OpKey::attach(actor.customer, occasion);
        let attached =
            provider.attach_method(&customer, method, &key).await.map_err(refused)?.value;
        let mut data = data_of(&customer, &attached);
        data["default"] = json!(occasion != "backup");
        emit(conn, actor, "payment_method.attached", actor.customer.0, data, occasion).await
    }
}

fn data_of(customer: &str, method: &AttachedMethod) -> Value {
    let mut data = json!({ "provider_customer": customer, "reference": method.reference, "kind": method.kind });
    let fields = [
        ("network", &method.network),
        ("last4", &method.last4),
        ("fingerprint", &method.fingerprint),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            data[field] = json!(value);
        }
    }
    if let Some((month, year)) = method.expires {
        data["exp_month"] = json!(month);
        data["exp_year"] = json!(year);
    }
    data
}

async fn emit(
    conn: &mut PgConnection,
    actor: &Actor,
    kind: &str,
    subject: uuid::Uuid,
    data: Value,
    occasion: &str,
) -> Result<(), DriveError> {
    let event_id = format!("{}/{kind}/{occasion}", actor.subscription);
    sqlx::query_scalar!("select perennial.emit($1, $2, $3, $4)", kind, subject, data, event_id)
        .fetch_one(conn)
        .await
        .map_err(|source| DriveError::Door { actor: actor.name.clone(), source })?;
    Ok(())
}
