//! Windows: a copy, and beside it the file that names the folder of the programs, as in a home.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::browsers::manifest_file;

/// How the name of the file beside a launcher ends; see `home::launcher` in the core.
const NOTE: &str = "program";

pub(super) fn make(launcher: &Path, program: &Path) -> io::Result<()> {
    let folder = program.parent().and_then(Path::to_str);
    let folder = folder.ok_or(io::ErrorKind::InvalidInput)?;
    let (new, old) = (
        launcher.with_extension("new"),
        launcher.with_extension("old"),
    );
    manifest_file::remove(&old)?;
    fs::copy(program, &new)?;
    fs::write(launcher.with_extension(NOTE), folder)?;
    // One that is running cannot be replaced, but moved.
    match fs::rename(launcher, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(&new, launcher)?;
    _ = fs::remove_file(&old);
    Ok(())
}

pub(super) fn remove(launcher: &Path) -> io::Result<()> {
    manifest_file::remove(launcher)?;
    manifest_file::remove(&launcher.with_extension(NOTE))
}

/// What is installed under `Program Files` is everybody's to start; the access lists of other places are not judged.
pub(super) fn closed_to_others(_program: &Path) -> Option<PathBuf> {
    None
}
