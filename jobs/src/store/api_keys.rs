//! API keys. The database makes them, and keeps only their hashes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A key that is wanted.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Whose.
    pub customer: Uuid,
    /// What it is called.
    pub name: &'a str,
    /// What it may be used for.
    pub scopes: &'a [String],
    /// Until when; `None`: until it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// Calls per hour, -1 unlimited; `None`: as many as the plan allows.
    pub limit_per_hour: Option<i32>,
}

/// A key that was just made: the only time that its text is known.
#[expect(missing_debug_implementations, reason = "so that it is not logged by mistake")]
pub struct NewKey {
    /// Its row.
    pub id: Uuid,
    /// The key.
    pub key: String,
}

/// Makes a key.
///
/// # Errors
/// When the wish is bad (its field is named), or the database does not answer.
pub async fn create(conn: &mut PgConnection, wish: &Wish<'_>) -> sqlx::Result<NewKey> {
    sqlx::query_as!(
        NewKey,
        r#"select id as "id!", key as "key!" from perennial.create_api_key($1, $2, $3, $4, $5)"#,
        wish.customer,
        wish.name,
        wish.scopes,
        wish.expires_at,
        wish.limit_per_hour
    )
    .fetch_one(conn)
    .await
}

/// What is known of a key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its row.
    pub id: Uuid,
    /// What it begins with.
    pub prefix: String,
    /// Whose.
    pub customer_id: Uuid,
    /// What it is called.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// `valid`, `expired` or `revoked`, by the customer's clock.
    pub state: String,
    /// Until when.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Calls per hour, -1 unlimited; 0: no plan allows any.
    pub calls_per_hour: i64,
}

/// A customer's keys, or everybody's; the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(conn: &mut PgConnection, customer: Option<Uuid>) -> sqlx::Result<Vec<ApiKey>> {
    sqlx::query_as!(
        ApiKey,
        r#"select id, 'prn_' || mode || '_' || public_id as "prefix!", customer_id, name, scopes,
                  case when revoked_at is not null then 'revoked'
                       when expires_at <= perennial.business_now(clock_id) then 'expired'
                       else 'valid' end as "state!",
                  expires_at, last_used_at,
                  perennial.api_key_limit(customer_id, limit_per_hour) as "calls_per_hour!"
             from perennial.api_keys
            where $1::uuid is null or customer_id = $1
            order by issued_at, id"#,
        customer
    )
    .fetch_all(conn)
    .await
}

/// Ends a key at once. Whether it was valid until now.
///
/// # Errors
/// When there is no such key, or the database does not answer.
pub async fn revoke(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select perennial.revoke_api_key($1) as "revoked!""#, id)
        .fetch_one(conn)
        .await
}
