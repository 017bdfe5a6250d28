//! The command line. Data goes to stdout, talk to stderr.

mod api_key;
mod buy;
pub mod calc;
mod cancel;
mod check;
mod clock;
mod customer;
mod db;
mod demo;
mod email;
mod ending;
mod exit;
mod explain;
mod inbox;
mod lookup;
mod migrate;
mod moment;
mod nights;
mod policy;
mod report;
mod request;
mod sandbox;
mod simulate;
mod snapshot;
mod subscribe;
mod values;
mod work;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};
use perennial_core::quote::quoted;

use crate::logs::{self, LogFormat};
use crate::settings;
use exit::Exit;

/// Keeps subscriptions alive: renewals, dunning, grace, mail.
#[derive(Debug, Parser)]
#[command(name = "perennial", version, about, long_about = None, before_help = EXAMPLES, after_help = exit::HELP)]
struct Cli {
    /// Log lines for people or for machines.
    #[arg(long, global = true, value_enum, default_value = "text", env = "PERENNIAL_LOG_FORMAT")]
    log_format: LogFormat,
    /// What is logged: a tracing filter.
    #[arg(long, global = true, default_value = "warn", env = "PERENNIAL_LOG")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  perennial demo                              the whole story, on a database of its own
  perennial migrate && perennial work         run it for real (see `perennial work --help`)
  perennial explain sub_0197…                 what happened to a subscription, and what comes next
  echo '{\"op\":\"currency\",\"code\":\"KWD\"}' | perennial calc
";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Simulate(simulate::Simulate),
    Work(work::Work),
    Sandbox(sandbox::Sandbox),
    Inbox(inbox::Inbox),
    Subscribe(Box<subscribe::Subscribe>),
    Buy(buy::Buy),
    Cancel(cancel::Cancel),
    Explain(explain::Explain),
    Customer(customer::Customer),
    Migrate(migrate::Migrate),
    Check(check::Check),
    Report(report::Report),
    Snapshot(snapshot::Snapshot),
    #[command(subcommand)]
    Clock(clock::Clock),
    #[command(subcommand)]
    ApiKey(api_key::ApiKey),
    #[command(subcommand)]
    Email(email::Email),
    Policy(policy::PolicyArgs),
    #[command(subcommand)]
    Db(db::Db),
    Calc(calc_command::Calc),
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            return refuse(&error);
        }
    };
    // Two TLS providers in one process would panic at first use; there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    match checked(&cli).and_then(|()| run(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => exit.report(),
    }
}

/// Starts the log, and refuses settings that nothing reads.
fn checked(cli: &Cli) -> Result<(), exit::Error> {
    logs::start(cli.log_format, &cli.log)?;
    settings::check_names()?;
    Ok(())
}

/// Says why the command line was not taken. Help and version are no errors.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    match (logs::format(), repeated(error).filter(|text| quoted(text) != **text)) {
        (LogFormat::Text, None) => drop(error.print()),
        (_, None) => logs::say("ERROR", &error.render().to_string()),
        (_, Some(text)) => {
            logs::say("ERROR", &error.render().to_string().replace(text, &quoted(text)));
        }
    }
    Exit::Usage.into()
}

/// What the parser repeats of the command line.
fn repeated(error: &clap::Error) -> Option<&String> {
    let kinds =
        [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    kinds.into_iter().find_map(|kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    })
}

fn run(command: Command) -> Result<(), exit::Error> {
    if let Command::Calc(calc) = &command {
        return calc.run();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Demo(demo) => demo.run().await,
            Command::Simulate(simulate) => simulate.run().await,
            Command::Work(work) => work.run().await,
            Command::Sandbox(sandbox) => sandbox.run().await,
            Command::Inbox(inbox) => inbox.run().await,
            Command::Subscribe(subscribe) => subscribe.run().await,
            Command::Buy(buy) => buy.run().await,
            Command::Cancel(cancel) => cancel.run().await,
            Command::Explain(explain) => explain.run().await,
            Command::Customer(customer) => customer.run().await,
            Command::Migrate(migrate) => migrate.run().await,
            Command::Check(check) => check.run().await,
            Command::Report(report) => report.run().await,
            Command::Snapshot(snapshot) => snapshot.run().await,
            Command::Email(email) => email.run().await,
            Command::Clock(clock) => clock.run().await,
            Command::ApiKey(api_key) => api_key.run().await,
            Command::Db(db) => db.run().await,
            Command::Policy(policy) => policy.run().await,
            Command::Calc(calc) => calc.run(),
        }
    })
}

mod calc_command {
    use std::io;

    use super::exit::{Error, Exit};

    /// Answer questions about the rules, one JSON object per line.
    ///
    /// Reads one JSON object per line, writes one per line in the same order. A bad line yields
    /// {"error": {"field": …, "message": …}}, and the exit code 65 at the end. Operations: periods,
    /// proration, decline, ladder, format_money, currency, quota_reset, wallet, mrr, movements; the
    /// README says what each takes.
    #[derive(Debug, clap::Args)]
    #[command(before_help = "Example:
  echo '{\"op\":\"currency\",\"code\":\"KWD\"}' | perennial calc")]
    pub(super) struct Calc {}

    impl Calc {
        pub(super) fn run(&self) -> Result<(), Error> {
            let summary = super::calc::run(io::stdin().lock(), io::stdout().lock())?;
            if summary.errors > 0 {
                return Err(Error::silent(Exit::Data));
            }
            Ok(())
        }
    }
}
