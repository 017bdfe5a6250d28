//! Clusters for one run: in the folder for temporary files, gone with their owner.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::Durability;
use crate::cluster::make_private;
use crate::discovery::{Discovery, entries};
use crate::error::{Error, Trying};
use crate::pidfile::PidFile;
use crate::server::{Options, Server};

const PREFIX: &str = "perennial-pg-";
/// Locked by the owner for as long as it lives.
const OWNER: &str = "owner";

/// The folder of an ephemeral cluster, removed when dropped.
#[derive(Debug)]
pub(crate) struct Leftover {
    home: PathBuf,
    _owner: File,
}

impl Server {
    /// Starts a new, empty server for this process alone; its data is removed when it is dropped.
    ///
    /// When the owner dies without dropping it, the server ends by itself and the next ephemeral
    /// server removes its data, in the background: that can take minutes.
    pub fn ephemeral(
        discovery: Discovery,
        durability: Durability,
        connections_max: u32,
    ) -> Result<Self, Error> {
        let temp = std::env::temp_dir();
        let cleared = temp.clone();
        std::thread::spawn(move || remove_leftovers(&cleared));
        let leftover = Leftover::new(&temp)?;
        let options = Options::new(discovery, leftover.home.clone());
        let mut server = Self::start(&Options { durability, connections_max, ..options })?;
        server.leftover = Some(leftover);
        Ok(server)
    }
}

impl Leftover {
    fn new(temp: &Path) -> Result<Self, Error> {
        let id = std::process::id();
        let mut homes = (0_u32..).map(|n| temp.join(format!("{PREFIX}{id}-{n}")));
        loop {
            let home = homes.find(|home| !home.exists()).unwrap_or_default();
            make_private(&home)?;
            let making = || format!("make {}", home.display());
            let owner = File::create(home.join(OWNER)).trying(making)?;
            owner.lock().trying(making)?;
            // Somebody who was clearing up may have taken the lock first, and the folder with it.
            if home.join(OWNER).exists() {
                return Ok(Self { home, _owner: owner });
            }
        }
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.home) {
            tracing::debug!(home = %self.home.display(), %error, "an ephemeral cluster stays");
        }
    }
}

/// The owner's file goes last: by it the next one finds what an interrupted removal has left.
fn remove(home: &Path) -> std::io::Result<()> {
    for entry in entries(home).filter(|entry| !entry.ends_with(OWNER)) {
        if fs::symlink_metadata(&entry)?.is_dir() {
            fs::remove_dir_all(&entry)?;
        } else {
            fs::remove_file(&entry)?;
        }
    }
    fs::remove_dir_all(home)
}

/// Removes clusters whose owner is gone.
fn remove_leftovers(temp: &Path) {
    let named = |home: &PathBuf| {
        home.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
    };
    for home in entries(temp).filter(named) {
        let Ok(owner) = File::open(home.join(OWNER)) else { continue };
        if owner.try_lock().is_ok() && PidFile::read_live(&home.join("data")).is_none() {
            drop(Leftover { home, _owner: owner });
        }
    }
}
