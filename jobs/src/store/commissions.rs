//! Commissions: what affiliates are owed for payments of the customers they brought.

use sqlx::PgConnection;
use uuid::Uuid;

/// What one step through the referred customers did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accrued {
    pub(crate) accrued: i64,
    /// The customer to go on after; `None`: all are done.
    pub(crate) reached: Option<Uuid>,
}

/// Brings what is owed for a customer's payments to what they were since, and did not go back.
pub(crate) async fn settle(conn: &mut PgConnection, customer: Uuid) -> sqlx::Result<()> {
    sqlx::query!("select perennial.accrue_commissions_of(array[$1::uuid])", customer)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Notes what is owed for payments of the referred customers after this one.
pub(crate) async fn accrue(
    conn: &mut PgConnection,
    after: Uuid,
    customers_max: i32,
) -> sqlx::Result<Accrued> {
    sqlx::query_as!(
        Accrued,
        r#"select accrued as "accrued!", reached from perennial.accrue_commissions($1, $2)"#,
        after,
        customers_max
    )
    .fetch_one(conn)
    .await
}
