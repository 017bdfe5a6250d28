//! `perennial check`

use perennial_jobs::health::{self, Finding};
use perennial_jobs::invariants;
use serde::Serialize;

use super::exit::{Error, Exit, say, talk};
use crate::database::{self, Role};
use crate::settings;

/// Check that books, history and mail agree, and that nothing waits for an operator.
///
/// Prints broken invariants first, then what needs attention (dead jobs, paused queues, expired
/// leases, unknown outcomes, parked subscriptions, emails that did not arrive, …), then notes.
/// Exit code 1 if an invariant is broken, 2 if something needs attention, 0 otherwise.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:
  perennial check && perennial check --json | jq .invariant")]
pub(super) struct Check {
    /// One JSON object per line: `invariant`, or `finding` with its `severity`.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self) -> Result<(), Error> {
        let pool = database::connect(&settings::database_url()?, Role::Owner, 1).await?;
        database::check_schema(&pool).await?;
        let mut conn = pool.acquire().await?;
        let violations = invariants::check(&mut conn).await?;
        for violation in &violations {
            let invariants::Violation { invariant, subject, problem } = violation;
            self.line(violation, format_args!("{invariant}  {subject}  {problem}"))?;
        }
        let findings = health::findings(&mut conn).await?;
        for it in &findings {
            let Finding { finding, severity, subject, problem, remedy } = it;
            let text = format_args!("{severity}  {finding}  {subject}  {problem}\n    {remedy}");
            self.line(it, text)?;
        }
        verdict(violations.len(), findings.iter().filter(|it| it.is_alarming()).count())
    }

    fn line(&self, row: &impl Serialize, text: std::fmt::Arguments<'_>) -> Result<(), Error> {
        if self.json {
            return say(
                serde_json::to_string(row).map_err(|error| Error::new(Exit::Internal, error))?
            );
        }
        say(text)
    }
}

fn verdict(violations: usize, alarming: usize) -> Result<(), Error> {
    match (violations, alarming) {
        (0, 0) => {
            talk("perennial: all invariants hold, and nothing needs attention");
            Ok(())
        }
        (0, alarming) => Err(Error::new(
            Exit::NeedsAttention,
            format!("all invariants hold; {alarming} findings need attention"),
        )),
        (broken, 0) => Err(Error::new(Exit::DoesNotHold, format!("{broken} violations"))),
        (broken, alarming) => Err(Error::new(
            Exit::DoesNotHold,
            format!("{broken} violations; {alarming} findings need attention"),
        )),
    }
}
