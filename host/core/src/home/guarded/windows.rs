//! Windows: a link is opened as what it is and then refused, and so is everything that is not on a disk.
//!
//! Links are not told from other reparse points, such as a file that a cloud service has not fetched yet: none of them
//! is believed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ,
    FILE_SHARE_WRITE, FILE_TYPE_DISK, GetFileType, SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT,
};

use super::{NotOpened, Purpose};

/// Opens what is at `path`. A file that will be mapped can neither be written nor moved nor removed by anybody while it
/// is open, so the path that the system maps it by leads to the file that was checked.
pub(super) fn open(path: &Path, purpose: Purpose) -> Result<File, NotOpened> {
    let shared = match purpose {
        Purpose::Read | Purpose::Append => FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        Purpose::Map => FILE_SHARE_READ,
    };
    // A pipe in the file's place must not be able to act as this user.
    let opened = OpenOptions::new()
        .read(true)
        .append(purpose == Purpose::Append)
        .create(purpose == Purpose::Append)
        .share_mode(shared)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .security_qos_flags(SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Err(not_opened(path, error)),
    };
    // SAFETY: the handle is open for the call.
    if unsafe { GetFileType(file.as_raw_handle()) } != FILE_TYPE_DISK {
        return Err(NotOpened::NotRegular);
    }
    let metadata = file.metadata().map_err(NotOpened::Refused)?;
    if metadata.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return Err(NotOpened::Symlink);
    }
    Ok(file)
}

fn not_opened(path: &Path, error: io::Error) -> NotOpened {
    match error.kind() {
        io::ErrorKind::NotFound => NotOpened::Missing,
        // A folder, or a link to one, is refused like a file that may not be read; the sentence should say which.
        io::ErrorKind::PermissionDenied => match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => NotOpened::Symlink,
            Ok(metadata) if metadata.is_dir() => NotOpened::NotRegular,
            _ => NotOpened::Refused(error),
        },
        _ => NotOpened::Refused(error),
    }
}
