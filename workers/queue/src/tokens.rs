//! Token buckets that all hosts share, for endpoints with a rate limit.

use std::time::Duration;

use sqlx::PgPool;

/// How fast a bucket fills and how much it holds.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Tokens that flow in each second.
    pub per_second: f64,
    /// Tokens that may be spent at once after a quiet time.
    pub burst: i32,
}

/// Reserves `count` tokens of a bucket and answers how long to wait before spending them.
///
/// # Errors
/// The statement failed.
pub async fn take_tokens(
    pool: &PgPool,
    bucket: &str,
    count: i32,
    rate: Rate,
) -> sqlx::Result<Duration> {
    let wait_ms = sqlx::query_scalar!(
        r#"select perennial.take_tokens($1, $2, $3, $4) as "wait_ms!""#,
        bucket,
        count,
        rate.per_second,
        rate.burst,
    )
    .fetch_one(pool)
    .await?;
    Ok(Duration::from_millis(wait_ms.unsigned_abs()))
}
