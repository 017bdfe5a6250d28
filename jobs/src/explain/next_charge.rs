//! What is charged next, and when: the state machine's own answer, run ahead.

use perennial_core::ids::SubscriptionId;
use perennial_core::lifecycle::{self as core, NextCharge};
use sqlx::{Connection, PgConnection};

use crate::context::Policies;
use crate::lifecycle::load_one;

/// The next charge if nothing else happens; `None` where none is coming, or where the subscription
/// is being changed right now.
///
/// # Errors
/// When the database does not answer.
pub async fn next_charge(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
) -> sqlx::Result<Option<NextCharge>> {
    // Loading locks, and prices usage whose period is over: all of it is undone.
    let mut attempt = conn.begin().await?;
    sqlx::query!("set local lock_timeout = '2s'").execute(&mut *attempt).await?;
    let loaded = load_one(&mut attempt, &Policies::default(), subscription.0).await;
    attempt.rollback().await?;
    let loaded = match loaded {
        Err(error) if is_locked(&error) => None,
        other => other?,
    };
    Ok(loaded
        .and_then(|loaded| core::next_charge(&loaded.subscription, &loaded.policy, loaded.now)))
}

/// Somebody else holds the row.
fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some("55P03")
}
