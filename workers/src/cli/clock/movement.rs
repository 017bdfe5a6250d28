//! Moving a clock: what has to be asked first, and how it is done.

use std::io::{IsTerminal, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use perennial_jobs::clock::{self, PlayError};
use sqlx::PgConnection;

use super::Which;
use crate::cli::exit::{Error, Exit, talk};
use crate::settings;

/// How a clock gets to where it is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Through everything that is due on the way.
    Play,
    /// At once.
    Jump,
}

/// A clock to be moved.
pub(super) struct Movement<'a> {
    pub(super) which: &'a Which,
    /// The clock; none: it is made.
    pub(super) from: Option<clock::Clock>,
    pub(super) to: DateTime<Utc>,
    pub(super) manner: Manner,
}

impl Movement<'_> {
    pub(super) async fn make(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let name = &self.which.clock;
        let Some(from) = &self.from else {
            return Ok(clock::set(conn, name, self.to).await?);
        };
        refuse_live_keys(name)?;
        let back = self.to < from.now;
        if from.frozen_at.is_none() {
            consent(&mut *conn, self.which, from, self.to).await?;
        } else if back {
            let (now, to) = (written(from.now), written(self.to));
            return Err(Error::data(format!(
                "clock: `{name}` is a test clock and cannot go back from {now} to {to}: what was billed stays billed"
            )));
        }
        match self.manner {
            Manner::Play if !back => {
                let mut steps = 0_usize;
                clock::play(conn, name, self.to, |_| steps += 1).await?;
                if steps > 0 {
                    talk(format_args!(
                        "perennial: something was due at {steps} instants on the way"
                    ));
                }
                Ok(())
            }
            _ => Ok(clock::set(conn, name, self.to).await?),
        }
    }
}

/// Lets a test clock follow the system's time again.
pub(super) async fn release(
    conn: &mut PgConnection,
    which: &Which,
    from: &clock::Clock,
) -> Result<(), Error> {
    if from.frozen_at.is_none() {
        talk(format_args!("perennial: `{}` follows the system's time already", from.name));
        return Ok(());
    }
    let to = clock::released_now(&mut *conn, &which.clock).await?;
    consent(&mut *conn, which, from, to).await?;
    Ok(clock::release(conn, &which.clock).await?)
}

/// Says what a clock's leap means to those who live by it, and asks.
async fn consent(
    conn: &mut PgConnection,
    which: &Which,
    from: &clock::Clock,
    to: DateTime<Utc>,
) -> Result<(), Error> {
    let (now, then) = (written(from.now), written(to));
    let leap = if to < from.now {
        format!("`{}` goes BACK from {now} to {then}", from.name)
    } else {
        format!("`{}` goes from {now} to {then}", from.name)
    };
    let dependents = clock::dependents(conn, &which.clock).await?;
    if dependents.customers == 0 {
        if to < from.now {
            talk(format_args!("perennial: {leap}"));
        }
        return Ok(());
    }
    let concerned = format!(
        "{leap}; {} customers and {} running subscriptions live by it",
        dependents.customers, dependents.subscriptions
    );
    if which.yes {
        talk(format_args!("perennial: {concerned}"));
        return Ok(());
    }
    if agrees(&concerned)? {
        return Ok(());
    }
    Err(Error::data(format!("clock: nothing was changed: {concerned}; --yes if that is meant")))
}

/// Asks the person at the terminal; nobody there does not agree.
fn agrees(concerned: &str) -> Result<bool, Error> {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Ok(false);
    }
    write!(stderr, "perennial: {concerned}. Is that meant? [y/N] ")?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// With live keys every step of the global clock would charge somebody's card.
fn refuse_live_keys(name: &str) -> Result<(), Error> {
    if name == "global" && settings::has_live_keys() {
        let problem = "clock: the global clock is not moved where live keys are set (STRIPE_SECRET_KEY, PERENNIAL_ENV=live): \
                       customers would be charged for time that has not passed; nothing was changed";
        return Err(Error::new(Exit::Config, problem));
    }
    Ok(())
}

impl From<PlayError> for Error {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::Database(error) => error.into(),
            other => Self::new(Exit::Unavailable, other),
        }
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
