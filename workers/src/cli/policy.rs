//! `perennial policy`: is a dunning policy right, and what would it do?
//!
//! Both are questions to the rules and need no database; `publish` adds a policy to one.

mod timeline;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use clap::{Args, Subcommand};
use perennial_core::decline::Decline;
use perennial_core::dunning::{DunningPolicy, EndAction, InvalidPolicy};
use perennial_core::lifecycle::Refused;
use perennial_core::lifecycle::preview::{Meeting, preview};
use perennial_core::network::Network;
use perennial_jobs::store::policies::{self, LesserPlan};

use super::exit::{Error, talk};
use super::{moment::Moment, values};
use crate::database::{self, Role};
use crate::files;
use crate::settings;

/// The standard policy with every key and its comment: documentation and default at once.
const STANDARD: &str = include_str!("policy/standard.toml");

const EXAMPLES: &str = "\
Examples:
  perennial policy example > ours.toml        the standard policy, every key explained
  perennial policy check ours.toml
  perennial policy preview ours.toml --declines insufficient_funds,do_not_honor,succeeded
  perennial policy preview ours.toml --timezone Asia/Tokyo --network mastercard --json
";

/// Check a dunning policy, or see what it would do.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the standard policy as a file to start from.
    Example,
    /// Say whether a policy file is right, or which field is not.
    Check(CheckArgs),
    /// Add the file as the next version of its policy to DATABASE_URL. New subscriptions name it
    /// with `--policy`; those in dunning keep the version they began with.
    Publish(CheckArgs),
    /// Show the attempts, mails, grace and end that follow a failed renewal.
    Preview(PreviewArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The policy, in TOML.
    file: PathBuf,
}

/// What to preview.
#[derive(Debug, Args)]
struct PreviewArgs {
    /// The policy, in TOML.
    file: PathBuf,
    /// When the renewal fails.
    #[arg(long, value_name = "RFC3339", default_value = "2026-01-05T10:00:00Z")]
    failed_at: Moment,
    /// The customer's zone: rungs at an hour of the day are on this clock.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = values::parse_zone)]
    timezone: Tz,
    /// How the attempts end, the original one first: decline codes, or `succeeded`. The last one
    /// goes on for ever.
    #[arg(long, value_name = "CODES", value_delimiter = ',', default_value = "insufficient_funds",
        value_parser = values::parse_outcome)]
    declines: Vec<String>,
    /// The card's network.
    #[arg(long, default_value = "visa", value_parser = values::parse_network)]
    network: Network,
    /// One JSON object, as `calc`'s `ladder` answers.
    #[arg(long)]
    json: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PolicyError {
    /// The file cannot be read.
    #[error("{}: not read: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The policy is wrong.
    #[error("{}: {invalid}", file.display())]
    Invalid {
        /// Which.
        file: PathBuf,
        /// Where and why.
        #[source]
        invalid: InvalidPolicy,
    },
    /// The first decline is none.
    #[error("--declines: begins with the original failure, which cannot be `succeeded`")]
    NothingFailed,
    /// The calendar ends.
    #[error("--failed-at: {0}")]
    Refused(#[from] Refused),
    /// The answer cannot be written.
    #[error("not written: {0}")]
    Unwritable(#[from] io::Error),
}

impl PolicyArgs {
    /// Runs the command.
    pub(super) async fn run(&self) -> Result<(), Error> {
        if let Command::Publish(CheckArgs { file }) = &self.command {
            return publish(&read(file).map_err(Error::data)?).await;
        }
        self.answer(&mut io::stdout().lock()).map_err(|error| match error {
            PolicyError::Unwritable(error) => error.into(),
            _ => Error::data(error),
        })
    }

    /// Answers on `out`.
    ///
    /// # Errors
    /// [`PolicyError`] that names the field.
    pub(super) fn answer(&self, out: &mut impl Write) -> Result<(), PolicyError> {
        match &self.command {
            Command::Example => Ok(out.write_all(STANDARD.as_bytes())?),
            Command::Check(CheckArgs { file }) | Command::Publish(CheckArgs { file }) => {
                check(file, out)
            }
            Command::Preview(args) => show(args, out),
        }
    }
}

fn read(file: &Path) -> Result<DunningPolicy, PolicyError> {
    let unreadable = |source| PolicyError::Unreadable { file: file.to_owned(), source };
    let text = files::read_text(file).map_err(unreadable)?;
    DunningPolicy::from_toml(&text)
        .map_err(|invalid| PolicyError::Invalid { file: file.to_owned(), invalid })
}

fn check(file: &Path, out: &mut impl Write) -> Result<(), PolicyError> {
    let policy = read(file)?;
    let (name, rungs, ends) = (&policy.name, policy.rungs.len(), policy.access_ends_after);
    writeln!(
        out,
        "{}: `{name}` is right: {rungs} rungs, access ends after {ends}",
        file.display()
    )?;
    Ok(())
}

async fn publish(policy: &DunningPolicy) -> Result<(), Error> {
    let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
    database::check_schema(&pool).await?;
    let mut conn = pool.acquire().await?;
    if let EndAction::Downgrade(plan) = &policy.end {
        let found = policies::lesser_plan(&mut conn, plan).await?;
        check_lesser_plan(plan, &found).map_err(Error::data)?;
    }
    policies::publish(&mut conn, policy).await?;
    talk(format!("perennial: `{}` is published; a repeat changes nothing", policy.name));
    Ok(())
}

/// A policy must lead somewhere for every subscription that has it.
fn check_lesser_plan(plan: &str, found: &LesserPlan) -> Result<(), String> {
    match found {
        LesserPlan::Unknown { known } => Err(format!(
            "end: there is no plan `{plan}` to downgrade to; there are {}",
            known.join(", ")
        )),
        LesserPlan::Unpriced => Err(format!(
            "end: plan `{plan}` has no list price, so nobody could be downgraded to it"
        )),
        LesserPlan::Fits { not } if !not.is_empty() => {
            talk(format!(
                "perennial: subscriptions in {} cannot have this policy: `{plan}` has no such price",
                not.join(", in ")
            ));
            Ok(())
        }
        LesserPlan::Fits { .. } => Ok(()),
    }
}

fn show(args: &PreviewArgs, out: &mut impl Write) -> Result<(), PolicyError> {
    let policy = read(&args.file)?;
    let meetings: Vec<_> = args.declines.iter().map(|word| meeting(word, args.network)).collect();
    if !matches!(meetings.first(), Some(Meeting::Decline(_))) {
        return Err(PolicyError::NothingFailed);
    }
    let shown = preview(&policy, args.failed_at.at, args.timezone, &meetings, args.network)?;
    if args.json {
        let text = serde_json::to_string(&shown).map_err(io::Error::from)?;
        writeln!(out, "{text}")?;
    } else {
        writeln!(out, "{}", timeline::table(&shown, args.timezone))?;
    }
    Ok(())
}

fn meeting(word: &str, network: Network) -> Meeting {
    match word.trim() {
        "succeeded" => Meeting::Success,
        code => Meeting::Decline(Decline::new(code, network)),
    }
}

#[cfg(test)]
mod tests;
