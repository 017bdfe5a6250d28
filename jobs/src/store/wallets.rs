//! Wallets: prepaid tokens. What burns what, and when, is decided in the database's own doors, so
//! that services in any language get the same answer; the sweep's part of it is here.

mod due;
mod top_up;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) use due::{allocate, anything_expired, expire};
pub(crate) use top_up::{TopUpRow, hold_top_ups, lock_top_up, resume_top_ups};

/// What `consume` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consumed {
    /// Whether the tokens were there.
    pub allowed: bool,
    /// How many were taken: all or none.
    pub consumed: i64,
    /// How many are left.
    pub balance: i64,
}

/// What a customer can use of a unit now.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn balance(conn: &mut PgConnection, customer: Uuid, unit: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select perennial.wallet_balance($1, $2) as "balance!""#, customer, unit)
        .fetch_one(conn)
        .await
}

/// Takes tokens, all or none. A repeat of an event answers the same and takes nothing.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn consume(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
    amount: i64,
    event_id: &str,
) -> sqlx::Result<Consumed> {
    sqlx::query_as!(
        Consumed,
        r#"select allowed as "allowed!", consumed as "consumed!", balance as "balance!"
             from perennial.consume_tokens($1, $2, $3, $4)"#,
        customer,
        unit,
        amount,
        event_id
    )
    .fetch_one(conn)
    .await
}

/// A bucket of tokens to be given.
#[derive(Debug, Clone, Copy)]
pub struct Gift<'a> {
    /// To whom.
    pub customer: Uuid,
    /// Of what.
    pub unit: &'a str,
    /// How many.
    pub amount: i64,
    /// `paid` or `promotional`.
    pub kind: &'a str,
    /// Lower burns first.
    pub priority: i32,
    /// From when on; none: now.
    pub effective_at: Option<DateTime<Utc>>,
    /// Until when; none: for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// Names the occasion: a repeat gives nothing.
    pub key: &'a str,
}

/// Gives tokens; answers with the grant.
///
/// # Errors
/// The door's refusal of a bad field, or when the database does not answer.
pub async fn grant(conn: &mut PgConnection, gift: &Gift<'_>) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        r#"select perennial.grant_tokens($1, $2, $3, $4, $5, $6, $7, $8) as "grant!""#,
        gift.customer,
        gift.unit,
        gift.amount,
        gift.kind,
        gift.priority,
        gift.effective_at,
        gift.expires_at,
        gift.key
    )
    .fetch_one(conn)
    .await
}

/// What `refund` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refunded {
    /// How many tokens are back in their buckets.
    pub refunded: i64,
    /// How many are not: their buckets had expired.
    pub lost: i64,
}

/// Gives back what an event consumed, once.
///
/// # Errors
/// The door's refusal of an event that is not known, or when the database does not answer.
pub async fn refund(conn: &mut PgConnection, event_id: &str) -> sqlx::Result<Refunded> {
    sqlx::query_as!(
        Refunded,
        r#"select refunded as "refunded!", lost as "lost!" from perennial.refund_tokens($1)"#,
        event_id
    )
    .fetch_one(conn)
    .await
}

/// A wallet at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WalletLine {
    /// The unit's code.
    pub unit: String,
    /// The unit's name.
    pub name: String,
    /// What can be used now.
    pub balance: i64,
    /// When something of it expires next,
    pub next_expiry: Option<DateTime<Utc>>,
    /// … and how much.
    pub expiring: i64,
    /// Below this the customer is told.
    pub low_balance_at: Option<i64>,
}

/// A customer's wallets.
///
/// # Errors
/// When the database does not answer.
pub async fn of_customer(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<Vec<WalletLine>> {
    sqlx::query_as!(
        WalletLine,
        r#"select w.unit, u.name, perennial.tokens_at(w.customer_id, w.unit, m.moment) as "balance!",
                  g.expires_at as "next_expiry?", coalesce(g.expiring, 0)::bigint as "expiring!", w.low_balance_at
             from perennial.wallets w
             join perennial.token_units u on u.code = w.unit
            cross join lateral (select perennial.business_now(w.clock_id) as moment) m
             left join lateral (
                  select e.expires_at, sum(e.remaining) as expiring from perennial.wallet_grants e
                   where e.customer_id = w.customer_id and e.unit = w.unit and e.remaining > 0
                     and e.effective_at <= m.moment and e.expires_at > m.moment
                   group by e.expires_at order by e.expires_at limit 1) g on true
            where w.customer_id = $1
            order by w.unit"#,
        customer
    )
    .fetch_all(conn)
    .await
}

/// A wallet, locked.
#[derive(Debug, Clone)]
pub(crate) struct WalletRow {
    pub(crate) unit: String,
    pub(crate) unit_name: String,
    pub(crate) clock_id: Uuid,
    pub(crate) now: DateTime<Utc>,
    pub(crate) balance: i64,
    pub(crate) low_balance_at: Option<i64>,
    pub(crate) low_balance_told_at: Option<DateTime<Utc>>,
}

/// Locks a wallet, and only then looks into it.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
) -> sqlx::Result<Option<WalletRow>> {
    sqlx::query!(
        "select from perennial.wallets where customer_id = $1 and unit = $2 for no key update",
        customer,
        unit
    )
    .fetch_optional(&mut *conn)
    .await?;
    sqlx::query_as!(
        WalletRow,
        r#"select w.unit, u.name as unit_name, w.clock_id, m.moment as "now!",
                  perennial.tokens_at(w.customer_id, w.unit, m.moment) as "balance!", w.low_balance_at,
                  w.low_balance_told_at
             from perennial.wallets w
             join perennial.token_units u on u.code = w.unit
            cross join lateral (select perennial.business_now(w.clock_id) as moment) m
            where w.customer_id = $1 and w.unit = $2"#,
        customer,
        unit
    )
    .fetch_optional(conn)
    .await
}

/// Notes that a customer was told of a low balance.
pub(crate) async fn told(
    conn: &mut PgConnection,
    customer: Uuid,
    unit: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update perennial.wallets set low_balance_told_at = $3 where customer_id = $1 and unit = $2",
        customer,
        unit,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets when wallets have to be looked at, after a change of them; the caller holds their locks.
pub(crate) async fn tend(
    conn: &mut PgConnection,
    customers: &[Uuid],
    units: &[String],
) -> sqlx::Result<()> {
    sqlx::query!("select perennial.tend_wallets($1, $2)", customers, units).execute(conn).await?;
    Ok(())
}
