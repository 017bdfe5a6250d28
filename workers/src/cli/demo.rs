//! `perennial demo`

use perennial_core::ids::SubscriptionId;
use perennial_jobs::diary;

use super::exit::{Error, Exit, say, talk};
use super::simulate::{self, Told};
use crate::simulation::Scenario;

const SCENARIO: &str = include_str!("../../../ops/scenarios/demo.toml");

/// The whole story, on a database of its own: 200 customers, 13 months, in under a minute. Ends with
/// our books beside the provider's own, three diaries, and a check of every invariant.
#[derive(Debug, clap::Args)]
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
        let scenario = Scenario::from_toml(SCENARIO).map_err(|error| Error::new(Exit::Internal, error))?;
        let discovery = simulate::discover(self.yes)?;
        let mut told = simulate::tell(&scenario, discovery).await?;
        told.print()?;
        self.diaries(&mut told).await?;
        if self.keep {
            talk(format_args!("\nStill running until Ctrl-C:\n  export DATABASE_URL='{}'", told.stack.database_url()));
            talk(format_args!("  perennial explain {}", told.telling()[0].1));
            talk(format_args!("  mails at http://{}", told.stack.inbox.http_addr()));
            tokio::signal::ctrl_c().await?;
        } else {
            talk("\nnext: `perennial demo --keep` leaves it running, for `perennial explain` and a look at the mails");
        }
        told.verdict()
    }

    async fn diaries(&self, told: &mut Told) -> Result<(), Error> {
        for (why, subscription) in told.telling() {
            say(format_args!("\n{why}: {subscription}"))?;
            print_diary(told, subscription).await?;
        }
        Ok(())
    }
}

async fn print_diary(told: &mut Told, subscription: SubscriptionId) -> Result<(), Error> {
    let mut conn = told.stack.pool.acquire().await?;
    let lines = diary::of(&mut conn, subscription).await?;
    // Books and uneventful months would drown the story.
    for line in lines.iter().filter(|line| line.kind != "books") {
        say(format_args!("  {line}"))?;
    }
    Ok(())
}
