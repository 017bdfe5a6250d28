//! A running server: how it is started, reached, described and stopped.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::cluster::{Cluster, Durability};
use crate::discovery::{Discovery, Installation};
use crate::ephemeral::Leftover;
use crate::error::{Error, Trying};
use crate::identity::Identity;
use crate::pidfile::PidFile;
use crate::supervisor::{Launch, Phase, Supervisor};

/// What to run, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to look for the programs.
    pub discovery: Discovery,
    /// The directory of the cluster; made when it is not there. See [`default_home`].
    pub home: PathBuf,
    /// What a crash of the machine may cost.
    pub durability: Durability,
    /// How many connections the server takes.
    pub connections_max: u32,
    /// Further settings of the server, by name; they win over ours.
    pub settings: Vec<(String, String)>,
}

impl Options {
    /// A durable cluster for 100 connections in `home`.
    pub fn new(discovery: Discovery, home: impl Into<PathBuf>) -> Self {
        let (durability, home) = (Durability::Full, home.into());
        Self { discovery, home, durability, connections_max: 100, settings: vec![] }
    }

    fn settings(&self, socket_dir: &Path) -> Vec<(String, String)> {
        let quoted = format!("\"{}\"", socket_dir.to_string_lossy().replace('"', "\"\""));
        let connections_max = self.connections_max.to_string();
        let common = [
            ("listen_addresses", ""),
            ("port", "5432"),
            ("unix_socket_directories", &quoted),
            ("unix_socket_permissions", "0700"),
            ("max_connections", &connections_max),
            ("shared_buffers", "64MB"),
            ("max_wal_size", "256MB"),
            ("jit", "off"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("logging_collector", "off"),
        ];
        let reckless = [("fsync", "off"), ("full_page_writes", "off")];
        let reckless = reckless.iter().filter(|_| self.durability == Durability::ForTests);
        let ours = common.iter().chain(reckless).map(|&(k, v)| (k.to_owned(), v.to_owned()));
        ours.chain(self.settings.iter().cloned()).collect()
    }
}

/// Where the cluster lives unless the user says otherwise. Takes the values of `XDG_STATE_HOME`
/// and `HOME`; `None` when there is neither. As XDG has it, a path that is not absolute counts as
/// not set.
pub fn default_home(state_home: Option<&Path>, user_home: Option<&Path>) -> Option<PathBuf> {
    let state_home = state_home.filter(|path| path.is_absolute()).map(Path::to_owned);
    let state_home = state_home.or_else(|| {
        if nix::unistd::geteuid().is_root() {
            // Under /root nobody but root could reach it, and the server must not be root.
            return Some(PathBuf::from("/var/lib"));
        }
        Some(user_home?.join(".local/state"))
    })?;
    Some(state_home.join("perennial/pg"))
}

/// A server that accepts connections. Dropping it stops the server, unless another process
/// started it.
#[derive(Debug)]
pub struct Server {
    cluster: Cluster,
    installation: Installation,
    socket_dir: PathBuf,
    supervisor: Supervisor,
    took: Duration,
    pub(crate) leftover: Option<Leftover>,
}

impl Server {
    /// Starts the server of this cluster, which is created if need be, and waits until it is
    /// ready. If another process already runs it, attaches to it.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let since = Instant::now();
        let cluster = Cluster::at(&options.home)?;
        let installation = cluster.installation(&options.discovery)?;
        let identity = Identity::choose(&cluster.home, &cluster.data, &installation.bin_dir);
        let lock = cluster.lock_file()?;
        lock.lock().trying(|| format!("lock {}", cluster.home.display()))?;
        cluster.create(&installation, identity, options.durability)?;
        let socket_dir = cluster.socket_dir()?;
        drop(lock);
        let settings = options.settings(&socket_dir);
        let launch = Launch {
            cluster: cluster.clone(),
            installation: installation.clone(),
            identity,
            socket_dir: socket_dir.clone(),
            settings,
        };
        let supervisor = Supervisor::start(launch)?;
        if let Phase::Failed(reason) = supervisor.settled() {
            return Err(Error::DidNotStart(reason));
        }
        let took = since.elapsed();
        let mut server =
            Self { cluster, installation, socket_dir, supervisor, took, leftover: None };
        if server.is_attached()
            && let Some(theirs) = PidFile::read(&server.cluster.data)
        {
            server.socket_dir = theirs.socket_dir;
        }
        tracing::info!("{}", server.describe());
        Ok(server)
    }

    /// The address of a database of this server. `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        address(&self.socket_dir, database)
    }

    /// The folder with `psql`, `pg_dump` and the rest, as far as the package has them.
    pub fn bin_dir(&self) -> &Path {
        &self.installation.bin_dir
    }

    /// The programs the server runs from.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The directory of the cluster.
    pub fn home(&self) -> &Path {
        &self.cluster.home
    }

    /// As PostgreSQL says it: `15.18`.
    pub fn version(&self) -> &str {
        &self.installation.version
    }

    /// The process id of the server; `None` while there is none.
    pub fn pid(&self) -> Option<u32> {
        let file = PidFile::read_live(&self.cluster.data)?;
        u32::try_from(file.pid.as_raw()).ok()
    }

    /// Whether the server belongs to another process.
    pub fn is_attached(&self) -> bool {
        self.supervisor.phase() == Phase::Attached
    }

    /// Why the server was given up, once it was: it ended and could not be started again.
    pub fn failure(&self) -> Option<String> {
        match self.supervisor.phase() {
            Phase::Failed(reason) => Some(reason),
            Phase::Starting | Phase::Ready | Phase::Attached | Phase::Stopped => None,
        }
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        if self.is_attached() {
            let pid = self.pid().map_or("gone".to_owned(), |pid| format!("pid {pid}"));
            return format!("managed PostgreSQL, already running ({pid}): attached");
        }
        format!(
            "managed PostgreSQL {} from {}, data {} (ready in {} ms)",
            self.version(),
            self.bin_dir().display(),
            self.home().display(),
            self.took.as_millis()
        )
    }

    /// Stops the server now, unless it belongs to another process. The same as dropping it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody will miss what an ephemeral cluster had not written yet.
        let signal = if self.leftover.is_some() { Signal::SIGQUIT } else { Signal::SIGINT };
        let attached = self.is_attached();
        self.supervisor.stop(signal);
        if !attached {
            self.cluster.remove_socket_dir(&self.socket_dir);
        }
    }
}

/// The address of a database whose server listens in this folder.
pub(crate) fn address(socket_dir: &Path, database: &str) -> String {
    let folder = encoded(socket_dir.as_os_str().as_encoded_bytes());
    format!("postgres://perennial@localhost/{}?host={folder}", encoded(database.as_bytes()))
}

/// Percent-encoding for both parts of an address.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => write!(text, "%{byte:02X}").expect("a String takes everything"),
        }
    }
    text
}
