//! Unix: a symbolic link.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::home::HomeLock;
use crate::home::write::TEMPORARY_PREFIX;
use crate::names::HostName;

pub(super) fn file_name(host_name: &HostName) -> String {
    host_name.as_str().to_owned()
}

/// The link is made under another name and moved into place, so there is always one.
pub(super) fn make(_lock: &HomeLock, program: &Path, launcher: &Path) -> io::Result<()> {
    let temporary = launcher.with_file_name(format!("{TEMPORARY_PREFIX}launcher"));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(program, &temporary)?;
    fs::rename(&temporary, launcher)
}

pub(super) fn remove(launcher: &Path) -> io::Result<()> {
    match fs::remove_file(launcher) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Not every system follows the link itself when it is asked for the program's path.
pub(super) fn folder_of_programs(executable: &Path) -> PathBuf {
    let real = fs::canonicalize(executable).unwrap_or_else(|_| executable.to_owned());
    real.parent().unwrap_or(Path::new("")).to_owned()
}
