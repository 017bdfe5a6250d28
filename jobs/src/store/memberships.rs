//! Memberships.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A membership that was written down; one with a customer is to be told that its end is near.
#[derive(Debug, Clone)]
pub(crate) struct PassedMembership {
    pub(crate) id: Uuid,
    pub(crate) customer_to_tell: Option<Uuid>,
    pub(crate) type_name: String,
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// Writes down what has come about with up to `batch` memberships of a clock that are due.
pub(crate) async fn pass(
    conn: &mut PgConnection,
    clock: Uuid,
    batch: i32,
) -> sqlx::Result<Vec<PassedMembership>> {
    sqlx::query_as!(
        PassedMembership,
        r#"select id as "id!", customer_id as customer_to_tell, type_name as "type_name!", ends_at
             from perennial.pass_memberships($1, $2)"#,
        clock,
        batch
    )
    .fetch_all(conn)
    .await
}
