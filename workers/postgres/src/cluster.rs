//! One cluster on disk: its data, its socket folder, its log and its lock.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::discovery::{Discovery, Installation, output_of};
use crate::error::{Error, Trying};
use crate::identity::Identity;

/// The longest path of a Unix socket on every system we run on (macOS has 103).
const SOCKET_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// The port never opens; its number is part of the socket's name.
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// How much a crash of the machine may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// What was committed stays.
    #[default]
    Full,
    /// A crash of the machine may ruin everything: only for data nobody will miss.
    ForTests,
}

/// Where one cluster lives.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) home: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
}

impl Cluster {
    /// Makes the home, if it is not there yet, and takes its real path.
    pub(crate) fn at(home: &Path) -> Result<Self, Error> {
        let making = || format!("make the directory {}", home.display());
        if let Some(parent) = home.parent() {
            fs::create_dir_all(parent).trying(making)?;
        }
        make_private(home)?;
        let home = home.canonicalize().trying(making)?;
        let (data, log) = (home.join("data"), home.join("postgres.log"));
        Ok(Self { home, data, log })
    }

    /// The file whose lock is held by whoever creates or starts this cluster.
    pub(crate) fn lock_file(&self) -> Result<File, Error> {
        let path = self.home.join("lock");
        let mut options = OpenOptions::new();
        let opened = options.create(true).truncate(false).write(true).open(&path);
        opened.trying(|| format!("open {}", path.display()))
    }

    /// The installation that can read the data, or any for a cluster that does not exist yet.
    pub(crate) fn installation(&self, discovery: &Discovery) -> Result<Installation, Error> {
        let path = self.data.join("PG_VERSION");
        let Ok(written) = fs::read_to_string(&path) else { return discovery.find() };
        let other = |major| Error::OtherMajor { home: self.home.clone(), major };
        let major = written.trim().parse().map_err(|_| other(0))?;
        discovery.find_major(major)?.ok_or_else(|| other(major))
    }

    /// Creates the data directory if there is none. The caller holds the lock.
    pub(crate) fn create(
        &self,
        installation: &Installation,
        identity: Identity,
        durability: Durability,
    ) -> Result<(), Error> {
        identity.give(&self.home)?;
        if self.data.join("PG_VERSION").exists() {
            return Ok(());
        }
        // Made aside and renamed: a cluster is either whole or not there.
        let aside = self.home.join("data.partial");
        let renewing = || format!("make {}", aside.display());
        if aside.exists() {
            fs::remove_dir_all(&aside).trying(renewing)?;
        }
        make_private(&aside)?;
        identity.give(&aside)?;
        let mut initdb = installation.command("initdb");
        initdb.args(["-U", "perennial", "--encoding=UTF8", "--no-locale", "--data-checksums"]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"]);
        if durability == Durability::ForTests {
            initdb.arg("--no-sync");
        }
        initdb.arg("-D").arg(&aside).current_dir(&self.home).stdin(Stdio::null());
        identity.assume(&mut initdb);
        output_of(&mut initdb).map_err(Error::Initdb)?;
        fs::rename(&aside, &self.data).trying(renewing)
    }

    /// The socket's folder: in the home, or where its path is short enough.
    pub(crate) fn socket_dir(&self) -> Result<PathBuf, Error> {
        let folder = self.home.join("socket");
        if folder.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return Ok(folder);
        }
        let home = fs::metadata(&self.home).trying(|| "look at the home".to_owned())?;
        Ok(std::env::temp_dir().join(format!("perennial-{:x}-{:x}", home.dev(), home.ino())))
    }

    /// Removes the socket's folder, unless somebody is about to use it.
    pub(crate) fn remove_socket_dir(&self, socket_dir: &Path) {
        if let Ok(lock) = self.lock_file()
            && lock.try_lock().is_ok()
        {
            // A socket in it is not ours.
            let _ = fs::remove_dir(socket_dir);
        }
    }

    /// The server itself, in the foreground, writing to the log.
    pub(crate) fn postgres(
        &self,
        installation: &Installation,
        settings: &[(String, String)],
    ) -> Result<Command, Error> {
        let opening = || format!("open {}", self.log.display());
        let log = OpenOptions::new().create(true).append(true).open(&self.log).trying(opening)?;
        let mut postgres = installation.command("postgres");
        postgres.arg("-D").arg(&self.data).current_dir(&self.home);
        for (name, value) in settings {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        postgres.stdin(Stdio::null()).stdout(log.try_clone().trying(opening)?).stderr(log);
        Ok(postgres)
    }

    /// The last lines the server wrote.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        let words: Vec<&str> = lines.into_iter().rev().collect();
        format!("{}\n  (from {})", words.join("\n"), self.log.display())
    }
}

/// Makes a folder that nobody else can enter. One that is there already must be as private.
pub(crate) fn make_private(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().mode(0o700).create(folder);
    let Err(error) = made else { return Ok(()) };
    let making = || format!("make the directory {}", folder.display());
    let existing = fs::symlink_metadata(folder).map_err(|_| error).trying(making)?;
    if !folder.is_dir() || existing.permissions().mode() & 0o077 != 0 {
        let why = std::io::Error::other("it exists and is not a directory of mode 0700");
        return Err(why).trying(making);
    }
    Ok(())
}
