//! What customers use and spend, day by day.

use chrono::TimeDelta;
use perennial_jobs::store::wallets;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Drive, DriveError};
use crate::simulation::cast::Actor;
use crate::simulation::scenario::Group;

impl Drive<'_> {
    /// Records what everybody uses on a day in one batch, and lets them spend their tokens.
    pub(super) async fn use_and_spend(
        &self,
        conn: &mut PgConnection,
        day: i64,
    ) -> Result<(), DriveError> {
        let mut events = Vec::new();
        for (actor, group) in self.actors_of(day) {
            let due = group.uses.iter().filter(|it| day % i64::from(it.every_days) == 0);
            events.extend(due.map(|it| event(actor, &it.metric, it.quantity, day)));
        }
        record(&mut *conn, events).await?;
        for (actor, group) in self.actors_of(day) {
            for spend in group.spends.iter().filter(|it| day % i64::from(it.every_days) == 0) {
                let event_id = format!("{}/{}/{day}", actor.subscription, spend.unit);
                let (customer, amount) = (actor.customer.0, i64::from(spend.amount));
                wallets::consume(&mut *conn, customer, &spend.unit, amount, &event_id)
                    .await
                    .map_err(|source| DriveError::Door { actor: actor.name.clone(), source })?;
            }
        }
        Ok(())
    }

    /// Who has subscribed by then.
    fn actors_of(&self, day: i64) -> impl Iterator<Item = (&Actor, &Group)> {
        let now = self.scenario.start + TimeDelta::days(day);
        let there = self.actors.iter().filter(move |actor| actor.subscribes_at < now);
        there.map(|actor| (actor, &self.scenario.groups[actor.group]))
    }
}

fn event(actor: &Actor, metric: &str, quantity: u32, day: i64) -> Value {
    json!({
        "customer": actor.customer.0, "metric": metric, "quantity": quantity,
        "event_id": format!("{}/{metric}/{day}", actor.subscription),
    })
}

async fn record(conn: &mut PgConnection, events: Vec<Value>) -> Result<(), DriveError> {
    if events.is_empty() {
        return Ok(());
    }
    let refused = sqlx::query!(
        r#"select event_id as "event_id!", error as "error!"
             from perennial.record_usage_batch($1) where error is not null"#,
        Value::Array(events)
    )
    .fetch_optional(conn)
    .await?;
    match refused {
        None => Ok(()),
        Some(refused) => Err(DriveError::Usage { event: refused.event_id, error: refused.error }),
    }
}
