//! Notes what affiliates are owed for payments of the customers they brought.
//!
//! **Runs** on a schedule.
//! **Safe to repeat:** there is one commission per payment, and what it comes to depends on the
//! payment and the referral alone: run late, it says the same.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Cx;
use crate::job::{Door, Failure, Job, Scope};
use crate::store::commissions::{self, Accrued};

/// Customers whose payments are looked at in one transaction.
const BATCH: i32 = 5_000;

/// It is time to look at all referred customers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccrueCommissions {}

impl Job for AccrueCommissions {
    const NAME: &'static str = "accrue_commissions";
    const DOOR: Door = Door::Schedulable;
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        "now".to_owned()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        let mut conn = cx.pool.acquire().await?;
        let (mut total, mut after) = (0, Some(Uuid::nil()));
        while let Some(customer) = after {
            let Accrued { accrued, reached } =
                commissions::accrue(&mut conn, customer, BATCH).await?;
            crate::crash_point!("accrue_commissions.C7");
            total += accrued;
            after = reached;
        }
        tracing::info!(total, "noted {total} commissions");
        Ok(())
    }
}
