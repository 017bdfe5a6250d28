//! As whom the server runs. PostgreSQL refuses to run as root, and as a user without a name.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, User, chown, geteuid, getpid, getppid, setsid};

use crate::error::{Error, Trying};

/// Who the server's process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The user who calls us.
    Caller,
    /// Another user, which only root can become.
    Other { uid: Uid, gid: Gid },
    /// The caller, who inside a user namespace looks like `nobody`. Files stay the caller's.
    Namespace,
}

/// What looks unprivileged inside the namespace.
const NOBODY: u32 = 65534;

impl Identity {
    /// Chooses for a cluster in `home` and the programs in `bin_dir`.
    pub(crate) fn choose(home: &Path, data: &Path, bin_dir: &Path) -> Self {
        let caller = geteuid();
        if !caller.is_root() {
            let has_name = matches!(User::from_uid(caller), Ok(Some(_)));
            return if has_name { Self::Caller } else { Self::Namespace };
        }
        if let Ok(existing) = fs::metadata(data) {
            return match existing.uid() {
                0 => Self::Namespace,
                uid => Self::Other { uid: Uid::from_raw(uid), gid: Gid::from_raw(existing.gid()) },
            };
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .filter(|user| home.parent().is_none_or(|parent| reaches(user.uid, parent)))
            .filter(|user| reaches(user.uid, bin_dir))
            .map_or(Self::Namespace, |user| Self::Other { uid: user.uid, gid: user.gid })
    }

    /// Makes a folder theirs.
    pub(crate) fn give(self, folder: &Path) -> Result<(), Error> {
        let Self::Other { uid, gid } = self else { return Ok(()) };
        chown(folder, Some(uid), Some(gid)).trying(|| format!("hand {} over", folder.display()))
    }

    /// Makes the command run as this identity, in a session of its own (so that Ctrl-C in the
    /// terminal does not reach it), and end when the thread that spawns it ends.
    #[expect(unsafe_code, reason = "only the child itself can leave root and tie its life to ours")]
    pub(crate) fn assume(self, command: &mut Command) {
        if let Self::Other { uid, gid } = self {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        let parent = getpid();
        let (uid, gid) = (geteuid(), nix::unistd::getegid());
        let in_child = move || -> io::Result<()> {
            if self == Self::Namespace {
                namespace::enter(uid, gid)?;
            }
            setsid()?;
            // After the change of identity, which would clear it.
            #[cfg(target_os = "linux")]
            nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGINT)?;
            // The parent may have died before the line above.
            if getppid() == parent { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        };
        // SAFETY: between fork and exec only system calls are made; nothing allocates or locks.
        unsafe { command.pre_exec(in_child) };
    }
}

/// Whether the user can walk down to this folder.
fn reaches(uid: Uid, folder: &Path) -> bool {
    folder.ancestors().filter(|it| !it.as_os_str().is_empty()).all(|it| {
        fs::metadata(it).is_ok_and(|it| {
            it.mode() & 0o001 != 0 || (it.uid() == uid.as_raw() && it.mode() & 0o100 != 0)
        })
    })
}

#[cfg(target_os = "linux")]
mod namespace {
    use std::io::{self, Write};

    use nix::fcntl::{OFlag, open};
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::stat::Mode;
    use nix::unistd::{Gid, Uid, write};

    use super::NOBODY;

    /// Runs between fork and exec: system calls and stack memory only.
    pub(super) fn enter(uid: Uid, gid: Gid) -> io::Result<()> {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        put("/proc/self/setgroups", format_args!("deny"))?;
        put("/proc/self/uid_map", format_args!("{NOBODY} {uid} 1"))?;
        put("/proc/self/gid_map", format_args!("{NOBODY} {gid} 1"))
    }

    fn put(path: &str, text: std::fmt::Arguments<'_>) -> io::Result<()> {
        let mut line = io::Cursor::new([0_u8; 64]);
        line.write_fmt(text)?;
        let length = usize::try_from(line.position()).unwrap_or_default();
        let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        write(&file, line.get_ref().get(..length).unwrap_or_default())?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod namespace {
    use nix::unistd::{Gid, Uid};

    pub(super) fn enter(_: Uid, _: Gid) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
