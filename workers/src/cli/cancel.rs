//! `perennial cancel`

use perennial_core::ids::SubscriptionId;
use perennial_jobs::ids;
use serde_json::json;

use super::exit::{Error, say};
use crate::database::{self, Role};
use crate::settings;

/// Cancel a subscription: with its period, or now. A running worker acts upon it.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial cancel sub_0197… --now --credit-unused")]
pub(super) struct Cancel {
    /// The subscription.
    subscription: SubscriptionId,
    /// Now, instead of at the end of the period.
    #[arg(long)]
    now: bool,
    /// Credit what was paid for unused time to the customer's balance.
    #[arg(long, requires = "now")]
    credit_unused: bool,
    /// Take a cancellation at the end of the period back.
    #[arg(long, conflicts_with_all = ["now", "credit_unused"])]
    undo: bool,
    /// Names this wish: repeating it does nothing more.
    #[arg(long)]
    key: Option<String>,
}

impl Cancel {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let (kind, data) = if self.undo {
            ("subscription.cancel_undone", json!({}))
        } else {
            let when = if self.now { "now" } else { "period_end" };
            let unused = if self.credit_unused { "credited" } else { "forfeited" };
            ("subscription.cancel_requested", json!({ "when": when, "unused_time": unused }))
        };
        let key = self.key.unwrap_or_else(|| ids::new().simple().to_string());
        sqlx::query_scalar!(
            "select perennial.emit($1, $2, $3, $4)",
            kind,
            self.subscription.0,
            data,
            format!("cancel/{key}")
        )
        .fetch_one(&pool)
        .await?;
        say(format_args!("{}  {kind}", self.subscription))
    }
}
