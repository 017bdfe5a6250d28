//! One token bucket per provider endpoint, shared by all workers through the database, so that a
//! storm of renewals stays under the provider's limit.

use std::time::Duration;

use futures::future::BoxFuture;
use perennial_queue::{Rate, take_tokens};
use perennial_stripe::{Endpoint, Throttle, Throttled};
use sqlx::PgPool;

/// A token bucket per endpoint in PostgreSQL.
#[derive(Debug, Clone)]
pub struct SharedThrottle {
    pool: PgPool,
    rate: Rate,
}

impl SharedThrottle {
    /// Buckets that are refilled with `rate`.
    #[must_use]
    pub fn new(pool: PgPool, rate: Rate) -> Self {
        Self { pool, rate }
    }
}

/// A call that would have to wait longer than this is not sent now: its job comes back later.
const WAIT_MAX: Duration = Duration::from_secs(10);

impl Throttle for SharedThrottle {
    fn acquire(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Throttled>> {
        Box::pin(async move {
            let bucket = format!("stripe.{}", endpoint.name());
            let wait = take_tokens(&self.pool, &bucket, 1, self.rate).await;
            match wait {
                Ok(wait) if wait.is_zero() => Ok(()),
                Ok(wait) if wait <= WAIT_MAX => {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "the token is reserved for that instant"
                    )]
                    tokio::time::sleep(wait).await;
                    Ok(())
                }
                Ok(wait) => Err(Throttled { retry_after: Some(wait) }),
                // Without the database the outcome could not be saved either.
                Err(_) => Err(Throttled { retry_after: None }),
            }
        })
    }
}
