//! Unix: a link in the place of a folder is refused by the system itself.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Opens a folder; `None` where there is nothing.
pub(super) fn open_folder(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder.into())),
        Err(Errno::NOENT) => Ok(None),
        // What a link is answered with differs by system.
        Err(Errno::LOOP | Errno::NOTDIR) => Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is a link or a file: move it away",
        )),
        Err(error) => Err(error.into()),
    }
}

/// The same place by a path without links: the home itself may be reached by one.
pub(super) fn without_links(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}
