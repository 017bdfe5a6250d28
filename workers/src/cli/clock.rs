//! `perennial clock`

use chrono::{DateTime, Utc};
use perennial_core::dunning::Span;
use perennial_jobs::clock;

use super::exit::{Error, say};
use crate::database::{self, Role};
use crate::settings;

/// Show or move business time.
///
/// A clock that was moved is a test clock, and only moves forward.
#[derive(Debug, clap::Subcommand)]
#[command(before_help = "Examples:
  perennial clock show
  perennial clock set 2026-03-01T00:00:00Z
  perennial clock set 2026-03-01T00:00:00Z --clock acme     a clock for single customers
  perennial clock advance 3d")]
pub(super) enum Clock {
    /// Print all clocks: name, instant, system or test.
    Show {
        /// One JSON object per clock.
        #[arg(long)]
        json: bool,
    },
    /// Move a clock forward by a length of time: 36h, 3d, 2w.
    Advance {
        /// How far.
        by: Span,
        /// Which clock: the whole database's, or one that customers were given.
        #[arg(long, default_value = "global")]
        clock: String,
    },
    /// Set a clock to an instant, such as 2026-03-01T00:00:00Z.
    Set {
        /// To when.
        to: DateTime<Utc>,
        /// Which clock: the whole database's, or one that customers were given.
        #[arg(long, default_value = "global")]
        clock: String,
    },
}

impl Clock {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let json = matches!(self, Self::Show { json: true });
        let moved = match self {
            Self::Show { .. } => None,
            Self::Set { to, clock } => Some((clock, to)),
            Self::Advance { by, clock: name } => {
                let known =
                    clock::list(&mut conn).await?.into_iter().find(|clock| clock.name == name);
                let now = known.ok_or_else(|| {
                    Error::data(format!(
                        "clock: there is no `{name}`; `perennial clock set` makes one"
                    ))
                })?;
                Some((name, now.now + by.delta()))
            }
        };
        if let Some((name, to)) = &moved {
            clock::set(&mut conn, name, *to).await?;
        }
        for known in clock::list(&mut conn).await? {
            if moved.as_ref().is_none_or(|(name, _)| *name == known.name) {
                show(&known, json)?;
            }
        }
        Ok(())
    }
}

fn show(clock: &clock::Clock, json: bool) -> Result<(), Error> {
    let now = clock.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let kind = if clock.frozen_at.is_some() { "test" } else { "system" };
    if json {
        say(serde_json::json!({ "clock": clock.name, "now": now, "kind": kind }))
    } else {
        say(format_args!("{}  {now}  {kind}", clock.name))
    }
}
