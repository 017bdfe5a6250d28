//! `perennial check`

use super::exit::{Error, Exit, say, talk};
use crate::database::{self, Role};
use crate::settings;

/// Check that books, history and mail agree.
///
/// Prints what does not hold; exit code 1 if anything.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial check && perennial check --json | jq .invariant")]
pub(super) struct Check {
    /// One JSON object per violation.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let violations = perennial_jobs::invariants::check(&mut conn).await?;
        for violation in &violations {
            if self.json {
                say(serde_json::to_string(violation)
                    .map_err(|error| Error::new(Exit::Internal, error))?)?;
            } else {
                say(format_args!(
                    "{}  {}  {}",
                    violation.invariant, violation.subject, violation.problem
                ))?;
            }
        }
        match violations.len() {
            0 => {
                talk("perennial: all invariants hold");
                Ok(())
            }
            count => Err(Error::new(Exit::DoesNotHold, format!("{count} violations"))),
        }
    }
}
