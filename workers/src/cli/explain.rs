//! `perennial explain`

use perennial_core::currency::Currency;
use perennial_core::ids::SubscriptionId;
use perennial_core::money::Money;
use perennial_jobs::diary::{self, Line};
use perennial_jobs::explain::{self, Standing};
use serde_json::json;

use super::exit::{Error, Exit, say};
use crate::database::{self, Role};
use crate::settings;

/// Explain a subscription: where it is in the lifecycle, everything that happened in order (events,
/// charges, mail, books), and what happens next, when and why.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial explain sub_0197… --detail")]
pub(super) struct Explain {
    /// The subscription.
    subscription: SubscriptionId,
    /// Name the rows behind each line: ids, invoice numbers, the provider's request ids.
    #[arg(long)]
    detail: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let standing = explain::standing(&mut conn, self.subscription).await?;
        let standing =
            standing.ok_or_else(|| Error::data(format!("{} does not exist", self.subscription)))?;
        let diary = diary::of(&mut conn, self.subscription).await?;
        if self.json {
            let next = standing.outlook();
            return say(json!({ "standing": standing, "next": next, "diary": diary }));
        }
        self.print(&standing, &diary)
    }

    fn print(&self, standing: &Standing, diary: &[Line]) -> Result<(), Error> {
        let currency = Currency::parse(&standing.currency)
            .map_err(|error| Error::new(Exit::Internal, error))?;
        let money = |minor| Money::new(minor, currency).to_string();
        say(format_args!("{}  {}  ({})", standing.subscription, standing.status, standing.plan))?;
        say(format_args!("customer     {}", standing.customer))?;
        say(format_args!("now          {}", standing.now.format("%Y-%m-%d %H:%M UTC")))?;
        say(format_args!(
            "period {:<5} {} to {} ({})",
            standing.period_index,
            standing.period_start.format("%Y-%m-%d %H:%M"),
            standing.period_end.format("%Y-%m-%d %H:%M UTC"),
            standing.time_zone
        ))?;
        say(format_args!("price        {} per period", money(standing.price_minor)))?;
        if standing.owed_minor != 0 {
            say(format_args!("owed         {}", money(standing.owed_minor)))?;
        }
        if standing.balance_minor != 0 {
            say(format_args!("balance      {}", money(standing.balance_minor)))?;
        }
        if let Some(since) = standing.dunning_since {
            let code = standing.last_decline_code.as_deref().unwrap_or("no payment method");
            say(format_args!("in dunning   since {} ({code})", since.format("%Y-%m-%d %H:%M")))?;
        }
        say("")?;
        for line in diary {
            say(line)?;
            if self.detail {
                say(format_args!("{:26}{}", "", line.detail))?;
            }
        }
        say("")?;
        say(format_args!("next: {}", standing.outlook()))
    }
}
