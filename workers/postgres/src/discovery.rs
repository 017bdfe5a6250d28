//! Where on this machine PostgreSQL's programs are.
//!
//! Distributions hide `postgres` and `initdb` in folders outside PATH, so PATH is only the first of
//! four places: then `pg_config`, the distributions' folders, and our own cache.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// The oldest major version that is good enough.
pub const MAJOR_MIN: u32 = 15;

/// Folders of distributions: what comes before and after the version number.
const FOLDERS: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/local", "pgsql", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// Where to look for PostgreSQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// A folder the user named (`PERENNIAL_PG_BIN`): when given, nothing else is tried.
    pub bin_dir: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// Where [`install`](crate::install) unpacks servers.
    pub cache_dir: Option<PathBuf>,
    /// What to look at besides what is named above.
    pub places: Places,
}

/// Whether the machine's usual places are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Places {
    /// `pg_config` and the folders of the known distributions.
    #[default]
    Usual,
    /// Only what the caller named.
    OnlyNamed,
}

/// Where fetched servers are kept. Takes the values of `XDG_CACHE_HOME` and `HOME`; `None` when
/// there is neither.
pub fn default_cache(cache_home: Option<&Path>, user_home: Option<&Path>) -> Option<PathBuf> {
    let absolute = cache_home.filter(|path| path.is_absolute()).map(Path::to_owned);
    let cache_home = absolute.or_else(|| Some(user_home?.join(".cache")))?;
    Some(cache_home.join("perennial/postgres"))
}

/// One installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder with `postgres` and `initdb`.
    pub bin_dir: PathBuf,
    /// As the server says it: `15.18`.
    pub version: String,
    /// The first number of the version.
    pub major: u32,
    /// Shared libraries that came along, for servers unpacked into our cache.
    library_dirs: Vec<PathBuf>,
}

impl Discovery {
    /// What the environment says: `PERENNIAL_PG_BIN`, `PATH`, `XDG_CACHE_HOME` and `HOME`.
    ///
    /// The only place of this crate that reads it. A program that has settings of its own fills
    /// the fields instead.
    #[expect(clippy::disallowed_methods, reason = "tests of any crate start servers like this")]
    pub fn from_environment() -> Self {
        let read = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let (cache_home, user_home) = (read("XDG_CACHE_HOME"), read("HOME"));
        Self {
            bin_dir: read("PERENNIAL_PG_BIN").map(PathBuf::from),
            path: read("PATH"),
            cache_dir: default_cache(
                cache_home.as_deref().map(Path::new),
                user_home.as_deref().map(Path::new),
            ),
            places: Places::Usual,
        }
    }

    /// The installation for a new cluster: the first place that has one, its highest version.
    pub fn find(&self) -> Result<Installation, Error> {
        self.find_where(|_| true)?.ok_or(Error::NotFound)
    }

    /// An installation of exactly this major version.
    pub fn find_major(&self, major: u32) -> Result<Option<Installation>, Error> {
        self.find_where(|found| found.major == major)
    }

    fn find_where(
        &self,
        suits: impl Fn(&Installation) -> bool,
    ) -> Result<Option<Installation>, Error> {
        if let Some(bin_dir) = &self.bin_dir {
            let found = Installation::at(bin_dir, vec![]).and_then(Installation::new_enough);
            let not_usable = |reason| Error::NotUsable { bin_dir: bin_dir.clone(), reason };
            return found.map_err(not_usable).map(|found| Some(found).filter(|it| suits(it)));
        }
        let best = |candidates: Vec<(PathBuf, Vec<PathBuf>)>| {
            candidates
                .into_iter()
                .filter_map(|(bin, libraries)| Installation::at(&bin, libraries).ok())
                .filter_map(|found| found.new_enough().ok())
                .filter(&suits)
                .max_by_key(|found| found.major)
        };
        let plain = |bins: Vec<PathBuf>| bins.into_iter().map(|bin| (bin, vec![])).collect();
        Ok(best(plain(self.on_path()))
            .or_else(|| best(plain(self.by_pg_config())))
            .or_else(|| best(plain(self.in_usual_folders())))
            .or_else(|| best(self.in_cache())))
    }

    fn on_path(&self) -> Vec<PathBuf> {
        self.path.iter().flat_map(std::env::split_paths).collect()
    }

    fn by_pg_config(&self) -> Vec<PathBuf> {
        self.on_path()
            .into_iter()
            .map(|folder| folder.join("pg_config"))
            .filter(|program| program.is_file())
            .filter_map(|program| output_of(Command::new(program).arg("--bindir")).ok())
            .map(|bin| PathBuf::from(bin.trim()))
            .take(1)
            .collect()
    }

    fn in_usual_folders(&self) -> Vec<PathBuf> {
        if self.places == Places::OnlyNamed {
            return vec![];
        }
        let within = |&(parent, prefix, bin): &(&str, &'static str, &'static str)| {
            entries(Path::new(parent))
                .filter(move |entry| file_name(entry).starts_with(prefix))
                .map(move |entry| entry.join(bin))
        };
        FOLDERS.iter().flat_map(within).collect()
    }

    /// Each unpacked server is a folder of the cache; its programs lie where its package put them.
    fn in_cache(&self) -> Vec<(PathBuf, Vec<PathBuf>)> {
        let trees = self.cache_dir.iter().flat_map(|cache| entries(cache));
        let unpacked = trees.filter(|tree| tree.extension() != Some(OsStr::new("partial")));
        unpacked.flat_map(|tree| crate::install::programs_in(&tree)).collect()
    }
}

impl Installation {
    /// Asks the programs in `bin_dir` which version they are; says what is wrong otherwise.
    pub(crate) fn at(bin_dir: &Path, library_dirs: Vec<PathBuf>) -> Result<Self, String> {
        // PATH often holds a link into the real folder: the programs find their files next to it.
        let postgres = bin_dir.join("postgres").canonicalize();
        let postgres = postgres.map_err(|error| format!("no `postgres` there ({error})"))?;
        let bin_dir = postgres.parent().unwrap_or(bin_dir).to_owned();
        if !bin_dir.join("initdb").is_file() {
            return Err("`postgres` is there, but not `initdb`".to_owned());
        }
        let mut found = Self { bin_dir, version: String::new(), major: 0, library_dirs };
        let said = output_of(found.command("postgres").arg("--version"))?;
        let version = said.split_whitespace().nth(2).unwrap_or_default();
        let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        found.major = digits.parse().map_err(|_| format!("unknown version {said:?}"))?;
        version.clone_into(&mut found.version);
        Ok(found)
    }

    pub(crate) fn new_enough(self) -> Result<Self, String> {
        let Self { major, version, .. } = &self;
        let too_old = format!("version {version} is older than {MAJOR_MIN}");
        if *major < MAJOR_MIN { Err(too_old) } else { Ok(self) }
    }

    /// One of its programs, ready to be given arguments.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin_dir.join(program));
        // The server takes defaults from these; ours must not depend on who starts it.
        for name in ["PGDATA", "PGPORT", "PGDATESTYLE", "PGCLIENTENCODING", "PGTZ"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C");
        if let Ok(joined) = std::env::join_paths(&self.library_dirs)
            && !joined.is_empty()
        {
            command.env("LD_LIBRARY_PATH", joined);
        }
        command
    }
}

/// What a program prints, or why it did not.
pub(crate) fn output_of(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} ended with {}: {}", output.status, said.trim()))
}

pub(crate) fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let listed = std::fs::read_dir(folder).into_iter().flatten();
    listed.filter_map(|entry| Some(entry.ok()?.path()))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
