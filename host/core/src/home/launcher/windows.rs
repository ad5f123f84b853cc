//! Windows: a hard link or, across volumes, a copy; and a file beside it with the folder of the programs.
//!
//! A copy stays the version that it was made from until it is made again. The file beside it is read under the same
//! rules as the policy, since what it names is started.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::home::write::{self, TEMPORARY_PREFIX};
use crate::home::{HOSTS_FOLDER, HomeLock, guarded};
use crate::names::HostName;

/// How the name of the file beside a launcher ends, where the launcher's ends with `exe`.
const NOTE: &str = "program";

/// The longest note that is read, in bytes: a path has at most 32 767 units.
const LONGEST: u64 = 128 * 1024;

pub(super) fn file_name(host_name: &HostName) -> String {
    format!("{host_name}.exe")
}

pub(super) fn make(lock: &HomeLock, program: &Path, launcher: &Path) -> io::Result<()> {
    let folder = program
        .parent()
        .and_then(Path::to_str)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let beside = |what: &str| launcher.with_file_name(format!("{TEMPORARY_PREFIX}{what}"));
    let (new, old) = (beside("launcher"), beside("old-launcher"));
    for left_over in [&new, &old] {
        match fs::remove_file(left_over) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    if fs::hard_link(program, &new).is_err() {
        fs::copy(program, &new)?;
    }
    let note = launcher.with_extension(NOTE);
    write::replace(lock, &note, folder.as_bytes()).map_err(|error| error.source)?;
    // One that is running cannot be replaced, but moved: the next writer removes it.
    match fs::rename(launcher, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(&new, launcher)?;
    _ = fs::remove_file(&old);
    Ok(())
}

pub(super) fn remove(launcher: &Path) -> io::Result<()> {
    for file in [launcher, &launcher.with_extension(NOTE)] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn folder_of_programs(executable: &Path) -> PathBuf {
    let own = executable.parent().unwrap_or(Path::new(""));
    if own.file_name().is_none_or(|name| name != HOSTS_FOLDER) {
        return own.to_owned();
    }
    // A note that cannot be believed leads nowhere: then there is no other program, and that is what is said.
    match guarded::read_text(&executable.with_extension(NOTE), LONGEST) {
        Ok(Some(folder)) if Path::new(&folder).is_absolute() => folder.into(),
        _ => own.to_owned(),
    }
}
