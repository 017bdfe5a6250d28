//! A subscription in words: where it stands, what happened, what comes next.

use perennial_core::currency::Currency;
use perennial_core::ids::{CustomerId, SubscriptionId};
use perennial_core::lifecycle::NextCharge;
use perennial_core::money::Money;
use perennial_jobs::diary::{self, Line};
use perennial_jobs::explain::{self, Standing};
use perennial_jobs::store::usage::{self, MeterLine};
use perennial_jobs::store::wallets::{self, WalletLine};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::cli::exit::{Error, Exit, say};

/// Whether the rows behind each line are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Named,
    LeftOut,
}

/// All there is to say of a subscription.
pub(super) struct Explanation {
    standing: Standing,
    next_charge: Option<NextCharge>,
    hindrances: Vec<String>,
    meters: Vec<MeterLine>,
    wallets: Vec<WalletLine>,
    diary: Vec<Line>,
}

impl Explanation {
    pub(super) async fn of(
        conn: &mut PgConnection,
        subscription: SubscriptionId,
    ) -> Result<Self, Error> {
        let standing = explain::standing(&mut *conn, subscription).await?;
        let standing =
            standing.ok_or_else(|| Error::data(format!("{subscription} does not exist")))?;
        let customer: CustomerId = standing.customer.parse().map_err(Error::data)?;
        Ok(Self {
            next_charge: explain::next_charge(&mut *conn, subscription).await?,
            hindrances: explain::hindrances(&mut *conn, customer, Some(subscription)).await?,
            meters: usage::of_customer(&mut *conn, customer.0).await?,
            wallets: wallets::of_customer(&mut *conn, customer.0).await?,
            diary: diary::of(conn, subscription).await?,
            standing,
        })
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "standing": self.standing, "next": self.standing.outlook(),
            "next_charge": self.next_charge, "hindrances": self.hindrances,
            "meters": self.meters, "wallets": self.wallets, "diary": self.diary,
        })
    }

    pub(super) fn print(&self, detail: Detail) -> Result<(), Error> {
        self.print_standing()?;
        say("")?;
        for line in &self.diary {
            say(line.with_outcome())?;
            if detail == Detail::Named {
                say(format_args!("{:26}{}", "", line.detail))?;
            }
        }
        say("")?;
        say(format_args!("next: {}", self.standing.outlook()))?;
        for sentence in &self.hindrances {
            say(format_args!("but:  {sentence}"))?;
        }
        print_allowances(&self.meters, &self.wallets)
    }

    fn print_next_charge(&self, currency: Currency) -> Result<(), Error> {
        let Some(next) = self.next_charge else { return Ok(()) };
        let at = next.at.format("%Y-%m-%d %H:%M UTC");
        match next.amount_minor {
            0 => say(format_args!(
                "next charge  nothing at {at}: the balance covers it, or it is too small"
            )),
            minor => {
                let how =
                    if next.chargeable { "" } else { ", and there is no method to charge it to" };
                say(format_args!("next charge  {} at {at}{how}", Money::new(minor, currency)))
            }
        }
    }

    fn print_standing(&self) -> Result<(), Error> {
        let standing = &self.standing;
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
        self.print_next_charge(currency)?;
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
        Ok(())
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
