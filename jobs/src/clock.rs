//! The two kinds of time.
//!
//! *Business time* is read from the database (`perennial.business_now`), so that a test clock can
//! move it, and all workers agree on it. *Machine time* is what calls to the outside are measured
//! with; only [`machine_now`] asks the machine for it.

mod play;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub use play::{PlayError, play};

/// The clock of customers without one of their own.
pub const GLOBAL: Uuid = Uuid::nil();

/// The machine's clock: for deadlines and key lifetimes, never for business.
#[must_use]
pub fn machine_now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    Utc::now()
}

/// Business time of a clock.
///
/// # Errors
/// When the database does not answer.
pub async fn business_now(conn: &mut PgConnection, clock: Uuid) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(r#"select perennial.business_now($1) as "now!""#, clock)
        .fetch_one(conn)
        .await
}

/// A clock as it is stored.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Its name; `global` is the whole database's.
    pub name: String,
    /// Where it stands, if it is a test clock.
    pub frozen_at: Option<DateTime<Utc>>,
    /// What time it is for its customers.
    pub now: DateTime<Utc>,
}

/// All clocks, the global one first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(conn: &mut PgConnection) -> sqlx::Result<Vec<Clock>> {
    sqlx::query_as!(
        Clock,
        r#"select name, frozen_at, perennial.business_now(id) as "now!" from perennial.clocks
           order by id <> '00000000-0000-0000-0000-000000000000', name"#
    )
    .fetch_all(conn)
    .await
}

/// Sets a clock to an instant, creating it where it is new. From then on it is a test clock.
///
/// # Errors
/// When the instant lies before the clock's own (a check violation), or the database does not answer.
pub async fn set(conn: &mut PgConnection, name: &str, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into perennial.clocks (id, name, frozen_at) values ($1, $2, $3)
         on conflict (name) do update set frozen_at = excluded.frozen_at",
        crate::ids::new(),
        name,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What lives by a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependents {
    /// Customers.
    pub customers: i64,
    /// Their subscriptions that have not ended.
    pub subscriptions: i64,
}

/// Who lives by a clock: its own customers, and where it is the global one, those of clocks that
/// follow it.
///
/// # Errors
/// When the database does not answer.
pub async fn dependents(conn: &mut PgConnection, name: &str) -> sqlx::Result<Dependents> {
    sqlx::query_as!(
        Dependents,
        r#"select (select count(*) from perennial.customers u where u.clock_id = any(c.ids)) as "customers!",
                  (select count(*) from perennial.subscriptions s
                    where s.clock_id = any(c.ids) and s.ended_at is null) as "subscriptions!"
             from (select array_agg(k.id) as ids from perennial.clocks k
                    where k.name = $1 or $1 = 'global' and k.frozen_at is null) c"#,
        name
    )
    .fetch_one(conn)
    .await
}

/// Lets a test clock follow the system's time again (another than `global`: the global clock's).
///
/// # Errors
/// When the database does not answer.
pub async fn release(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::query!("update perennial.clocks set frozen_at = null where name = $1", name)
        .execute(conn)
        .await?;
    Ok(())
}

/// What time a clock would show if it were released.
///
/// # Errors
/// When the database does not answer.
pub async fn released_now(conn: &mut PgConnection, name: &str) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"select case when $1 = 'global' then statement_timestamp() else perennial.business_now() end as "now!""#,
        name
    )
    .fetch_one(conn)
    .await
}
