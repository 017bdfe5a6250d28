//! The pages of the worker: where a customer stops a stream of mail.
//!
//! `POST` mutes, as mail programs do at one click (RFC 8058). `GET` changes nothing, because mail
//! scanners follow links: it shows a button. A token mutes its own stream and can do nothing else;
//! it is never logged.

mod pages;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::Response;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use perennial_jobs::store::mail_preferences;
use sqlx::PgPool;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A click is a few bytes, or a small form.
const BODY_BYTES_MAX: usize = 4096;
/// A connection carries one request, and must be done with it by then.
const CONNECTION_MAX: Duration = Duration::from_secs(10);
/// More connections at once wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// A token is 64 hexadecimal digits; nothing else is looked up.
const TOKEN_DIGITS: usize = 64;

/// The server; dropping it closes the listener and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves the pages until dropped. Within a Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn start(address: SocketAddr, pool: PgPool) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, accepting: tokio::spawn(accept(listener, router(pool))) })
    }

    /// Where it listens: with port 0 it chose one.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn router(pool: PgPool) -> Router {
    Router::new()
        .route("/unsubscribe/{token}", get(ask).post(mute))
        .fallback(async || pages::not_found())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(pool)
}

/// Shows the button.
async fn ask(State(pool): State<PgPool>, Path(token): Path<String>) -> Response {
    if !looks_like_a_token(&token) {
        return pages::not_found();
    }
    let known = async { mail_preferences::knows(&mut *pool.acquire().await?, &token).await };
    answer(known.await, pages::button)
}

/// Mutes the stream, at once.
async fn mute(
    State(pool): State<PgPool>,
    Path(token): Path<String>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let Ok(body) = body else { return pages::too_large() };
    if !looks_like_a_token(&token) {
        return pages::not_found();
    }
    if !is_one_click(&body) {
        return pages::no_click();
    }
    let muted = async { mail_preferences::mute(&mut *pool.acquire().await?, &token).await };
    answer(muted.await, pages::muted)
}

fn answer(known: sqlx::Result<bool>, page: fn() -> Response) -> Response {
    match known {
        Ok(true) => page(),
        Ok(false) => pages::not_found(),
        Err(error) => {
            tracing::error!(%error, "a page was not served: the database did not answer");
            pages::out_of_order()
        }
    }
}

fn looks_like_a_token(token: &str) -> bool {
    token.len() == TOKEN_DIGITS && token.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// `List-Unsubscribe=One-Click`, in a form of either kind.
fn is_one_click(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    let url_encoded = text.trim().split('&').any(|pair| pair == "List-Unsubscribe=One-Click");
    let multipart = || {
        let mut lines = text.lines().skip_while(|line| !line.contains("name=\"List-Unsubscribe\""));
        lines.next().is_some() && lines.any(|line| line == "One-Click")
    };
    url_encoded || multipart()
}

async fn accept(listener: TcpListener, router: Router) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, router.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        // Out of file descriptors: one has to end first.
                        connections.join_next().await;
                    }
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match tokio::time::timeout(CONNECTION_MAX, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection was closed: it took too long"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_comes_in_a_form_of_either_kind() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
                         One-Click\r\n--x--\r\n";
        for click in ["List-Unsubscribe=One-Click", "a=b&List-Unsubscribe=One-Click\r\n", multipart]
        {
            assert!(is_one_click(click.as_bytes()), "{click}");
        }
        for other in ["", "List-Unsubscribe", "List-Unsubscribe=One-Clicks", "One-Click", "{}"] {
            assert!(!is_one_click(other.as_bytes()), "{other}");
        }
        assert!(!is_one_click(b"\xff\xfe"));
    }

    #[test]
    fn what_is_no_token_is_not_looked_up() {
        assert!(looks_like_a_token(&"0af".repeat(22)[..64]));
        for wrong in ["", "0af", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert!(!looks_like_a_token(wrong), "{wrong}");
        }
    }
}
