//! `perennial customer`

use perennial_core::currency::Currency;
use perennial_core::money::Money;
use perennial_jobs::insight::{self, Insight, Movement, Worth};

use super::exit::{Error, Exit, say};
use super::lookup;
use crate::database::{self, Role};
use crate::settings;

/// Explain a customer: what they are worth, and what says that they may leave.
///
/// What they paid and are likely to pay, how their revenue moved, and the reason of every point.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial customer cus_0197… --json")]
pub(super) struct Customer {
    /// The customer: an id in any form, or the email address.
    customer: String,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

impl Customer {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let customer = lookup::customer(&mut conn, &self.customer).await?;
        let insight = insight::of(&mut conn, customer).await?;
        let insight =
            insight.ok_or_else(|| Error::data(format!("customer: {customer} does not exist")))?;
        if self.json {
            let all = serde_json::to_string(&insight);
            return say(all.map_err(|error| Error::new(Exit::Internal, error))?);
        }
        print(&insight)
    }
}

fn print(insight: &Insight) -> Result<(), Error> {
    let who = &insight.who;
    say(&who.customer)?;
    say(format_args!("now          {}", who.now.format("%Y-%m-%d %H:%M UTC")))?;
    if let (Some(at), Some(months)) = (who.first_purchase_at, who.months) {
        say(format_args!("purchased    {}, {months} full months ago", at.format("%Y-%m-%d")))?;
    }
    for worth in &insight.worth {
        print_worth(worth)?;
    }
    if !insight.movements.is_empty() {
        say("\nmovements, per month")?;
    }
    for movement in &insight.movements {
        print_movement(movement)?;
    }
    say(format_args!("\nlikely to leave: {} of 100", insight.churn.score))?;
    for reason in &insight.churn.reasons {
        let indicator = reason.indicator.to_string();
        say(format_args!("  {:>3}  {indicator:<17} {}", reason.points, reason.facts))?;
    }
    Ok(())
}

fn print_worth(worth: &Worth) -> Result<(), Error> {
    let currency = currency(&worth.currency)?;
    let money = |minor| Money::new(minor, currency).to_string();
    say(format_args!("paid         {}", money(worth.paid_minor)))?;
    let mrr = worth.mrr.major(currency.exponent(), u32::from(currency.exponent()) + 2);
    let mrr = mrr.map_err(|error| Error::new(Exit::Internal, error))?;
    say(format_args!("mrr          {} {mrr}", worth.currency))?;
    let Worth { customers_paying, customers_churned, .. } = worth;
    match (&worth.months_expected, worth.predicted_minor) {
        (Some(months), Some(predicted)) => say(format_args!(
            "predicted    {}: {months} months, as {customers_churned} of {customers_paying} customers left within three",
            money(predicted)
        )),
        _ => say(format_args!(
            "predicted    unknown: none of {customers_paying} customers left within three months"
        )),
    }
}

fn print_movement(movement: &Movement) -> Result<(), Error> {
    let currency = currency(&movement.currency)?;
    let amount = movement.amount.major(currency.exponent(), u32::from(currency.exponent()) + 2);
    let amount = amount.map_err(|error| Error::new(Exit::Internal, error))?;
    let plans = match &movement.plan_before {
        Some(before) if *before != movement.plan_after => {
            format!("{before} to {}", movement.plan_after)
        }
        _ => movement.plan_after.clone(),
    };
    say(format_args!(
        "  {}  {:<18} {} {amount:>14}  {plans}",
        movement.at.format("%Y-%m-%d"),
        movement.kind,
        movement.currency
    ))
}

fn currency(code: &str) -> Result<Currency, Error> {
    Currency::parse(code).map_err(|error| Error::new(Exit::Internal, error))
}
