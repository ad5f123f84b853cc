//! Folders and files of the home on Unix: made with the mode that shuts others out.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

/// The mode of the home folder and of every folder in it: for this user alone.
const FOLDER_MODE: u32 = 0o700;

/// The mode of every file in it.
const FILE_MODE: u32 = 0o600;

/// Makes one folder for this user alone; one that is there already is fine.
///
/// # Errors
///
/// What the system says, for example where the folder above is missing.
pub fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Opens a file to write at its end, made for this user alone where it is missing.
///
/// # Errors
///
/// What the system says, for example where the folder is missing.
pub fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
}

/// Moves a temporary file to its place, over what is there, and returns it still open.
pub(super) fn persist(temporary: NamedTempFile, target: &Path) -> io::Result<File> {
    temporary.persist(target).map_err(|failure| failure.error)
}

/// Forces the names in a folder to the disk.
pub(super) fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
