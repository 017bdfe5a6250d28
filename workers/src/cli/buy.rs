//! `perennial buy`

use perennial_core::ids::OrderId;
use perennial_jobs::ids;
use serde_json::json;

use super::exit::{Error, say};
use super::lookup;
use super::request::Request;
use super::values::currency;
use crate::database::{self, Role};
use crate::settings;

/// Buy a package of tokens for a customer. A running worker acts upon it.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial buy cus_0197… tokens_100 --quantity 2")]
pub(super) struct Buy {
    /// Who pays: an id in any form, or the email address.
    customer: String,
    /// What: a package's code.
    package: String,
    /// How many of it.
    #[arg(long, default_value_t = 1)]
    quantity: i64,
    /// In which currency it is sold to them.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// Names this request: repeating it does nothing more.
    #[arg(long)]
    key: Option<String>,
}

impl Buy {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let customer = lookup::customer(&mut conn, &self.customer).await?;
        let key = self.key.unwrap_or_else(|| ids::new().simple().to_string());
        let order = OrderId::derived(&format!("buy/{key}"));
        let data = json!({
            "customer": customer.0,
            "package": self.package,
            "quantity": self.quantity,
            "currency": currency(&self.currency)?,
        });
        let event_id = format!("buy/{key}");
        let request = Request { kind: "order.placed", subject: order.0, data, event_id };
        request.emit(&mut conn).await?;
        say(format_args!("{order}  order.placed"))
    }
}
