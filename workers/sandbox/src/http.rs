//! The HTTP server under the provider and the inbox: one task per connection, no Nagle delay, and
//! a service that may close the connection instead of answering.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The connection was closed without an answer, on purpose.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed without an answer, as asked")]
pub(crate) struct Severed;

/// A running server; dropping it closes the listener and every connection.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves `service` on `listener` until dropped.
    pub(crate) fn start<S, F>(listener: TcpListener, service: S) -> std::io::Result<Self>
    where
        S: Fn(Request<Body>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<Response<Body>, Severed>> + Send + 'static,
    {
        let addr = listener.local_addr()?;
        Ok(Self { addr, accepting: tokio::spawn(accept(listener, service)) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<S, F>(listener: TcpListener, service: S)
where
    S: Fn(Request<Body>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Severed>> + Send + 'static,
{
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, service.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<S, F>(stream: TcpStream, service: S)
where
    S: Fn(Request<Body>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Severed>> + Send + 'static,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not turn off Nagle's algorithm");
    }
    let service =
        service_fn(move |request: Request<hyper::body::Incoming>| service(request.map(Body::new)));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Runs a router on one request.
pub(crate) async fn route(
    router: Router,
    request: Request<Body>,
) -> Result<Response<Body>, Severed> {
    let Ok(response) = TowerToHyperService::new(router).call(request).await;
    Ok(response)
}

/// The user name in `Basic` credentials.
pub(crate) fn basic_user(encoded: &str) -> Option<String> {
    let mut bits = 0_u32;
    let mut held = 0_u32;
    let mut bytes = Vec::new();
    for digit in encoded.trim().trim_end_matches('=').bytes() {
        bits = (bits << 6) | u32::from(base64_digit(digit)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xFF).ok()?);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split(':').next().unwrap_or_default().to_owned())
}

fn base64_digit(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_name_of_basic_credentials_is_the_key() {
        assert_eq!(basic_user("c2tfdGVzdF94Og==").as_deref(), Some("sk_test_x"));
        assert_eq!(basic_user("???"), None);
    }
}
