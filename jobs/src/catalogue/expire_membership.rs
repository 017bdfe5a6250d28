//! Writes down that memberships have begun or ended, and tells members whose end is near.
//!
//! **Runs** when a membership begins, is to be told of or ends, for all of a clock that are due:
//! one job, however many there are. Access does not wait for it: that is judged by time.
//! **Safe to repeat:** each membership is written down together with its mail and what comes next.

use perennial_core::ids::{ClockId, MembershipId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::clock;
use crate::context::Cx;
use crate::job::{Failure, Job, Scope};
use crate::mail::{Letter, MembershipEnd, MembershipEnding};
use crate::store::emails::{self, Decided, QueuedEmail, QueuedEmails};
use crate::store::memberships::{self, PassedMembership};
use crate::waiting;

/// Memberships that are written down in one transaction.
const BATCH: i32 = 1_000;

/// Memberships of a clock are due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireMembership {
    /// Whose business time it is.
    pub clock: ClockId,
}

impl Job for ExpireMembership {
    const NAME: &'static str = "expire_membership";
    const SCOPE: Scope = Scope::Set;

    fn key(&self) -> String {
        self.clock.0.to_string()
    }

    async fn run(self, cx: &Cx) -> Result<(), Failure> {
        loop {
            let mut transaction = waiting::begin(&cx.pool).await?;
            let passed = memberships::pass(&mut transaction, self.clock.0, BATCH).await?;
            tell(&mut transaction, self.clock, &passed).await?;
            crate::crash_point!("membership.C2");
            transaction.commit().await?;
            crate::crash_point!("membership.C7");
            if passed.is_empty() {
                return Ok(());
            }
        }
    }
}

async fn tell(
    conn: &mut PgConnection,
    clock: ClockId,
    passed: &[PassedMembership],
) -> Result<(), Failure> {
    let now = clock::business_now(&mut *conn, clock.0).await?;
    let mut mails = QueuedEmails::default();
    for membership in passed {
        let (Some(customer_id), Some(ends_at)) = (membership.customer_to_tell, membership.ends_at)
        else {
            continue;
        };
        let letter = Letter::from(MembershipEnding {
            membership: membership.type_name.clone(),
            ends_at,
            then: MembershipEnd::Ends,
        });
        let key = format!("{}/{}", letter.template(), MembershipId(membership.id));
        let decided = Decided { clock_id: clock.0, at: now, decision: 0 };
        mails.push(QueuedEmail::to(customer_id, key, &letter, decided));
    }
    Ok(emails::queue(conn, &mails).await?)
}
