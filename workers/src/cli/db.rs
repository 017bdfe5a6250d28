//! `perennial db`

mod consent;
mod with;

use std::path::{Path, PathBuf};
use std::time::Duration;

use perennial_postgres::{Options, Running, Server, default_home};

use super::ending::wait_for_the_end;
use super::exit::{Error, Exit, say, talk};
use crate::settings::variable;
pub(super) use consent::{Consent, find};

/// Run a PostgreSQL of one's own.
///
/// A real server with its data in a folder, on a Unix socket.
#[derive(Debug, clap::Subcommand)]
#[command(before_help = "Examples:
  perennial db start                          until Ctrl-C; prints its DATABASE_URL
  perennial db with --migrated -- cargo test  a fresh database for one command")]
pub(super) enum Db {
    /// Run the server until Ctrl-C. Prints its DATABASE_URL. What was committed stays for next time.
    Start {
        #[command(flatten)]
        at: At,
        /// Install PostgreSQL without asking, where there is none.
        #[arg(long, env = "PERENNIAL_YES", value_parser = clap::builder::FalseyValueParser::new())]
        yes: bool,
    },
    /// Say whether the server runs. Exit code 1 where it does not.
    Status(At),
    /// Print the DATABASE_URL of the server that runs.
    Url(At),
    /// Find a PostgreSQL on this machine, or install one.
    Install {
        /// Without asking.
        #[arg(long, env = "PERENNIAL_YES", value_parser = clap::builder::FalseyValueParser::new())]
        yes: bool,
    },
    /// Serve a fresh database for one command, and end with its exit code.
    With(with::With),
}

/// Which server.
#[derive(Debug, clap::Args)]
pub(super) struct At {
    /// The folder of the data [default: $XDG_STATE_HOME/perennial/pg; where that is not set
    /// ~/.local/state/perennial/pg, for root /var/lib/perennial/pg].
    #[arg(long)]
    home: Option<PathBuf>,
}

/// How often the server is looked after.
const LOOK: Duration = Duration::from_millis(200);
/// Every cluster has it.
const DATABASE: &str = "postgres";

impl Db {
    pub(super) async fn run(self) -> Result<(), Error> {
        match self {
            Self::Start { at, yes } => start(at.home()?, Consent::given(yes)).await,
            Self::Status(at) => status(&at.home()?),
            Self::Url(at) => say(running(&at.home()?)?.url(DATABASE)),
            Self::Install { yes } => install(Consent::given(yes)),
            Self::With(with) => with.run().await,
        }
    }
}

impl At {
    fn home(self) -> Result<PathBuf, Error> {
        let folder = |name| variable(name).map(PathBuf::from);
        let (state, user) = (folder("XDG_STATE_HOME"), folder("HOME"));
        let home = self.home.or_else(|| default_home(state.as_deref(), user.as_deref()));
        let problem = "home: neither XDG_STATE_HOME nor HOME is set; give --home FOLDER";
        home.ok_or_else(|| Error::new(Exit::Config, problem))
    }
}

async fn start(home: PathBuf, consent: Consent) -> Result<(), Error> {
    let discovery = find(consent)?;
    let start = move || Server::start(&Options::new(discovery, home));
    let started = tokio::task::spawn_blocking(start).await.map_err(std::io::Error::other)?;
    let server = started.map_err(|error| Error::new(Exit::Unavailable, error))?;
    talk(format_args!("perennial: {}", server.describe()));
    say(format_args!("DATABASE_URL={}", server.url(DATABASE)))?;
    if server.is_attached() {
        return Ok(());
    }
    talk("perennial: Ctrl-C stops it; what was committed stays");
    tokio::select! {
        ended = wait_for_the_end() => ended,
        reason = given_up(&server) => {
            let problem = format!("PostgreSQL was stopped from outside and does not start again: {reason}");
            Err(Error::new(Exit::Unavailable, problem))
        }
    }
}

/// Says when the server was started again, and returns when it was given up.
async fn given_up(server: &Server) -> String {
    let ready = || Running::at(server.home()).map(|running| running.pid);
    let mut known = ready();
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        if let Some(reason) = server.failure() {
            return reason;
        }
        let now = ready();
        if now.is_some() && now != known {
            talk("perennial: PostgreSQL was stopped from outside, and runs again");
            known = now;
        }
    }
}

fn status(home: &Path) -> Result<(), Error> {
    let running = running(home)?;
    say(format_args!("running  pid {}  data {}", running.pid, home.display()))?;
    say(format_args!("DATABASE_URL={}", running.url(DATABASE)))
}

fn running(home: &Path) -> Result<Running, Error> {
    Running::at(home).ok_or_else(|| {
        let problem =
            format!("no server runs on {}: `perennial db start` starts it", home.display());
        Error::new(Exit::DoesNotHold, problem)
    })
}

fn install(consent: Consent) -> Result<(), Error> {
    let found = find(consent)?.find().map_err(|error| Error::new(Exit::Unavailable, error))?;
    say(format_args!("PostgreSQL {} in {}", found.version, found.bin_dir.display()))
}
