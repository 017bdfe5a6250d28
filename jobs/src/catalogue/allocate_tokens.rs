//! Gives customers the tokens of their plans for the month.
//!
//! **Runs** when a customer's month begins, and as soon as somebody comes to a plan with tokens; one job
//! for all of them.
//! **Safe to repeat:** each customer is given the tokens of a month once, by the grant's key.

use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};
use crate::store::wallets;
use crate::waiting;

/// Somebody's month has begun.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AllocateTokens {}

/// Customers that one transaction deals with at most.
const BATCH_MAX: i64 = 5_000;

impl Job for AllocateTokens {
    const NAME: &'static str = "allocate_tokens";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        loop {
            let mut transaction = waiting::begin(&cx.pool).await?;
            let done = wallets::allocate(&mut transaction, BATCH_MAX).await?;
            crate::crash_point!("allocate_tokens.C2");
            transaction.commit().await?;
            if done == 0 {
                return Ok(());
            }
        }
    }
}
