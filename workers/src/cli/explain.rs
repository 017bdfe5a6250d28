//! `perennial explain`

use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_core::money::Money;
use perennial_jobs::diary::{self, Line};
use perennial_jobs::explain::{self, Standing};
use perennial_jobs::store::usage::{self, MeterLine};
use perennial_jobs::store::wallets::{self, WalletLine};
use serde_json::json;

use super::exit::{Error, Exit, say};
use crate::database::{self, Role};
use crate::settings;

/// Explain a subscription: where it stands, what happened, what comes next.
///
/// Everything in order: events, charges, mail, books; and what happens next, when and why.
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
        let customer: CustomerId = standing.customer.parse().map_err(Error::data)?;
        let meters = usage::of_customer(&mut conn, customer.0).await?;
        let wallets = wallets::of_customer(&mut conn, customer.0).await?;
        let diary = diary::of(&mut conn, self.subscription).await?;
        if self.json {
            return say(json!({
                "standing": standing, "next": standing.outlook(), "meters": meters,
                "wallets": wallets, "diary": diary,
            }));
        }
        self.print(&standing, &diary)?;
        print_allowances(&meters, &wallets)
    }

    fn print(&self, standing: &Standing, diary: &[Line]) -> Result<(), Error> {
        let currency = Currency::parse(&standing.currency)
            .map_err(|error| Error::new(Exit::Internal, error))?;
        let money = |minor| Money::new(minor, currency).to_string();
        say(format_args!("{}  {}  ({})", standing.subscription, standing.status, standing.plan))?;
        say(format_args!("customer     {}", standing.customer))?;
        say(format_args!("access       {}", standing.access))?;
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
        if standing.refunded_minor != 0 {
            say(format_args!("refunded     {}", money(standing.refunded_minor)))?;
        }
        if standing.disputed_minor != 0 {
            say(format_args!("disputed     {}", money(standing.disputed_minor)))?;
        }
        if standing.pending_minor != 0 {
            let when = match standing.ended_at {
                None => "with the next invoice",
                Some(_) => "with a final invoice",
            };
            say(format_args!("to be billed {} of usage, {when}", money(standing.pending_minor)))?;
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

/// What the customer may use, and has in wallets.
fn print_allowances(meters: &[MeterLine], wallets: &[WalletLine]) -> Result<(), Error> {
    if !meters.is_empty() {
        say("\nusage")?;
    }
    for meter in meters {
        let limit = meter.limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
        let resets = meter.period_end.map_or("never resets".to_owned(), |at| {
            format!("resets {}", at.format("%Y-%m-%d %H:%M UTC"))
        });
        say(format_args!(
            "  {:<20} {:>10} of {:<10} {:<5} {resets}",
            meter.metric, meter.used, limit, meter.enforcement
        ))?;
    }
    if !wallets.is_empty() {
        say("\nwallets")?;
    }
    for wallet in wallets {
        let expiry = wallet.next_expiry.map_or(String::new(), |at| {
            format!(", {} of them until {}", wallet.expiring, at.format("%Y-%m-%d %H:%M UTC"))
        });
        say(format_args!("  {:<20} {:>10}{expiry}", wallet.name, wallet.balance))?;
    }
    Ok(())
}
