//! Writes down, for each customer, what says that they may leave.
//!
//! **Runs** on a schedule.
//! **Safe to repeat:** what is found on a day takes the place of what was found on it before.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Cx;
use crate::insight;
use crate::job::{Door, Failure, Job, Scope};
use crate::store::insight as store;
use crate::waiting;

/// Customers that are scored in one transaction.
const BATCH: i64 = 5_000;

/// It is time to look at all customers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScoreChurn {}

impl Job for ScoreChurn {
    const NAME: &'static str = "score_churn";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let (mut after, mut scored, mut found) = (Uuid::nil(), 0, 0);
        loop {
            let mut transaction = waiting::begin(&cx.pool).await?;
            let customers = store::at_risk(&mut transaction, after, BATCH).await?;
            let Some(last) = customers.last() else { break };
            after = *last;
            scored += customers.len();
            found += insight::score(&mut transaction, &customers).await?;
            crate::crash_point!("score_churn.C2");
            transaction.commit().await?;
            crate::crash_point!("score_churn.C7");
        }
        tracing::info!(scored, found, "scored {scored} customers and found {found} indicators");
        Ok(())
    }
}
