//! Windows: a link in the place of a folder is opened as what it is and then refused.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
};

/// Opens a folder; `None` where there is nothing.
pub(super) fn open_folder(path: &Path) -> io::Result<Option<File>> {
    // The first flag is what lets a folder be opened at all.
    let folder = OpenOptions::new()
        .read(true)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path);
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = folder.metadata()?;
    if !metadata.is_dir() || metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is a link or a file: move it away",
        ));
    }
    Ok(Some(folder))
}

/// The path as it is: what the system makes of it without links begins with a mark that SQLite does not take.
pub(super) fn without_links(path: &Path) -> io::Result<PathBuf> {
    Ok(path.to_owned())
}
