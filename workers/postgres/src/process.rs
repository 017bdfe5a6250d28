//! Processes of the server: our child, and those that others left behind.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Child;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

pub(crate) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("process ids are positive i32"))
}

pub(crate) fn signal(pid: Pid, signal: Signal) {
    if let Err(error) = kill(pid, signal) {
        tracing::warn!(%pid, %signal, %error, "PostgreSQL could not be signalled");
    }
}

/// Whether the child has ended, without reaping it.
pub(crate) fn has_ended(pid: Pid, how: WaitPidFlag) -> bool {
    match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | how) {
        Err(Errno::EINTR) | Ok(WaitStatus::StillAlive) => false,
        Ok(_) | Err(_) => true,
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
