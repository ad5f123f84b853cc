//! Windows: the folder is opened as what it is, and refused where that is a link or another reparse point. While it is
//! open, nobody can move or remove it or a folder above it, so the path that is judged stays the path of what is open.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_SHARE_READ, FILE_SHARE_WRITE,
};

use super::FolderError;

/// Opens a folder, and says where it lies.
pub(super) fn open(path: &Path) -> Result<(File, PathBuf), FolderError> {
    let path = path.to_owned();
    let plain: PathBuf = path.components().collect();
    let opened = OpenOptions::new()
        .read(true)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(&plain);
    let handle = match opened {
        Ok(handle) => handle,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(FolderError::Missing { path });
        }
        Err(source) => return Err(FolderError::Refused { path, source }),
    };
    let metadata = match handle.metadata() {
        Ok(metadata) => metadata,
        Err(source) => return Err(FolderError::Refused { path, source }),
    };
    if metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return Err(FolderError::Link { path });
    }
    if !metadata.is_dir() {
        return Err(FolderError::NotAFolder { path });
    }
    match plain.canonicalize() {
        Ok(real) => Ok((handle, as_written(real))),
        Err(source) => Err(FolderError::Refused { path, source }),
    }
}

/// The path as people write it: the system returns `\\?\C:\…`, which is never a part of `C:\…`.
pub(super) fn as_written(path: PathBuf) -> PathBuf {
    let text = path.to_string_lossy();
    if let Some(share) = text.strip_prefix(r"\\?\UNC\") {
        return PathBuf::from(format!(r"\\{share}"));
    }
    match text.strip_prefix(r"\\?\") {
        Some(plain) => PathBuf::from(plain),
        None => path,
    }
}

/// There are no file systems here that are the kernel's own.
pub(super) fn check_kind(_handle: &File, _path: &Path) -> Result<(), FolderError> {
    Ok(())
}
