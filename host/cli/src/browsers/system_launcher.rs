//! Launchers of a machine-wide registration: in a folder of the system's, not in anybody's home.
//!
//! Such a launcher leads to the same program; each user's host then finds that user's own home, since there is no policy
//! beside the launcher.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::{Path, PathBuf};

use portcullis_core::names::HostName;

use super::{Machine, manifest_file};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The launcher as manifests name it, whether or not it exists.
pub(super) fn path(machine: &Machine, host: &HostName) -> Option<PathBuf> {
    let hosts = machine.surroundings.system_hosts()?;
    Some(hosts.join(format!("{host}{}", std::env::consts::EXE_SUFFIX)))
}

/// Makes `launcher` (as manifests name it) lead to `program`, in the place of what was there.
///
/// # Errors
///
/// What the system says, mostly that this user may not.
pub(super) fn make(machine: &Machine, launcher: &Path, program: &Path) -> io::Result<()> {
    let launcher = machine.surroundings.below_root(launcher);
    let folder = launcher.parent().ok_or(io::ErrorKind::InvalidInput)?;
    manifest_file::make_folder_for_everybody(folder)?;
    platform::make(&launcher, program)
}

/// Removes it. One that is missing is fine.
///
/// # Errors
///
/// What the system says.
pub(super) fn remove(machine: &Machine, launcher: &Path) -> io::Result<()> {
    platform::remove(&machine.surroundings.below_root(launcher))
}

/// Whether every user can start `program`; otherwise the file or folder that keeps others out.
pub(super) fn closed_to_others(program: &Path) -> Option<PathBuf> {
    platform::closed_to_others(program)
}
