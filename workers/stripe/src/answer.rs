//! The provider's answer as it came off the wire, before anybody interprets it.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};
use perennial_jobs::payments::CallTrace;

/// The longest delay that a `Retry-After` can ask of us.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// An answer whose body arrived completely.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

/// What the status line and the headers say.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) trace: CallTrace,
    pub(crate) retry_after: Option<Duration>,
}

impl Head {
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap) -> Self {
        let trace = CallTrace {
            http_status: Some(status.as_u16()),
            request_id: text(headers, "request-id").map(str::to_owned),
            replayed: flag(headers, "idempotent-replayed").unwrap_or(false),
            should_retry: flag(headers, "stripe-should-retry"),
            rate_limited_reason: text(headers, "stripe-rate-limited-reason").map(str::to_owned),
        };
        Self { status, trace, retry_after: retry_after(headers) }
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|value| value.len() <= 255)
}

fn flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    text(headers, name)?.to_ascii_lowercase().parse().ok()
}

/// Only the form in seconds: a date would need a clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = text(headers, RETRY_AFTER.as_str())?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(headers: &[(&'static str, &'static str)]) -> Head {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Head::read(StatusCode::OK, &headers.collect())
    }

    #[test]
    fn every_header_that_the_record_wants_is_kept() {
        let head = head(&[
            ("Request-Id", "req_1"),
            ("Idempotent-Replayed", "true"),
            ("Stripe-Should-Retry", "False"),
            ("Stripe-Rate-Limited-Reason", "endpoint-rate"),
            ("Retry-After", "7"),
        ]);
        let expected = CallTrace {
            http_status: Some(200),
            request_id: Some("req_1".into()),
            replayed: true,
            should_retry: Some(false),
            rate_limited_reason: Some("endpoint-rate".into()),
        };
        assert_eq!(head.trace, expected);
        assert_eq!(head.retry_after, Some(Duration::from_secs(7)));
    }

    #[test]
    fn headers_that_are_absent_or_odd_are_not_guessed() {
        let head = head(&[
            ("Stripe-Should-Retry", "perhaps"),
            ("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ]);
        assert_eq!(head.trace, CallTrace { http_status: Some(200), ..CallTrace::default() });
        assert_eq!(head.retry_after, None);
    }

    #[test]
    fn an_endless_delay_is_capped() {
        assert_eq!(head(&[("Retry-After", "99999999")]).retry_after, Some(RETRY_AFTER_MAX));
    }
}
