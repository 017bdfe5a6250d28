//! `perennial clock`

mod movement;

use perennial_core::dunning::Span;
use perennial_core::nearest::suggestion;
use perennial_core::quote::quoted;
use perennial_jobs::clock;
use sqlx::PgConnection;

use super::exit::{Error, say, talk};
use super::moment::Moment;
use crate::database::{self, Role};
use crate::settings;
use movement::{Manner, Movement, release};

/// Show or move business time.
///
/// A clock that was moved is a test clock: it stands until it is moved again, and only moves
/// forward. Moving it plays: the clock stops at every instant at which something is due, until
/// running workers have done it, so that renewals, retries and emails happen when they would.
/// With --jump it goes to the end at once, which is to customers as if no worker had run meanwhile.
///
/// The global clock of a database with customers is moved, or released, only with consent, and
/// never where live keys are set.
#[derive(Debug, clap::Subcommand)]
#[command(before_help = "Examples:
  perennial clock show
  perennial clock set 2026-03-01              the first instant of that day in UTC
  perennial clock set 2026-03-01T00:00:00Z --clock acme     a clock for single customers
  perennial clock advance 3d                  through all that is due until then
  perennial clock advance 30d --jump          as after an outage of 30 days
  perennial clock reset                       back to the system's time")]
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
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
    },
    /// Set a clock to a day or an instant, such as 2026-03-01T00:00:00Z. A new name is a new clock.
    Set {
        /// To when.
        to: Moment,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
    },
    /// Let a test clock follow the system's time again; another than `global` follows the global one.
    Reset {
        #[command(flatten)]
        which: Which,
    },
}

/// Which clock.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Which clock: the whole database's, or one that customers were given.
    #[arg(long, default_value = "global")]
    clock: String,
    /// Without asking.
    #[arg(long)]
    yes: bool,
}

/// How a clock moves.
#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// Stop at each due instant until workers have done what is due (the default).
    #[arg(long, conflicts_with = "jump")]
    play: bool,
    /// Go to the end at once, as after an outage.
    #[arg(long)]
    jump: bool,
}

impl How {
    fn manner(&self) -> Manner {
        if self.jump { Manner::Jump } else { Manner::Play }
    }
}

impl Clock {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        match self {
            Self::Show { json } => {
                for known in clock::list(&mut conn).await? {
                    show(&known, json)?;
                }
                Ok(())
            }
            Self::Set { to, which, how } => {
                if let Some(note) = to.note("clock") {
                    talk(note);
                }
                let known = find(&mut conn, &which.clock).await?;
                let from = known.ok();
                let movement = Movement { which: &which, from, to: to.at, manner: how.manner() };
                movement.make(&mut conn).await?;
                show_one(&mut conn, &which.clock).await
            }
            Self::Advance { by, which, how } => {
                let from = find(&mut conn, &which.clock).await??;
                let to = from.now + by.delta();
                let movement =
                    Movement { which: &which, from: Some(from), to, manner: how.manner() };
                movement.make(&mut conn).await?;
                show_one(&mut conn, &which.clock).await
            }
            Self::Reset { which } => {
                let from = find(&mut conn, &which.clock).await??;
                release(&mut conn, &which, &from).await?;
                show_one(&mut conn, &which.clock).await
            }
        }
    }
}

/// The clock of that name, or what to say where there is none.
async fn find(conn: &mut PgConnection, name: &str) -> Result<Result<clock::Clock, Error>, Error> {
    let mut known = clock::list(conn).await?;
    if let Some(at) = known.iter().position(|clock| clock.name == name) {
        return Ok(Ok(known.swap_remove(at)));
    }
    let meant = suggestion(name, known.iter().map(|clock| clock.name.as_str()));
    Ok(Err(Error::data(format!(
        "clock: there is no `{}`{meant}; `perennial clock set` makes one",
        quoted(name)
    ))))
}

async fn show_one(conn: &mut PgConnection, name: &str) -> Result<(), Error> {
    let known = clock::list(conn).await?;
    known.iter().filter(|clock| clock.name == name).try_for_each(|clock| show(clock, false))
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
