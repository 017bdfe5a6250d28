//! A request body that remembers whether anybody began to read it.
//!
//! The HTTP client reads the body only once it has a connection and is writing the request, so an
//! unread body proves that the provider never had the whole request. That is the difference
//! between "not sent" and "unknown" when a deadline passes.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Whether any of the request may have left this process.
#[derive(Debug, Clone)]
pub(crate) struct Departure(Arc<AtomicBool>);

impl Departure {
    /// Nothing has left yet; without a body there is no telling, so it counts as gone.
    pub(crate) fn of(content: &Bytes) -> Self {
        Self(Arc::new(AtomicBool::new(content.is_empty())))
    }

    /// Whether the provider may have the request.
    pub(crate) fn may_have_left(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The bytes of one request.
pub(crate) struct WatchedBody {
    content: Bytes,
    departure: Departure,
}

impl WatchedBody {
    pub(crate) fn new(content: Bytes, departure: Departure) -> Self {
        Self { content, departure }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.departure.0.store(true, Ordering::Release);
        let content = std::mem::take(&mut self.content);
        Poll::Ready((!content.is_empty()).then(|| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.len().try_into().unwrap_or(u64::MAX))
    }
}
