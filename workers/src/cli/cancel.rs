//! `perennial cancel`

use perennial_core::ids::SubscriptionId;
use perennial_jobs::ids;
use serde_json::json;
use sqlx::PgConnection;

use super::exit::{Error, say};
use super::lookup;
use super::request::Request;
use crate::database::{self, Role};
use crate::settings;

/// Cancel a subscription: with its period, or now. A running worker acts upon it.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial cancel sub_0197… --now --credit-unused")]
pub(super) struct Cancel {
    /// The subscription: an id in any form, or an email address with one running subscription.
    subscription: String,
    /// Now, instead of at the end of the period.
    #[arg(long)]
    now: bool,
    /// Credit what was paid for unused time to the customer's balance.
    #[arg(long, requires = "now")]
    credit_unused: bool,
    /// Take a cancellation at the end of the period back.
    #[arg(long, conflicts_with_all = ["now", "credit_unused"])]
    undo: bool,
    /// Names this request: repeating it does nothing more.
    #[arg(long)]
    key: Option<String>,
}

impl Cancel {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let subscription = lookup::subscription(&mut conn, &self.subscription).await?;
        if self.undo {
            require_scheduled(&mut conn, subscription).await?;
        }
        let (kind, data) = if self.undo {
            ("subscription.cancel_undone", json!({}))
        } else {
            let when = if self.now { "now" } else { "period_end" };
            let unused = if self.credit_unused { "credited" } else { "forfeited" };
            ("subscription.cancel_requested", json!({ "when": when, "unused_time": unused }))
        };
        let key = self.key.unwrap_or_else(|| ids::new().simple().to_string());
        let event_id = format!("cancel/{key}");
        let request = Request { kind, subject: subscription.0, data, event_id };
        request.emit(&mut conn).await?;
        say(format_args!("{}  {kind}", subscription))
    }
}

/// A cancellation that is taken back was asked for, and has not happened yet.
async fn require_scheduled(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
) -> Result<(), Error> {
    let known = sqlx::query!(
        r#"select s.status, s.cancel_requested_at is not null as "scheduled!",
                  exists (select from perennial.lifecycle_events e
                           where e.subject = s.id and e.processed_at is null
                             and e.type = 'subscription.cancel_requested') as "waiting!"
             from perennial.subscriptions s where s.id = $1"#,
        subscription.0
    )
    .fetch_optional(conn)
    .await?;
    match known {
        Some(known) if matches!(known.status.as_str(), "canceled" | "expired") => Err(Error::data(
            format!("undo: {subscription} has ended ({}); nothing was changed", known.status),
        )),
        Some(known) if !known.scheduled && !known.waiting => Err(Error::data(format!(
            "undo: no cancellation of {subscription} is scheduled; nothing was changed"
        ))),
        _ => Ok(()),
    }
}
