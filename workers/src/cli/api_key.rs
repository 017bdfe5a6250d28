//! `perennial api-key`

use perennial_core::ids::{ApiKeyId, CustomerId};
use perennial_jobs::store::api_keys::{self, Wish};
use serde_json::json;
use sqlx::PgConnection;

use super::exit::{Error, say, talk};
use super::lookup;
use super::moment::Moment;
use crate::database::{self, Role};
use crate::settings;

/// Make, list or revoke API keys.
#[derive(Debug, clap::Subcommand)]
#[command(before_help = "Example:
  perennial api-key create --customer cus_0197… --name CI --scope usage:write --scope usage:read")]
pub(super) enum ApiKey {
    /// Make a key and print it: the only time it is shown.
    Create(Create),
    /// Print keys, by what they begin with.
    List {
        /// Only this customer's.
        #[arg(long)]
        customer: Option<String>,
        /// One JSON object per key.
        #[arg(long)]
        json: bool,
    },
    /// End a key at once.
    Revoke {
        /// The key's id.
        id: ApiKeyId,
        /// As a JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What the key is for.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Whose it is: an id in any form, or the email address.
    #[arg(long)]
    customer: String,
    /// What it is called.
    #[arg(long)]
    name: String,
    /// What it may be used for; once per scope.
    #[arg(long = "scope", required = true)]
    scopes: Vec<String>,
    /// Until when, such as 2026-03-01T00:00:00Z; else until it is revoked.
    #[arg(long)]
    expires_at: Option<Moment>,
    /// Calls per hour, -1: unlimited; else as many as the plan allows.
    #[arg(long, allow_negative_numbers = true)]
    limit_per_hour: Option<i32>,
    /// As a JSON object.
    #[arg(long)]
    json: bool,
}

impl ApiKey {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        match self {
            Self::Create(wish) => create(&mut conn, &wish).await,
            Self::List { customer, json } => {
                let customer = match customer {
                    Some(customer) => Some(lookup::customer(&mut conn, &customer).await?.0),
                    None => None,
                };
                for key in api_keys::list(&mut conn, customer).await? {
                    show(&key, json)?;
                }
                Ok(())
            }
            Self::Revoke { id, json } => {
                let state = if api_keys::revoke(&mut conn, id.0).await? {
                    "revoked"
                } else {
                    "was revoked"
                };
                if json {
                    say(json!({ "id": id.to_string(), "state": state }))
                } else {
                    say(format_args!("{id}  {state}"))
                }
            }
        }
    }
}

async fn create(conn: &mut PgConnection, wish: &Create) -> Result<(), Error> {
    let customer = lookup::customer(&mut *conn, &wish.customer).await?;
    if let Some(note) = wish.expires_at.and_then(|at| at.note("expires_at")) {
        talk(note);
    }
    let made = Wish {
        customer: customer.0,
        name: &wish.name,
        scopes: &wish.scopes,
        expires_at: wish.expires_at.map(|expires| expires.at),
        limit_per_hour: wish.limit_per_hour,
    };
    let made = api_keys::create(conn, &made).await?;
    let id = ApiKeyId(made.id);
    if wish.json {
        return say(json!({ "id": id.to_string(), "key": made.key }));
    }
    talk(format_args!("{id}: keep the key, it is not shown again"));
    say(made.key)
}

fn show(key: &api_keys::ApiKey, json: bool) -> Result<(), Error> {
    let (id, customer) = (ApiKeyId(key.id), CustomerId(key.customer_id));
    if json {
        return say(json!({
            "id": id.to_string(), "prefix": key.prefix, "customer": customer.to_string(), "name": key.name,
            "scopes": key.scopes, "state": key.state, "expires_at": key.expires_at,
            "last_used_at": key.last_used_at, "calls_per_hour": key.calls_per_hour,
        }));
    }
    let per_hour = match key.calls_per_hour {
        -1 => "unlimited".to_owned(),
        limit => format!("{limit}/h"),
    };
    let scopes = key.scopes.join(",");
    say(format_args!(
        "{id}  {}…  {}  {scopes}  {per_hour}  {customer}  {}",
        key.prefix, key.state, key.name
    ))
}
