//! `perennial demo`

use perennial_jobs::diary::{self, Line};

use super::db::{self, Consent};
use super::ending::wait_for_the_end;
use super::exit::{Error, Exit, say, say_painted, talk};
use super::nights::Nights;
use super::report;
use super::simulate::{self, Telling, Told};
use crate::report::{page, summary};
use crate::simulation::Scenario;

const SCENARIO: &str = include_str!("../../../ops/scenarios/demo.toml");

/// The whole story, on a database of its own.
///
/// 200 customers, 13 months, in under a minute. Ends with our books beside the provider's own, three
/// diaries, a check of every invariant, and the report.
#[derive(Debug, clap::Args)]
#[command(before_help = "Examples:
  perennial demo
  perennial demo --keep                       leaves it running, for a look around")]
pub(super) struct Demo {
    /// Keep everything running at the end, to look around.
    #[arg(long)]
    keep: bool,
    /// Install PostgreSQL without asking, where there is none.
    #[arg(long, env = "PERENNIAL_YES", value_parser = clap::builder::FalseyValueParser::new())]
    yes: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<(), Error> {
        let scenario =
            Scenario::from_toml(SCENARIO).map_err(|error| Error::new(Exit::Internal, error))?;
        let discovery = db::find(Consent::given(self.yes))?;
        let mut nights = Nights::default();
        let told = simulate::tell(&scenario, discovery, Some(&mut nights)).await?;
        told.print()?;
        let telling = told.telling();
        for one in &telling {
            print_diary(&told, one).await?;
        }
        nights.tell_the_rest(&told.stack.pool).await?;
        print_report(&told).await?;
        let verdict = told.verdict();
        if self.keep {
            talk(format_args!(
                "\nStill running until Ctrl-C:\n  export DATABASE_URL='{}'",
                told.stack.database_url()
            ));
            if let Some(one) = telling.first() {
                talk(format_args!("  perennial explain {}", one.subscription));
            }
            talk(format_args!("  mails at http://{}", told.stack.inbox.http_addr()));
            wait_for_the_end().await?;
        } else {
            talk(
                "next: `perennial demo --keep` leaves it running, for `perennial explain` and a look at the mails",
            );
        }
        told.stack.close().await;
        verdict
    }
}

/// The report of the last day.
async fn print_report(told: &Told) -> Result<(), Error> {
    let mut conn = told.stack.pool.acquire().await?;
    let report = report::gather(&mut conn, None).await?;
    say("")?;
    say_painted(summary(&report, report::paint()))?;
    let file = std::env::temp_dir().join("perennial-report.html");
    std::fs::write(&file, page(&report).map_err(report::ReportError::from)?)?;
    talk(format_args!("the same as a page: {}", file.display()));
    Ok(())
}

async fn print_diary(told: &Told, telling: &Telling) -> Result<(), Error> {
    say(format_args!("\n{}: {}", telling.title, telling.subscription))?;
    let mut conn = told.stack.pool.acquire().await?;
    let lines = diary::of(&mut conn, telling.subscription).await?;
    let mut uneventful = 0;
    // What happened at the same instant belongs together.
    for occasion in lines.chunk_by(|one, next| one.at == next.at) {
        let closely = telling.closely_at == Some(occasion[0].at);
        if !closely && is_uneventful(occasion) {
            uneventful += 1;
            continue;
        }
        say_uneventful(std::mem::take(&mut uneventful))?;
        for line in occasion.iter().filter(|line| closely || line.kind != "books") {
            say(format_args!("  {line}"))?;
            if closely {
                say(format_args!("  {:26}{}", "", line.detail))?;
            }
        }
    }
    say_uneventful(uneventful)
}

/// A renewal that was charged at once, as nearly all are.
fn is_uneventful(occasion: &[Line]) -> bool {
    let has = |kind: &str, text: &str| {
        occasion.iter().any(|line| line.kind == kind && line.text.contains(text))
    };
    has("status", "renewed")
        && has("charge", "attempt 1 ")
        && has("charge", "succeeded")
        && !has("status", "recovered")
}

fn say_uneventful(renewals: usize) -> Result<(), Error> {
    match renewals {
        0 => Ok(()),
        1 => say("  …                 a renewal, charged at once"),
        many => say(format_args!("  …                 {many} renewals, each charged at once")),
    }
}
