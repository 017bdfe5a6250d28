//! Fetching a server, when the user asks for it.

use std::path::{Path, PathBuf};

/// Folders with `postgres` below an unpacked package, with the libraries that came along.
pub(crate) fn programs_in(_tree: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    vec![]
}
