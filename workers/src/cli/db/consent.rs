//! Finding a PostgreSQL; installing one only where the user says so.

use std::io::{IsTerminal, Write};

use perennial_postgres::install::{self, ways};
use perennial_postgres::{Discovery, Error as PostgresError};

use crate::cli::exit::{Error, Exit, talk};

/// Whether the user agrees to an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Consent {
    /// Said beforehand.
    Given,
    /// To be asked for, where somebody can be asked.
    Asked,
}

impl Consent {
    /// What `--yes` says.
    pub(in crate::cli) fn given(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Asked }
    }
}

/// Where PostgreSQL is. Where there is none, installs one if the user agrees.
pub(in crate::cli) fn find(consent: Consent) -> Result<Discovery, Error> {
    let discovery = Discovery::from_environment();
    match discovery.find() {
        Ok(_) => return Ok(discovery),
        Err(PostgresError::NotFound) if consent == Consent::Given || agrees(&discovery)? => {}
        Err(error) => return Err(Error::new(Exit::Unavailable, error)),
    }
    talk("perennial: installing PostgreSQL …");
    let installed = install::find_or_install(&discovery)
        .map_err(|error| Error::new(Exit::Unavailable, error))?;
    talk(format_args!(
        "perennial: PostgreSQL {} is in {}",
        installed.version,
        installed.bin_dir.display()
    ));
    Ok(discovery)
}

/// Asks the person at the terminal; nobody there does not agree.
fn agrees(discovery: &Discovery) -> Result<bool, Error> {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    let Some(first) = ways(discovery.path.as_deref()).into_iter().next() else { return Ok(false) };
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Ok(false);
    }
    write!(stderr, "perennial: there is no PostgreSQL on this machine. May I {first}? [y/N] ")?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
