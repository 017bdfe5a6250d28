//! PgBouncer before a database, where the machine has one.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// When a client's server connection goes to another client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// After each transaction.
    Transaction,
    /// After each statement.
    Statement,
}

/// A running PgBouncer.
#[derive(Debug)]
pub struct Pooler {
    url: String,
    folder: PathBuf,
    _process: Child,
}

/// It starts within this.
const START_MAX: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

impl Pooler {
    /// Starts one with the settings of its package, before the database of `url`. `None`, and a
    /// word on stderr, where the machine has no PgBouncer.
    pub async fn before(url: &str, mode: PoolMode, pool_size: u32) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
            .into_iter()
            .find(|program| Path::new(program).exists());
        let Some(program) = program else {
            skipped();
            return None;
        };
        let options: PgConnectOptions = url.parse().expect("a URL");
        let socket_dir = options.get_socket().expect("the server listens on a socket");
        let database = options.get_database().expect("a database");
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("pooler-{port}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mode = match mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
            PoolMode::Statement => "statement",
        };
        let config = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={socket} port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {users}\n\
             pool_mode = {mode}\ndefault_pool_size = {pool_size}\nlogfile = {log}\n",
            socket = socket_dir.display(),
            server = options.get_port(),
            users = folder.join("users.txt").display(),
            log = folder.join("log").display(),
        );
        std::fs::write(&config, text).expect("a file");
        std::fs::write(folder.join("users.txt"), "\"perennial\" \"\"\n").expect("a file");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("open");
        let mut command = Command::new(program);
        // It does not run as root: as whoever may reach the server's socket.
        let owner = std::fs::metadata(socket_dir).expect("the socket's folder").uid();
        if std::fs::metadata(&folder).expect("a folder").uid() != owner {
            command.uid(owner);
        }
        command.arg("-q").arg(&config).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(Stdio::null()).kill_on_drop(true).spawn();
        let process = process.expect("PgBouncer starts");
        listens(port).await;
        let url = format!("postgres://perennial@127.0.0.1:{port}/{database}?sslmode=disable");
        Some(Self { url, folder, _process: process })
    }

    /// The database's address through it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // Only the log and the settings are in it.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn skipped() {
    eprintln!("skipped: no pgbouncer on this machine (apt-get install pgbouncer)");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

async fn listens(port: u16) {
    let mut look = tokio::time::interval(LOOK);
    let listening = tokio::time::timeout(START_MAX, async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            look.tick().await;
        }
    });
    listening.await.expect("PgBouncer listens");
}
