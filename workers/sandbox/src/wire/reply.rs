//! Answers as bytes with the provider's headers.

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::error::{Answer, ApiError};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub(crate) const VERSION: HeaderName = HeaderName::from_static("stripe-version");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const ORIGINAL_REQUEST: HeaderName = HeaderName::from_static("original-request");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");
const RATE_LIMITED: HeaderName = HeaderName::from_static("stripe-rate-limited-reason");

/// What is sent back, before headers that depend on the request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
    /// Whether an idempotency key remembers it.
    pub(crate) remembered: bool,
}

impl Reply {
    /// The answer of a resource function.
    pub(crate) fn of(answer: Answer, request_id: &str) -> Self {
        match answer {
            Ok(value) => Self::json(StatusCode::OK, &value),
            Err(error) => Self::refusal(&error, request_id),
        }
    }

    fn json(status: StatusCode, value: &Value) -> Self {
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Bytes::from(value.to_string());
        Self { status, body, headers, remembered: true }
    }

    pub(crate) fn refusal(error: &ApiError, request_id: &str) -> Self {
        let mut reply = Self::json(error.status, &error.envelope(request_id));
        reply.remembered = error.remembered;
        // Only what another request in flight blocks is worth trying again as it is.
        let again = matches!(error.code(), Some("idempotency_key_in_use" | "lock_timeout"));
        let known = again || (error.status.is_client_error() && error.status.as_u16() != 429);
        if known {
            let again = HeaderValue::from_static(if again { "true" } else { "false" });
            reply.headers.insert(SHOULD_RETRY, again);
        }
        reply
    }

    pub(crate) fn rate_limited(reason: &str, request_id: &str) -> Self {
        let mut reply = Self::refusal(&ApiError::rate_limited(), request_id);
        if let Ok(reason) = HeaderValue::from_str(reason) {
            reply.headers.insert(RATE_LIMITED, reason);
        }
        reply
    }

    /// What a proxy in front of the provider says when it gets no answer itself.
    pub(crate) fn bad_gateway() -> Self {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        let body = Bytes::from_static(page.as_bytes());
        Self { status: StatusCode::BAD_GATEWAY, body, headers, remembered: false }
    }

    /// The same answer, given again to the same idempotency key.
    pub(crate) fn replayed(mut self) -> Self {
        self.headers.insert(REPLAYED, HeaderValue::from_static("true"));
        if let Some(original) = self.headers.get(REQUEST_ID).cloned() {
            self.headers.insert(ORIGINAL_REQUEST, original);
        }
        self
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.headers.contains_key(REPLAYED)
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// The answer with a `Content-Length` that is wrong by `delta`. Too small, the reader gets a
    /// body that ends early; too large, the connection closes before the body is complete.
    pub(crate) fn mismeasured(mut self, delta: i64) -> Response {
        let length = i64::try_from(self.body.len()).unwrap_or(i64::MAX).saturating_add(delta);
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(length.max(0)));
        self.streamed()
    }

    /// Half the body, well formed as HTTP but not as JSON.
    pub(crate) fn truncated(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// Hides the body's length from the HTTP layer, which would otherwise insist on the right one.
    fn streamed(self) -> Response {
        let chunk = Ok::<_, std::convert::Infallible>(self.body);
        let mut response = Response::new(Body::from_stream(stream::iter([chunk])));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
