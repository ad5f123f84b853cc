//! Folders and files of the home on Windows: they inherit their rights from the folder that they are made in.
//!
//! The user's local data folder gives its contents to the user, the administrators and the system alone. A home that
//! somebody put elsewhere is judged like any other: whatever is opened is checked (`ownership`), so one that inherits
//! too much is refused before it is used.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// Makes one folder; one that is there already is fine.
///
/// # Errors
///
/// What the system says, for example where the folder above is missing.
pub fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Opens a file to write at its end, made where it is missing.
///
/// # Errors
///
/// What the system says, for example where the folder is missing.
pub fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Moves a temporary file to its place, over what is there, and returns it still open.
///
/// By the standard library and not by `tempfile`, whose rename fails while anybody has the old file open. What is mapped
/// cannot be replaced in any way.
pub(super) fn persist(temporary: NamedTempFile, target: &Path) -> io::Result<File> {
    let (file, path) = temporary.keep().map_err(|failure| failure.error)?;
    match fs::rename(&path, target) {
        Ok(()) => Ok(file),
        Err(error) => {
            drop(file);
            // If it stays, the next writer removes it.
            _ = fs::remove_file(&path);
            Err(error)
        }
    }
}

/// There is nothing to force: a folder cannot be flushed without the rights of an administrator, and NTFS keeps its
/// names in a journal. After a loss of power the old file may be back, whole.
pub(super) fn settle(_folder: &Path) -> io::Result<()> {
    Ok(())
}
