//! A server that somebody else may have started, seen from outside.

use std::path::{Path, PathBuf};

use crate::pidfile::{PidFile, Status};
use crate::server::address;

/// A server that accepts connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its process id.
    pub pid: u32,
    socket_dir: PathBuf,
}

impl Running {
    /// The server of the cluster in `home`; `None` while there is none. Starts nothing.
    pub fn at(home: &Path) -> Option<Self> {
        let file = PidFile::read_live(&home.canonicalize().ok()?.join("data"))?;
        let pid = u32::try_from(file.pid.as_raw()).ok()?;
        (file.status == Status::Ready).then_some(Self { pid, socket_dir: file.socket_dir })
    }

    /// The address of a database of this server. `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        address(&self.socket_dir, database)
    }
}
