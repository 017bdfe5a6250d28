//! `perennial simulate`

use std::convert::Infallible;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, Utc};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use perennial_core::ids::SubscriptionId;
use perennial_jobs::diary;
use perennial_jobs::invariants::{self, Violation};
use perennial_postgres::Discovery;
use sqlx::PgPool;

use super::db::{self, Consent};
use super::ending::wait_for_the_end;
use super::exit::{Error, Exit, say, talk};
use super::nights::Nights;
use crate::files;
use crate::logs::{self, LogFormat};
use crate::settings::variable;
use crate::simulation::{Actor, Books, Drive, DriveError, Scenario, Stack, StackError, Tally};

/// Run a scenario of your own.
///
/// On the same engine as the demo: customers, plans, behaviours, months, faults, a seed. The same seed
/// gives the same diaries.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial simulate ops/scenarios/demo.toml --diary diaries.txt")]
pub(super) struct Simulate {
    /// The scenario, in TOML; ops/scenarios/demo.toml explains every key.
    scenario: PathBuf,
    /// Write the diaries of all subscriptions to this file.
    #[arg(long)]
    diary: Option<PathBuf>,
    /// Install PostgreSQL without asking, where there is none.
    #[arg(long, env = "PERENNIAL_YES", value_parser = clap::builder::FalseyValueParser::new())]
    yes: bool,
}

impl Simulate {
    pub(super) async fn run(self) -> Result<(), Error> {
        let text = files::read_text(&self.scenario).map_err(|error| {
            Error::data(format!("scenario: {}: {error}", self.scenario.display()))
        })?;
        let scenario = Scenario::from_toml(&text).map_err(Error::data)?;
        let told = tell(&scenario, db::find(Consent::given(self.yes))?, None).await?;
        told.print()?;
        if let Some(file) = &self.diary {
            std::fs::write(file, told.all_diaries().await?)?;
            talk(format_args!(
                "diaries of {} subscriptions are in {}",
                told.actors.len(),
                file.display()
            ));
        }
        let verdict = told.verdict();
        told.stack.close().await;
        verdict
    }
}

/// A scenario that was lived through.
pub(super) struct Told {
    pub(super) stack: Stack,
    actors: Vec<Actor>,
    struck: Vec<(SubscriptionId, DateTime<Utc>)>,
    tally: Tally,
    books: Books,
    violations: Vec<Violation>,
    repeated_mails: usize,
    mails: usize,
    seconds: u64,
}

/// A subscription whose diary tells something.
pub(super) struct Telling {
    pub(super) title: &'static str,
    pub(super) subscription: SubscriptionId,
    /// When to look at every row.
    pub(super) closely_at: Option<DateTime<Utc>>,
}

/// As a shell says that Ctrl-C ended a command.
const INTERRUPTED: u8 = 130;

/// Lives through a scenario. With `nights` the figures of its days are told meanwhile.
pub(super) async fn tell(
    scenario: &Scenario,
    discovery: Discovery,
    nights: Option<&mut Nights>,
) -> Result<Told, Error> {
    let began = Instant::now();
    let mut stack =
        Stack::start(discovery, scenario.start, scenario.seed).await.map_err(stack_error)?;
    talk(format_args!("database  {}", stack.database()));
    talk(format_args!(
        "provider  {}   inbox  http://{}",
        stack.sandbox.base_url(),
        stack.inbox.http_addr()
    ));
    let bar = progress_bar();
    let pool = stack.pool.clone();
    let mut drive = Drive::new(scenario, &mut stack);
    let driving = drive.run(|progress| {
        bar.set_length(progress.days.unsigned_abs());
        bar.set_position(progress.day.unsigned_abs());
        bar.set_message(progress.now.format("%Y-%m-%d").to_string());
    });
    let driven = tokio::select! {
        driven = driving => driven.map_err(Error::from),
        Err(error) = telling(nights, &pool) => Err(Error::from(error)),
        told = wait_for_the_end() => told.and(Err(Error::of_command(INTERRUPTED))),
    };
    let (actors, struck) = (drive.actors.clone(), drive.struck.clone());
    bar.finish_and_clear();
    stack.dismiss().await;
    if let Err(error) = driven {
        stack.close().await;
        return Err(error);
    }
    let mut conn = stack.pool.acquire().await?;
    let tally = Tally::of(&mut conn).await?;
    let books = Books::compare(&mut conn, &stack.sandbox.ledger()).await?;
    let violations = invariants::check(&mut conn).await?;
    drop(conn);
    let mut ids: Vec<_> =
        stack.inbox.mails().iter().filter_map(|mail| mail.message_id.clone()).collect();
    let mails = ids.len();
    ids.sort_unstable();
    ids.dedup();
    let repeated_mails = mails - ids.len();
    let seconds = began.elapsed().as_secs();
    Ok(Told { stack, actors, struck, tally, books, violations, repeated_mails, mails, seconds })
}

