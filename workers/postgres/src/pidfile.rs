//! `postmaster.pid`: what a server says about itself in its data directory.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use crate::process::works_in;

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
