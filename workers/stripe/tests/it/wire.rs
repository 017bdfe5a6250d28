//! A server by hand, because a real one cannot be made to misbehave on the wire.
//!
//! It answers requests in the order they come with the scripted replies, the last of them for
//! ever, and remembers what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial_stripe::{StripeConfig, StripeProvider};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "sk_test_canary4d1";

/// What happens after one request has been read.
#[derive(Debug, Clone)]
pub(crate) enum Then {
    /// A complete answer; the connection stays open.
    Answer { status: u16, headers: Vec<(&'static str, &'static str)>, body: String },
    /// The connection is closed without an answer.
    Close,
    /// Nothing, for ever.
    Hang,
    /// An answer that is shorter than it says.
    Truncate { body: String },
}

impl Then {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::with(status, &[], body)
    }

    pub(crate) fn with(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &Value,
    ) -> Self {
        Self::Answer { status, headers: headers.to_vec(), body: body.to_string() }
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::Answer {
            status,
            headers: vec![("Content-Type", "text/html")],
            body: "<html>oops</html>".into(),
        }
    }
}

/// One request as it came off the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `POST /v1/…`
    pub(crate) line: String,
    headers: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.headers.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

#[derive(Default)]
struct Log {
    connections: usize,
    seen: Vec<Seen>,
    script: VecDeque<Then>,
}

/// A scripted server on a port of its own, gone with the test's runtime.
pub(crate) struct Wire {
    address: String,
    log: Arc<Mutex<Log>>,
}

impl Wire {
    pub(crate) async fn serving(script: impl IntoIterator<Item = Then>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let log =
            Arc::new(Mutex::new(Log { script: script.into_iter().collect(), ..Log::default() }));
        tokio::spawn(accept(listener, Arc::clone(&log)));
        Self { address, log }
    }

    /// A provider that talks to this server.
    pub(crate) fn provider(&self) -> StripeProvider {
        StripeProvider::new(&self.config()).unwrap()
    }

    /// A provider whose deadline passes soon.
    pub(crate) fn hasty_provider(&self) -> StripeProvider {
        StripeProvider::new(&StripeConfig { timeout: Duration::from_secs(1), ..self.config() })
            .unwrap()
    }

    pub(crate) fn config(&self) -> StripeConfig {
        config(&format!("http://{}", self.address))
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().seen.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }
}

pub(crate) fn config(base: &str) -> StripeConfig {
    StripeConfig { api_base: base.to_owned(), ..StripeConfig::new(KEY.into()) }
}

async fn accept(listener: TcpListener, log: Arc<Mutex<Log>>) {
    while let Ok((stream, _)) = listener.accept().await {
        log.lock().unwrap().connections += 1;
        tokio::spawn(serve(stream, Arc::clone(&log)));
    }
}

async fn serve(stream: TcpStream, log: Arc<Mutex<Log>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = receive(&mut stream).await? {
        match next(&log, request) {
            Then::Answer { status, headers, body } => {
                stream.write_all(answer(status, &headers, &body, body.len()).as_bytes()).await?;
            }
            Then::Truncate { body } => {
                stream.write_all(answer(200, &[], &body, body.len() + 100).as_bytes()).await?;
                return Ok(());
            }
            Then::Close => return Ok(()),
            Then::Hang => std::future::pending().await,
        }
    }
    Ok(())
}

fn next(log: &Mutex<Log>, request: Seen) -> Then {
    let mut log = log.lock().unwrap();
    log.seen.push(request);
    match log.script.len() {
        0 => Then::Close,
        1 => log.script[0].clone(),
        _ => log.script.pop_front().unwrap(),
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str, length: usize) -> String {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

async fn receive(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Seen>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or_default();
    let line = line.trim_end_matches(" HTTP/1.1").to_owned();
    let mut seen = Seen { line, headers: headers.to_owned(), body: String::new() };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(seen))
}
