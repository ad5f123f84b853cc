//! Unix: a symbolic link.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::browsers::manifest_file;

/// The permission of everybody else to start a file, or to go through a folder.
const OTHERS_EXECUTE: u32 = 0o001;

pub(super) fn make(launcher: &Path, program: &Path) -> io::Result<()> {
    let temporary = launcher.with_file_name(".portcullis-launcher");
    manifest_file::remove(&temporary)?;
    std::os::unix::fs::symlink(program, &temporary)?;
    fs::rename(&temporary, launcher)
}

pub(super) fn remove(launcher: &Path) -> io::Result<()> {
    manifest_file::remove(launcher)
}

pub(super) fn closed_to_others(program: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(program).unwrap_or_else(|_| program.to_owned());
    let is_closed = |path: &&Path| {
        fs::metadata(path).is_ok_and(|found| found.permissions().mode() & OTHERS_EXECUTE == 0)
    };
    real.ancestors().find(is_closed).map(Path::to_owned)
}
