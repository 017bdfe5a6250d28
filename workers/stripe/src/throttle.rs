//! Where the shared limit on requests per second hooks in.
//!
//! Every request asks here before it is sent. The bucket itself is not ours: it is shared by all
//! workers, so it lives where they all look.

use std::time::Duration;

use futures::future::BoxFuture;

/// What a request does, as far as the provider's limits are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Creating an intent.
    Create,
    /// Confirming an intent.
    Confirm,
    /// Reading or listing intents.
    Read,
    /// Everything rarer: customers, methods, cancelling.
    Other,
}

impl Endpoint {
    /// The durable name, for buckets and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Confirm => "confirm",
            Self::Read => "read",
            Self::Other => "other",
        }
    }
}

/// There is no room for this request now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// When there may be.
    pub retry_after: Option<Duration>,
}

/// Makes room for requests, one by one.
pub trait Throttle: Send + Sync + 'static {
    /// Waits until one request may go out, or says that it may not.
    ///
    /// The wait counts against the operation's deadline. When that passes first, the future is
    /// dropped and the operation ends as `NotSent`.
    fn acquire(&self, endpoint: Endpoint) -> BoxFuture<'_, Result<(), Throttled>>;
}

/// Lets every request through at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unlimited;

impl Throttle for Unlimited {
    fn acquire(&self, _: Endpoint) -> BoxFuture<'_, Result<(), Throttled>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
