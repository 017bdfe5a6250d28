//! Between the worker and PostgreSQL: a connection that breaks at the worst moment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream, tcp, unix};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::World;

/// What is lost of a COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It never reaches the server: nothing was done.
    TheCommit,
    /// The server has done it, and its reply never arrives.
    ItsReply,
}

/// A proxy in front of a world's database.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    weather: Arc<Weather>,
    accepting: JoinHandle<()>,
}

/// What happens to connections.
#[derive(Debug)]
struct Weather {
    socket: PathBuf,
    /// The n-th COMMIT from now on is struck.
    wanted: Mutex<Option<(Loss, u32)>>,
    struck: AtomicU32,
    refused: AtomicU32,
    out: watch::Sender<bool>,
}

impl Proxy {
    /// Puts a proxy before the world's database: workers started from now on go through it.
    pub async fn before(world: &mut World) -> Self {
        let options = world.pool.connect_options();
        let folder = options.get_socket().expect("the server listens on a socket");
        let weather = Arc::new(Weather {
            socket: folder.join(format!(".s.PGSQL.{}", options.get_port())),
            wanted: Mutex::new(None),
            struck: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            out: watch::Sender::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let database = options.get_database().expect("a database").to_owned();
        let url = format!("postgres://perennial@{address}/{database}?sslmode=disable");
        world.url.clone_from(&url);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&weather)));
        Self { url, weather, accepting }
    }

    /// Its address, as the database's.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks the connection at the n-th COMMIT from now on.
    pub fn lose(&self, loss: Loss, nth: u32) {
        *self.weather.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some((loss, nth));
    }

    /// How many COMMITs were struck.
    #[must_use]
    pub fn struck(&self) -> u32 {
        self.weather.struck.load(Ordering::SeqCst)
    }

    /// Breaks all connections, and takes no new ones until [`Proxy::end_outage`].
    pub fn begin_outage(&self) {
        self.weather.out.send_replace(true);
    }

    /// Takes connections again.
    pub fn end_outage(&self) {
        self.weather.out.send_replace(false);
    }

    /// How many connections were refused.
    #[must_use]
    pub fn refused(&self) -> u32 {
        self.weather.refused.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, weather: Arc<Weather>) {
    while let Ok((client, _)) = listener.accept().await {
        if *weather.out.borrow() {
            weather.refused.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        tokio::spawn(carry(client, Arc::clone(&weather)));
    }
}

/// Carries one connection until it ends or is broken.
async fn carry(client: TcpStream, weather: Arc<Weather>) {
    let Ok(server) = UnixStream::connect(&weather.socket).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let muted = AtomicBool::new(false);
    let mut out = weather.out.subscribe();
    tokio::select! {
        _ = requests(from_client, to_server, &weather, &muted) => {}
        _ = replies(from_server, to_client, &muted) => {}
        _ = out.wait_for(|out| *out) => {}
    }
}

/// Hands on message by message, and looks for the COMMIT to strike.
async fn requests(
    mut client: tcp::OwnedReadHalf,
    mut server: unix::OwnedWriteHalf,
    weather: &Weather,
    muted: &AtomicBool,
) -> std::io::Result<()> {
    // The first message has no type.
    let opening = message(&mut client, vec![]).await?;
    server.write_all(&opening).await?;
    loop {
        let kind = client.read_u8().await?;
        let message = message(&mut client, vec![kind]).await?;
        match weather.strikes(&message) {
            None => server.write_all(&message).await?,
            Some(Loss::TheCommit) => return Ok(()),
            Some(Loss::ItsReply) => {
                muted.store(true, Ordering::SeqCst);
                server.write_all(&message).await?;
                // The replies end the connection once the server has answered.
                return std::future::pending().await;
            }
        }
    }
}

async fn message(client: &mut tcp::OwnedReadHalf, mut head: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let length = client.read_u32().await?;
    head.extend(length.to_be_bytes());
    let mut body = vec![0; usize::try_from(length).unwrap_or(4).saturating_sub(4)];
    client.read_exact(&mut body).await?;
    head.extend(body);
    Ok(head)
}

async fn replies(
    mut server: unix::OwnedReadHalf,
    mut client: tcp::OwnedWriteHalf,
    muted: &AtomicBool,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = server.read(&mut buffer).await?;
        if count == 0 || muted.load(Ordering::SeqCst) {
            return Ok(());
        }
        client.write_all(&buffer[..count]).await?;
    }
}

impl Weather {
    fn strikes(&self, message: &[u8]) -> Option<Loss> {
        if !message.starts_with(b"Q") || !message[5..].eq_ignore_ascii_case(b"commit\0") {
            return None;
        }
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let (loss, left) = (*wanted)?;
        if left > 1 {
            *wanted = Some((loss, left - 1));
            return None;
        }
        *wanted = None;
        self.struck.fetch_add(1, Ordering::SeqCst);
        Some(loss)
    }
}
