//! Windows: a folder can only be listed by its path, which is asked of the open folder. As long as that is open, nobody
//! moves it.

use std::ffi::OsString;
use std::fs::{File, FileType, ReadDir};
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::AsRawHandle as _;

use wasmtime_wasi::p2::bindings::filesystem::types::DescriptorType;
use windows_sys::Win32::Storage::FileSystem::{FILE_NAME_NORMALIZED, GetFinalPathNameByHandleW};

/// The names in a folder that are still to come.
pub(super) struct Names(ReadDir);

impl Names {
    pub(super) fn of(folder: &File) -> io::Result<Self> {
        let path = path_of(folder)?;
        Ok(Self(std::fs::read_dir(path)?))
    }

    /// The next name and what has it.
    pub(super) fn next_entry(&mut self) -> Option<io::Result<(OsString, DescriptorType)>> {
        let entry = self.0.next()?;
        Some(entry.and_then(|entry| Ok((entry.file_name(), type_of(entry.file_type()?)))))
    }
}

fn type_of(kind: FileType) -> DescriptorType {
    if kind.is_dir() {
        DescriptorType::Directory
    } else if kind.is_symlink() {
        DescriptorType::SymbolicLink
    } else if kind.is_file() {
        DescriptorType::RegularFile
    } else {
        DescriptorType::Unknown
    }
}

/// The longest path that Windows has, in its own units.
const LONGEST: usize = 32_768;

fn path_of(folder: &File) -> io::Result<OsString> {
    let mut path = vec![0_u16; LONGEST];
    let room = u32::try_from(path.len()).map_err(io::Error::other)?;
    // SAFETY: the handle is open for the call, and the buffer is as long as is said.
    let length = unsafe {
        GetFinalPathNameByHandleW(
            folder.as_raw_handle(),
            path.as_mut_ptr(),
            room,
            FILE_NAME_NORMALIZED,
        )
    };
    if length == 0 {
        return Err(io::Error::last_os_error());
    }
    let written = usize::try_from(length)
        .ok()
        .and_then(|length| path.get(..length));
    let written = written.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    Ok(OsString::from_wide(written))
}
