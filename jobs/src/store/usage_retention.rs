//! Partitions of months, and what of usage events is kept. The functions belong to the owner of the
//! tables: a worker may neither make nor drop one.

use sqlx::PgConnection;
use uuid::Uuid;

/// Makes the partitions of this month and the three that follow, of all that is kept by month.
/// Answers with their number.
pub(crate) async fn make_partitions(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select perennial.make_month_partitions() as "made!""#)
        .fetch_one(conn)
        .await
}

/// Drops the partitions that nobody keeps anything of. Answers with their number.
pub(crate) async fn drop_partitions(conn: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::query_scalar!(r#"select perennial.drop_usage_partitions() as "dropped!""#)
        .fetch_one(conn)
        .await
}

/// The partitions that may hold events which some plan does not keep.
pub(crate) async fn prunable_partitions(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(r#"select p as "p!" from perennial.prunable_usage_partitions() p"#)
        .fetch_all(conn)
        .await
}

/// What one step through a partition did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pruned {
    pub(crate) deleted: i64,
    /// The customer to go on after; `None`: the partition is done.
    pub(crate) reached: Option<Uuid>,
}

/// Deletes up to `rows_max` events of the customers after this one that are not kept.
pub(crate) async fn prune(
    conn: &mut PgConnection,
    partition: &str,
    after: Uuid,
    rows_max: i32,
) -> sqlx::Result<Pruned> {
    sqlx::query_as!(
        Pruned,
        r#"select deleted as "deleted!", reached from perennial.prune_usage($1, $2, $3)"#,
        partition,
        after,
        rows_max
    )
    .fetch_one(conn)
    .await
}

/// Forgets up to `rows_max` events that would be refused if they came again. Answers with their number.
pub(crate) async fn prune_ids(conn: &mut PgConnection, rows_max: i32) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select perennial.prune_usage_ids($1) as "deleted!""#, rows_max)
        .fetch_one(conn)
        .await
}

/// Forgets up to `rows_max` counters that nothing asks for any more. Answers with their number.
pub(crate) async fn prune_counters(conn: &mut PgConnection, rows_max: i32) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select perennial.prune_usage_counters($1) as "deleted!""#, rows_max)
        .fetch_one(conn)
        .await
}
