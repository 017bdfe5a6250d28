//! `perennial db with`

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use perennial_postgres::{Durability, Server};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::{Consent, DATABASE, find};
use crate::cli::exit::{Error, Exit};
use crate::database::{self, Role};

/// Serve a fresh database for one command, and end with its exit code. Its data goes with it.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial db with --migrated -- cargo test --workspace")]
pub(in crate::cli) struct With {
    /// With the schema up to date.
    #[arg(long)]
    migrated: bool,
    /// The environment variable that tells the command where the database is.
    #[arg(long, default_value = "DATABASE_URL")]
    variable: String,
    /// Install PostgreSQL without asking, where there is none.
    #[arg(long, env = "PERENNIAL_YES", value_parser = clap::builder::FalseyValueParser::new())]
    yes: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

const CONNECTIONS_MAX: u32 = 200;

impl With {
    pub(super) async fn run(self) -> Result<(), Error> {
        let discovery = find(Consent::given(self.yes))?;
        let server = move || Server::ephemeral(discovery, Durability::ForTests, CONNECTIONS_MAX);
        let server = tokio::task::spawn_blocking(server)
            .await
            .map_err(std::io::Error::other)?
            .map_err(|error| Error::new(Exit::Unavailable, error))?;
        let url = server.url(DATABASE);
        if self.migrated {
            let pool = database::connect(&url, Role::Owner, 1).await?;
            database::migrate(&pool).await?;
            pool.close().await;
        }
        let ended = self.command(&url).await;
        server.stop();
        match code(ended?) {
            0 => Ok(()),
            code => Err(Error::of_command(code)),
        }
    }

    /// Runs the command to its end. An interrupt is the command's to obey, since the terminal sends it
    /// to both; when we are told to terminate, it is killed.
    async fn command(&self, url: &str) -> Result<ExitStatus, Error> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Error::new(Exit::Usage, "there is no command after --"));
        };
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut command = Command::new(program);
        command.args(arguments).env(&self.variable, url).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            Error::new(Exit::Unavailable, format!("{}: {error}", program.display()))
        })?;
        loop {
            tokio::select! {
                ended = child.wait() => return Ok(ended?),
                _ = interrupt.recv() => {}
                _ = terminate.recv() => child.start_kill()?,
            }
        }
    }
}

/// As a shell says it: 128 and the signal for what a signal ended.
fn code(ended: ExitStatus) -> u8 {
    let code = ended.code().or_else(|| ended.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
