//! What tells this database from others on the same provider account.

use sqlx::PgConnection;

/// The tag that is part of every idempotency key.
///
/// # Errors
/// When the database does not answer.
pub async fn tag(conn: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar!("select tag from perennial.installation").fetch_one(conn).await
}
