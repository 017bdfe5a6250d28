//! Checks that the books, the history and the mail agree with each other, and names what an operator
//! has to look at.
//!
//! **Runs** on a schedule.
//! **Safe to repeat:** it only reads.

use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::health;
use crate::invariants;
use crate::job::{Door, Failure, Job, Scope};

/// It is time to check.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckInvariants {}

impl Job for CheckInvariants {
    const NAME: &'static str = "check_invariants";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let mut conn = cx.pool.acquire().await?;
        let violations = invariants::check(&mut conn).await?;
        for violation in &violations {
            tracing::error!(
                invariant = violation.invariant,
                subject = violation.subject,
                "invariant {} is violated by {}: {}",
                violation.invariant,
                violation.subject,
                violation.problem
            );
        }
        for finding in health::findings(&mut conn).await?.iter().filter(|it| it.is_alarming()) {
            let health::Finding { subject, problem, remedy, .. } = finding;
            tracing::error!(finding = finding.finding, subject, "{subject}: {problem} ({remedy})");
        }
        match violations.len() {
            0 => Ok(()),
            count => Err(Failure::give_up(format!(
                "{count} violations of invariants: run `perennial check`"
            ))),
        }
    }
}