async fn telling(nights: Option<&mut Nights>, pool: &PgPool) -> sqlx::Result<Infallible> {
    match nights {
        Some(nights) => nights.keep_telling(pool).await,
        None => std::future::pending().await,
    }
}

fn stack_error(error: StackError) -> Error {
    Error::new(Exit::Unavailable, error)
}

/// What a door or the provider refuses is wrong in the scenario; all else is our own fault.
impl From<DriveError> for Error {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::Door { ref actor, ref source } => match source.as_database_error() {
                Some(refusal) => Self::data(format!("group of `{actor}`: {}", refusal.message())),
                None => Self::new(Exit::Internal, error),
            },
            DriveError::Method { .. } | DriveError::Usage { .. } => Self::data(error),
            _ => Self::new(Exit::Internal, error),
        }
    }
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    let lines_alone = logs::format() == LogFormat::Json || variable("NO_COLOR").is_some();
    if lines_alone || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) =
        ProgressStyle::with_template("{msg}  {bar:40}  day {pos} of {len}  {elapsed}")
    {
        bar.set_style(style);
    }
    bar
}

impl Told {
    /// Prints what happened in numbers, and both books.
    pub(super) fn print(&self) -> Result<(), Error> {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        for (name, count) in &self.tally.counts {
            table.add_row([(*name).to_owned(), count.to_string()]);
        }
        table.add_row(["mails in the inbox".to_owned(), self.mails.to_string()]);
        for (template, count) in &self.tally.mails {
            table.add_row([format!("  {template}"), count.to_string()]);
        }
        align_right(&mut table, 1);
        say(table)?;
        let mut money = Table::new();
        money.load_style(presets::UTF8_FULL_CONDENSED);
        money.set_header(["captured", "our ledger", "the provider's books"]);
        for (currency, ours, theirs) in self.books.lines() {
            money.add_row([currency, ours, theirs]);
        }
        align_right(&mut money, 1);
        align_right(&mut money, 2);
        say(money)
    }

    /// Three subscriptions whose diaries tell something.
    pub(super) fn telling(&self) -> Vec<Telling> {
        let of = |group: &str| {
            self.actors
                .iter()
                .find(|actor| actor.name.starts_with(group))
                .map(|actor| actor.subscription)
        };
        let quiet = |title, subscription| Telling { title, subscription, closely_at: None };
        let struck = self.struck.first().map(|(subscription, at)| Telling {
            title: "The worker was killed while this one was charged",
            subscription: *subscription,
            closely_at: Some(*at),
        });
        [
            of("short of funds").map(|it| quiet("A card short of funds", it)),
            of("stolen, gone").map(|it| quiet("A lost card, and nobody answers", it)),
            struck.or(of("lost reply").map(|it| quiet("A charge whose reply was lost", it))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    async fn all_diaries(&self) -> Result<String, Error> {
        let mut conn = self.stack.pool.acquire().await?;
        let mut text = String::new();
        for actor in &self.actors {
            text += &format!("{}\n", actor.name);
            for line in diary::of(&mut conn, actor.subscription).await? {
                text += &format!("  {line}\n");
            }
        }
        Ok(text)
    }

    /// Whether all holds.
    pub(super) fn verdict(&self) -> Result<(), Error> {
        for violation in &self.violations {
            say(format_args!(
                "{}  {}  {}",
                violation.invariant, violation.subject, violation.problem
            ))?;
        }
        for difference in &self.books.differences {
            say(difference)?;
        }
        let (held, agree) = (self.violations.is_empty(), self.books.agree());
        say(format_args!(
            "\ninvariants {}   books {}   mails that came twice {} (handed over twice {})   {} s",
            if held { "hold" } else { "are violated" },
            if agree { "agree" } else { "differ" },
            self.repeated_mails,
            self.tally.handed_over_twice,
            self.seconds
        ))?;
        let once = i64::try_from(self.repeated_mails)
            .is_ok_and(|repeated| repeated <= self.tally.handed_over_twice);
        if held && agree && once { Ok(()) } else { Err(Error::silent(Exit::DoesNotHold)) }
    }
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
