//! One pool of kept-alive connections to one address.
//!
//! Must never send a changing request without its key, wait, or send a request twice. A second
//! dial happens only when no connection could be made; the HTTP client itself moves a request to
//! another connection only when a pooled one turned out dead before it took the request.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use perennial_jobs::payments::NoAnswer;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use stripe_client_core::{RequestBuilder, RequestStrategy, StripeMethod, VERSION};

use crate::body::{Departure, WatchedBody};
use crate::config::{Base, ConfigError, Scheme, StripeConfig};

/// The longest answer that is read: a page of a hundred intents is well below it.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Idle connections that are kept.
const IDLE_CONNECTIONS_MAX: usize = 32;
/// Shorter than servers keep theirs, so that a request rarely meets a connection being closed:
/// that would be `Unknown`.
const IDLE: Duration = Duration::from_secs(20);
/// The longest wait for one connection, so that a second dial fits into the usual deadline.
const CONNECT: Duration = Duration::from_secs(10);
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("perennial/", env!("CARGO_PKG_VERSION")));
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The way to the provider.
pub(crate) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, WatchedBody>,
    base: Base,
    /// Marked sensitive: neither `Debug` nor the HTTP client's traces print it.
    authorization: HeaderValue,
    pub(crate) timeout: Duration,
}

/// A request that is fit to be sent.
pub(crate) struct Outgoing {
    method: Method,
    uri: String,
    key: Option<HeaderValue>,
    pub(crate) content: Bytes,
}

impl Transport {
    pub(crate) fn new(config: &StripeConfig) -> Result<Self, ConfigError> {
        let base = config.base()?;
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_timer(TokioTimer::new())
            .build(connector(base.scheme, &config.authorities)?);
        let bearer = format!("Bearer {}", config.secret_key.expose_secret());
        let mut authorization = HeaderValue::try_from(bearer)
            .map_err(|_| ConfigError::SecretKey { problem: "does not fit an HTTP header" })?;
        authorization.set_sensitive(true);
        Ok(Self { client, base, authorization, timeout: config.timeout })
    }

    /// Prepares `request`, or refuses what could charge twice.
    pub(crate) fn outgoing(
        &self,
        request: RequestBuilder,
        strategy: Option<RequestStrategy>,
    ) -> Result<Outgoing, NoAnswer> {
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let key = match (strategy, &method) {
            (Some(RequestStrategy::Idempotent(key)), _) => Some(header(key.as_str())?),
            (Some(RequestStrategy::Once) | None, &Method::GET) => None,
            _ => return Err(refused("a request that changes something needs a key of ours")),
        };
        let mut uri = format!("{}/v1{}", self.base.prefix, request.path);
        if let Some(query) = request.query.filter(|query| !query.is_empty()) {
            write!(uri, "?{query}").expect("writing to a string cannot fail");
        }
        Ok(Outgoing { method, uri, key, content: request.body.unwrap_or_default().into() })
    }

    /// Sends the request and waits for the head of the answer.
    pub(crate) async fn dial(
        &self,
        outgoing: &Outgoing,
        departure: &Departure,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let sent = match self.client.request(self.request(outgoing, departure)?).await {
            // No connection, so nothing was sent: dial once more.
            Err(error) if error.is_connect() => {
                self.client.request(self.request(outgoing, departure)?).await
            }
            sent => sent,
        };
        sent.map_err(|error| undelivered(&error, departure))
    }

    fn request(
        &self,
        outgoing: &Outgoing,
        departure: &Departure,
    ) -> Result<Request<WatchedBody>, NoAnswer> {
        let mut request = Request::builder()
            .method(&outgoing.method)
            .uri(&outgoing.uri)
            .header(AUTHORIZATION, &self.authorization)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, JSON)
            .header("stripe-version", VERSION.as_str());
        if let Some(key) = &outgoing.key {
            request = request.header("idempotency-key", key);
        }
        if outgoing.method == Method::POST {
            request = request.header(CONTENT_TYPE, FORM);
        }
        let body = WatchedBody::new(outgoing.content.clone(), departure.clone());
        request.body(body).map_err(|error| refused(&format!("the request is malformed: {error}")))
    }
}

/// Reads the whole body of an answer.
pub(crate) async fn read(response: Response<Incoming>) -> Result<Bytes, NoAnswer> {
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
    let whole = body.collect().await.map_err(|error| NoAnswer::Unknown {
        reason: format!("the answer broke off: {}", chain(error.as_ref())),
    })?;
    Ok(whole.to_bytes())
}

fn connector(
    scheme: Scheme,
    authorities: &[CertificateDer<'static>],
) -> Result<HttpsConnector<HttpConnector>, ConfigError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(CONNECT));
    let roots = match scheme {
        Scheme::Https => trusted(authorities)?,
        Scheme::Http => RootCertStore::empty(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ConfigError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = HttpsConnectorBuilder::new().with_tls_config(config);
    let schemes = match scheme {
        Scheme::Https => tls.https_only(),
        Scheme::Http => tls.https_or_http(),
    };
    Ok(schemes.enable_http1().wrap_connector(http))
}

/// Whom the system trusts, and whom the operator named.
fn trusted(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    // A certificate of the system that cannot be read is one that is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for authority in authorities {
        roots.add(authority.clone()).map_err(ConfigError::Tls)?;
    }
    if roots.is_empty() { Err(ConfigError::NoAuthorities) } else { Ok(roots) }
}

fn undelivered(error: &ClientError, departure: &Departure) -> NoAnswer {
    let reason = chain(error);
    if error.is_connect() || !departure.may_have_left() {
        NoAnswer::NotSent { retry_after: None, reason }
    } else {
        NoAnswer::Unknown { reason: format!("no answer: {reason}") }
    }
}

fn header(key: &str) -> Result<HeaderValue, NoAnswer> {
    HeaderValue::from_str(key).map_err(|_| refused("the key does not fit an HTTP header"))
}

fn refused(reason: &str) -> NoAnswer {
    NoAnswer::Rejected { code: None, param: None, reason: format!("not sent: {reason}") }
}

/// An error and its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use stripe_client_core::IdempotencyKey;

    use super::*;

    fn accepts(method: StripeMethod, strategy: Option<RequestStrategy>) -> bool {
        let transport = Transport::new(&StripeConfig::new("sk_test_x".into())).unwrap();
        transport.outgoing(RequestBuilder::new(method, "/charges"), strategy).is_ok()
    }

    #[test]
    fn a_request_that_changes_something_goes_out_under_a_key_of_ours_or_not_at_all() {
        let key = || IdempotencyKey::new("key").unwrap();
        assert!(accepts(StripeMethod::Post, Some(RequestStrategy::Idempotent(key()))));
        assert!(!accepts(StripeMethod::Post, None));
        assert!(!accepts(StripeMethod::Post, Some(RequestStrategy::Once)));
        assert!(!accepts(StripeMethod::Delete, None));
        assert!(accepts(StripeMethod::Get, None));
    }

    #[test]
    fn nothing_goes_out_that_would_be_sent_twice() {
        for method in [StripeMethod::Get, StripeMethod::Post] {
            assert!(!accepts(method, Some(RequestStrategy::Retry(3))));
            assert!(!accepts(method, Some(RequestStrategy::ExponentialBackoff(3))));
        }
    }

    #[test]
    fn a_key_that_does_not_fit_a_header_is_not_sent() {
        let key = IdempotencyKey::new("line\nbreak").unwrap();
        assert!(!accepts(StripeMethod::Post, Some(RequestStrategy::Idempotent(key))));
    }
}
