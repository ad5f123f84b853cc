//! Unix: the folder is opened without following a link in its last part, and where it lies is asked of the system and
//! compared with what is open.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::FolderError;

/// Opens a folder, and says where it lies.
pub(super) fn open(path: &Path) -> Result<(File, PathBuf), FolderError> {
    let path = path.to_owned();
    // With `DIRECTORY` nothing but a folder is opened, so no pipe can hold the program up.
    let how = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // A `/` at the end would make the system follow a link.
    let plain: PathBuf = path.components().collect();
    let handle = match rustix::fs::open(&plain, how, Mode::empty()) {
        Ok(handle) => File::from(handle),
        Err(Errno::NOENT) => return Err(FolderError::Missing { path }),
        Err(Errno::LOOP) => return Err(FolderError::Link { path }),
        Err(Errno::NOTDIR) => {
            let is_link = plain
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_symlink());
            return Err(if is_link {
                FolderError::Link { path }
            } else {
                FolderError::NotAFolder { path }
            });
        }
        Err(error) => {
            let source = error.into();
            return Err(FolderError::Refused { path, source });
        }
    };
    let looked_at = plain.canonicalize().and_then(|real| {
        let (there, open) = (real.symlink_metadata()?, handle.metadata()?);
        Ok((real, (there.dev(), there.ino()) == (open.dev(), open.ino())))
    });
    match looked_at {
        Ok((real, true)) => Ok((handle, real)),
        Ok((_, false)) => Err(FolderError::Moved { path }),
        Err(source) => Err(FolderError::Refused { path, source }),
    }
}

/// The path as it came: Unix has one spelling of a whole path.
pub(super) fn as_written(path: PathBuf) -> PathBuf {
    path
}

/// Refuses the kernel's own file systems wherever somebody has mounted them.
#[cfg(target_os = "linux")]
pub(super) fn check_kind(handle: &File, path: &Path) -> Result<(), FolderError> {
    /// `SYSFS_MAGIC` of `linux/magic.h`.
    const KERNEL: rustix::fs::FsWord = 0x6265_6572;
    let refused = |source| FolderError::Refused {
        path: path.to_owned(),
        source,
    };
    let system = rustix::fs::fstatfs(handle).map_err(|error| refused(error.into()))?;
    let is_kernels = system.f_type == rustix::fs::PROC_SUPER_MAGIC
        || (system.f_type == KERNEL && !super::is_of_one_class(path));
    if is_kernels {
        return Err(FolderError::Forbidden {
            path: path.to_owned(),
            place: path.to_owned(),
            kind: super::Kind::System,
        });
    }
    Ok(())
}

/// There are no such file systems here.
#[cfg(not(target_os = "linux"))]
pub(super) fn check_kind(_handle: &File, _path: &Path) -> Result<(), FolderError> {
    Ok(())
}
