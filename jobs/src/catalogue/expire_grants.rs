//! Writes down what of wallets has expired.
//!
//! **Runs** when a bucket with something in it has expired, one job for all of them.
//! **Safe to repeat:** what was written down has nothing left to expire. Being late changes nothing: balances
//! are judged by the instant of the usage, and the entries are dated the instant of expiry.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};
use crate::store::wallets;
use crate::waiting;

/// Something has expired.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExpireGrants {}

/// Buckets that one transaction writes down at most.
const BATCH_MAX: i64 = 5_000;
/// How long after the last look buckets of a wallet that was held are looked at again.
const PASSED_OVER: Duration = Duration::from_millis(50);

impl Job for ExpireGrants {
    const NAME: &'static str = "expire_grants";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        loop {
            let mut transaction = waiting::begin(&cx.pool).await?;
            let done = wallets::expire(&mut transaction, BATCH_MAX).await?;
            crate::crash_point!("expire_grants.C2");
            transaction.commit().await?;
            if done == 0 {
                break;
            }
        }
        // Buckets of a wallet that somebody held were passed over: soon again.
        let mut conn = cx.pool.acquire().await?;
        if wallets::anything_expired(&mut conn).await? {
            return Err(Failure::NotYet { wait: PASSED_OVER });
        }
        Ok(())
    }
}
