//! What must always hold (`perennial.check_invariants()`, in the migrations).

use sqlx::PgConnection;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// Which invariant (I1 … I17).
    pub invariant: String,
    /// Of what.
    pub subject: String,
    /// What is wrong.
    pub problem: String,
}

/// Checks everything; nothing in the answer means that all holds.
///
/// # Errors
/// When the database does not answer.
pub async fn check(conn: &mut PgConnection) -> sqlx::Result<Vec<Violation>> {
    sqlx::query_as!(
        Violation,
        r#"select invariant as "invariant!", subject as "subject!", problem as "problem!"
             from perennial.check_invariants()"#
    )
    .fetch_all(conn)
    .await
}
