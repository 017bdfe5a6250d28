//! Exit codes, as in sysexits, and how an error is told.

use std::io::Write;
use std::process::ExitCode;

use perennial_core::quote::printable;

use crate::database::DatabaseError;
use crate::logs::{self, InvalidFilter};
use crate::settings::SettingError;
use perennial_jobs::store::Said;
use sqlx::postgres::PgDatabaseError;

/// What `--help` says of exit codes.
pub(super) const HELP: &str = "\
Exit codes: 0 done; 1 something does not hold (check, demo); 2 something needs attention (check);
64 wrong usage; 65 bad input; 69 something needed is not there (database, PostgreSQL); 70 an error of
Perennial itself; 78 a setting is missing or unsafe.";

/// How a command ends that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Something does not hold.
    DoesNotHold = 1,
    /// An operator has to look.
    NeedsAttention = 2,
    /// Wrong usage.
    Usage = 64,
    /// Bad input.
    Data = 65,
    /// Something needed is not there.
    Unavailable = 69,
    /// An error of ours.
    Internal = 70,
    /// A setting is missing or unsafe.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command is not done.
#[derive(Debug)]
pub(super) struct Error {
    code: u8,
    message: Option<String>,
}

impl Error {
    pub(super) fn new(exit: Exit, message: impl ToString) -> Self {
        Self { code: exit as u8, message: Some(message.to_string()) }
    }

    /// All was said already.
    pub(super) fn silent(exit: Exit) -> Self {
        Self { code: exit as u8, message: None }
    }

    /// The reader of what is printed has seen enough: nothing is wrong.
    pub(super) fn reader_left() -> Self {
        Self { code: 0, message: None }
    }

    /// The exit code of a command that was run for the user, handed on.
    pub(super) fn of_command(code: u8) -> Self {
        Self { code, message: None }
    }

    pub(super) fn data(message: impl ToString) -> Self {
        Self::new(Exit::Data, message)
    }

    pub(super) fn report(self) -> ExitCode {
        if let Some(message) = self.message {
            logs::say("ERROR", &format!("perennial: {message}"));
        }
        ExitCode::from(self.code)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::reader_left(),
            _ => Self::new(Exit::Internal, error),
        }
    }
}

impl From<SettingError> for Error {
    fn from(error: SettingError) -> Self {
        Self::new(Exit::Config, error)
    }
}

impl From<InvalidFilter> for Error {
    fn from(error: InvalidFilter) -> Self {
        Self::new(Exit::Config, error)
    }
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        let exit = match error {
            DatabaseError::Url(_) | DatabaseError::Setting(_) => Exit::Config,
            DatabaseError::Migrate(_)
            | DatabaseError::Functions { .. }
            | DatabaseError::Refused(_) => Exit::Internal,
            _ => Exit::Unavailable,
        };
        Self::new(exit, error)
    }
}

/// A statement that failed: bad input where the database says so, with the door's own words.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refusal)
                if matches!(
                    refusal.code().as_deref(),
                    Some("22023" | "23514" | "23001" | "P0002")
                ) =>
            {
                Self::data(format!("{}{}", refusal.message(), hint(refusal)))
            }
            // What is asked for is not there yet.
            Some(refusal) if refusal.code().as_deref() == Some("55000") => {
                Self::new(Exit::Unavailable, refusal.message())
            }
            _ => Self::new(
                Exit::Unavailable,
                format!("the database did not do it: {}", Said(&error)),
            ),
        }
    }
}

/// How to go on, where the database knows more than to correct the field.
fn hint(refusal: &dyn sqlx::error::DatabaseError) -> String {
    let hint = refusal.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::hint);
    let hint = hint.filter(|hint| !hint.starts_with("Correct "));
    hint.map_or_else(String::new, |hint| format!(" ({hint})"))
}

/// Writes a line of data. Whatever of it comes from others, the terminal shows it and does not obey.
pub(super) fn say(line: impl std::fmt::Display) -> Result<(), Error> {
    let line = line.to_string();
    Ok(writeln!(std::io::stdout().lock(), "{}", printable(&line))?)
}

/// Writes a line of ours that may have colours.
pub(super) fn say_painted(line: impl std::fmt::Display) -> Result<(), Error> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Says something to the person at the terminal.
pub(super) fn talk(line: impl std::fmt::Display) {
    logs::say("INFO", &line.to_string());
}
