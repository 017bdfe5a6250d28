//! The provider as a value: start it, steer it, read its books.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;

use crate::account::ledger::Ledger;
use crate::account::requests::Logged;
use crate::account::{Birth, Limits};
use crate::clock::Clock;
use crate::control;
use crate::faults::Fault;
use crate::front;
use crate::http::{Server, route};
use crate::world::World;

/// The key of callers that do not care which.
pub const DEFAULT_KEY: &str = "sk_test_sandbox";

/// How a sandbox starts.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where it listens. Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Ids derive from it: the same seed and the same requests make the same ids.
    pub seed: u64,
    /// Where the clock stands still to begin with; without it, the machine's time.
    pub clock: Option<DateTime<Utc>>,
    /// Most idempotency keys remembered per API key; the oldest go first.
    pub idempotency_keys_max: usize,
    /// Most requests logged per API key; the oldest go first.
    pub requests_max: usize,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 0,
            clock: None,
            idempotency_keys_max: 100_000,
            requests_max: 100_000,
        }
    }
}

/// Why a sandbox or an inbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The control plane has no password, so nobody else may reach it.
    #[error("will not listen on {0}: only loopback addresses are safe")]
    NotLoopback(SocketAddr),
    /// The address is taken or forbidden.
    #[error("could not listen on {addr}")]
    Listen {
        /// Which address.
        addr: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder for mails cannot be used.
    #[error("could not use the folder {folder}")]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// A running provider. Dropping it closes it.
#[derive(Debug)]
pub struct Sandbox {
    server: Server,
    world: Arc<World>,
}

/// Listens on loopback.
pub(crate) async fn listen(addr: SocketAddr) -> Result<TcpListener, StartError> {
    if !addr.ip().is_loopback() {
        return Err(StartError::NotLoopback(addr));
    }
    TcpListener::bind(addr).await.map_err(|source| StartError::Listen { addr, source })
}

impl Sandbox {
    /// Starts the provider on the current runtime.
    pub async fn start(options: SandboxOptions) -> Result<Self, StartError> {
        let listener = listen(options.addr).await?;
        let failed = |source| StartError::Listen { addr: options.addr, source };
        let addr = listener.local_addr().map_err(failed)?;
        let world = Arc::new(World::new(Birth {
            seed: options.seed,
            clock: options.clock.map_or_else(Clock::default, Clock::Set),
            base_url: format!("http://{addr}").into(),
            limits: Limits {
                idempotency_keys: options.idempotency_keys_max,
                requests: options.requests_max,
            },
        }));
        let router = control::router(world.clone());
        let provider = world.clone();
        let server = Server::start(listener, move |request| {
            let (world, router) = (provider.clone(), router.clone());
            async move {
                match request.uri().path() {
                    path if path.starts_with("/_sandbox") => route(router, request).await,
                    _ => front::answer(&world, request).await,
                }
            }
        });
        Ok(Self { server: server.map_err(failed)?, world })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr
    }

    /// The base URL to give to a client, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// The account of one API key.
    pub fn key(&self, api_key: &str) -> SandboxKey<'_> {
        SandboxKey { world: &self.world, api_key: api_key.to_owned() }
    }

    /// Stops every account's clock at `now`, also of accounts to come. Payments under way that are
    /// due by then settle.
    pub fn set_clock(&self, now: DateTime<Utc>) {
        self.world.set_clock(None, |_| Clock::Set(now));
    }

    /// Moves every account's clock on.
    pub fn advance_clock(&self, step: TimeDelta) {
        self.world.set_clock(None, |clock| clock.advanced(step));
    }

    /// The books of [`DEFAULT_KEY`].
    pub fn ledger(&self) -> Ledger {
        self.key(DEFAULT_KEY).ledger()
    }

    /// The requests made with [`DEFAULT_KEY`].
    pub fn requests(&self) -> Vec<Logged> {
        self.key(DEFAULT_KEY).requests()
    }

    /// Adds a fault for [`DEFAULT_KEY`].
    pub fn add_fault(&self, fault: Fault) {
        self.key(DEFAULT_KEY).add_fault(fault);
    }

    /// Removes the faults of [`DEFAULT_KEY`].
    pub fn clear_faults(&self) {
        self.key(DEFAULT_KEY).clear_faults();
    }

    /// Forgets everything of every account.
    pub fn reset(&self) {
        self.world.reset(None);
    }

    /// Closes the listener and every connection. Dropping does the same.
    pub fn shutdown(self) {}
}

/// One account of a running provider.
#[derive(Debug, Clone)]
pub struct SandboxKey<'a> {
    world: &'a World,
    api_key: String,
}

impl SandboxKey<'_> {
    /// Stops this account's clock at `now`.
    pub fn set_clock(&self, now: DateTime<Utc>) {
        self.world.set_clock(Some(&self.api_key), |_| Clock::Set(now));
    }

    /// Moves this account's clock on.
    pub fn advance_clock(&self, step: TimeDelta) {
        self.world.set_clock(Some(&self.api_key), |clock| clock.advanced(step));
    }

    /// What time it is here.
    pub fn now(&self) -> DateTime<Utc> {
        self.world.clock(Some(&self.api_key)).now()
    }

    /// Every captured charge, totals, attempts and declines.
    pub fn ledger(&self) -> Ledger {
        let shared = self.world.account(&self.api_key);
        let mut account = shared.lock();
        account.catch_up();
        account.ledger.clone()
    }

    /// The requests made so far, oldest first.
    pub fn requests(&self) -> Vec<Logged> {
        self.world.account(&self.api_key).lock().requests.all()
    }

    /// Adds a fault. Of several that strike one request, latencies add up and the first other wins.
    pub fn add_fault(&self, fault: Fault) {
        self.world.account(&self.api_key).lock().faults.add(fault);
    }

    /// The faults in force.
    pub fn faults(&self) -> Vec<Fault> {
        self.world.account(&self.api_key).lock().faults.all()
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        self.world.account(&self.api_key).lock().faults.clear();
    }

    /// Forgets everything of this account.
    pub fn reset(&self) {
        self.world.reset(Some(&self.api_key));
    }
}
