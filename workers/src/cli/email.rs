//! `perennial email`

use perennial_jobs::store::undelivered::{self, UndeliveredEmail};
use sqlx::PgConnection;
use sqlx::pool::PoolConnection;
use uuid::Uuid;

use super::exit::{Error, Exit, say, talk};
use crate::database::{self, Role};
use crate::settings;

/// Look at emails that did not arrive, and at suppressed addresses.
#[derive(Debug, clap::Subcommand)]
#[command(before_help = "Examples:
  perennial email list --outcome uncertain
  perennial email resend 0197b3c0-…
  perennial email suppressions
  perennial email lift ada@acme.example")]
pub(super) enum Email {
    /// Print emails that did not arrive, may not have arrived or wait, each with the reason.
    List {
        /// Only those that are deferred, uncertain, failed, suppressed or withdrawn.
        #[arg(long, value_parser = ["deferred", "uncertain", "failed", "suppressed", "withdrawn"])]
        outcome: Option<String>,
        /// At most so many, the latest first.
        #[arg(long, default_value_t = 100)]
        most: u32,
        /// One JSON object per email.
        #[arg(long)]
        json: bool,
    },
    /// Send an email again that is uncertain, failed, suppressed or withdrawn.
    Resend {
        /// The email, as `list` prints it.
        email: Uuid,
    },
    /// Print addresses that get no mail, and what their servers said.
    Suppressions {
        /// One JSON object per address.
        #[arg(long)]
        json: bool,
    },
    /// Send nothing to an address any more.
    Suppress {
        /// The address.
        address: String,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Send to an address again what comes from now on.
    Lift {
        /// The address.
        address: String,
    },
}

impl Email {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        match self {
            Self::List { outcome, most, json } => list(&mut conn, outcome, most, json).await,
            Self::Resend { email } => match undelivered::resend(&mut conn, email).await? {
                true => done("it is sent again"),
                false => Err(Error::data("it waits to be sent, or was sent: nothing was changed")),
            },
            Self::Suppressions { json } => suppressions(&mut conn, json).await,
            Self::Suppress { address, reason } => {
                match undelivered::suppress(&mut conn, &address, reason.as_deref()).await? {
                    true => done("nothing is sent there any more"),
                    false => done("it was suppressed already"),
                }
            }
            Self::Lift { address } => match undelivered::lift(&mut conn, &address).await? {
                true => done("mail is sent there again"),
                false => Err(Error::data("the address is not suppressed: nothing was changed")),
            },
        }
    }
}

/// Ends an arm of the match whose others can fail.
fn done(what: &str) -> Result<(), Error> {
    talk(format_args!("perennial: {what}"));
    Ok(())
}

fn json_of(row: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(row).map_err(|error| Error::new(Exit::Internal, error))
}

async fn list(
    conn: &mut PoolConnection<sqlx::Postgres>,
    outcome: Option<String>,
    most: u32,
    json: bool,
) -> Result<(), Error> {
    let conn: &mut PgConnection = conn;
    if let Some(stopped) = undelivered::stopped(&mut *conn).await? {
        talk(format_args!(
            "perennial: the mail server has refused our mail since {}: {} emails wait; it is tried \
             again at {}: {}",
            stopped.since.format("%Y-%m-%d %H:%M UTC"),
            stopped.waiting,
            stopped.probe_at.format("%Y-%m-%d %H:%M UTC"),
            stopped.reason
        ));
    }
    let rows = undelivered::list(conn, outcome.as_deref(), most.into()).await?;
    for row in &rows {
        if json { say(json_of(row)?)? } else { say(line(row))? }
    }
    if rows.is_empty() {
        talk("perennial: all emails arrived, as far as their servers said");
    }
    Ok(())
}

fn line(row: &UndeliveredEmail) -> String {
    let reason = row.reason.as_deref().unwrap_or("no reason is recorded");
    let again = row.retry_at.map_or_else(String::new, |at| {
        format!(" (attempt {}, again at {})", row.attempts, at.format("%Y-%m-%d %H:%M UTC"))
    });
    format!(
        "{}  {}  {:10} {:17} {}: {reason}{again}",
        row.queued_at.format("%Y-%m-%d %H:%M"),
        row.email,
        row.outcome,
        row.template,
        row.customer
    )
}

async fn suppressions(conn: &mut PoolConnection<sqlx::Postgres>, json: bool) -> Result<(), Error> {
    let rows = undelivered::suppressions(conn).await?;
    for row in &rows {
        if json {
            say(json_of(row)?)?;
        } else {
            let since = row.since.format("%Y-%m-%d %H:%M UTC");
            say(format_args!("{}  since {since}: {}", row.address, row.reason))?;
        }
    }
    if rows.is_empty() {
        talk("perennial: no address is suppressed");
    }
    Ok(())
}
