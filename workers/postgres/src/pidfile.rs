//! `postmaster.pid`: what a server says about itself in its data directory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// The lines of the file that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: Pid,
    pub(crate) socket_dir: PathBuf,
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ready,
    /// Starting or stopping.
    Moving,
}

impl PidFile {
    /// `None` when there is no file, or one that is still being written.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(Self::path(data)).ok()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let status = match lines.get(7) {
            Some(&("ready" | "standby")) => Status::Ready,
            _ => Status::Moving,
        };
        let socket_dir = lines.get(4).map(PathBuf::from).unwrap_or_default();
        // A stand-alone backend writes its pid with a minus.
        let pid = lines.first()?.parse::<i32>().ok()?.saturating_abs();
        Some(Self { pid: Pid::from_raw(pid), socket_dir, status })
    }

    /// The file, if the server it names is alive.
    pub(crate) fn read_live(data: &Path) -> Option<Self> {
        Self::read(data).filter(|file| works_in(file.pid, data))
    }

    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("postmaster.pid")
    }
}

/// Whether the process is alive and is this directory's server: after a reboot, or in a new
/// container, its number may belong to somebody else. A server's working directory is its data.
pub(crate) fn works_in(pid: Pid, data: &Path) -> bool {
    if pid.as_raw() <= 0 || kill(pid, None) == Err(Errno::ESRCH) {
        return false;
    }
    if !cfg!(target_os = "linux") {
        return true;
    }
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => data.canonicalize().is_ok_and(|data| data == folder),
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    }
}

/// Processes of a server whose postmaster is gone.
pub(crate) fn orphans(data: &Path) -> Vec<Pid> {
    let Ok(data) = data.canonicalize() else { return vec![] };
    let is_orphan = |process: &Path| {
        let program = fs::read_link(process.join("exe"));
        fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == data)
            && program.is_ok_and(|it| it.file_name().is_some_and(|name| name == "postgres"))
    };
    crate::discovery::entries(Path::new("/proc"))
        .filter_map(|process| Some((process.file_name()?.to_str()?.parse().ok()?, process)))
        .filter(|(_, process)| is_orphan(process))
        .map(|(pid, _)| Pid::from_raw(pid))
        .collect()
}
