//! Windows: the file's number on its volume, and the times of the last write and the last change.
//!
//! Weaker than on Unix in one point: a program with the right to write the file's attributes can set both times. Only
//! this user's programs have it (`ownership`), and one that runs as the user can do more than that already.

use std::fs::{File, Metadata};
use std::io;
use std::os::windows::io::AsRawHandle as _;

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_BASIC_INFO, FileBasicInfo, GetFileInformationByHandle,
    GetFileInformationByHandleEx,
};

use super::Stamp;

/// 1970 in the system's time: hundreds of nanoseconds since 1601.
const YEAR_1970: i64 = 116_444_736_000_000_000;

pub(super) fn stamp(file: &File, _metadata: &Metadata) -> io::Result<Stamp> {
    let mut times = FILE_BASIC_INFO::default();
    let mut place = BY_HANDLE_FILE_INFORMATION::default();
    let length = u32::try_from(size_of::<FILE_BASIC_INFO>()).unwrap_or(0);
    let handle = file.as_raw_handle();
    // SAFETY: the handle is open for the calls, and each buffer lives for its call and is as long as is said.
    let all_read = unsafe {
        GetFileInformationByHandleEx(handle, FileBasicInfo, (&raw mut times).cast(), length) != 0
            && GetFileInformationByHandle(handle, &mut place) != 0
    };
    if !all_read {
        return Err(io::Error::last_os_error());
    }
    let nanoseconds = |time: i64| time.wrapping_sub(YEAR_1970).wrapping_mul(100);
    Ok(Stamp {
        inode: (u64::from(place.nFileIndexHigh) << 32) | u64::from(place.nFileIndexLow),
        modified_ns: nanoseconds(times.LastWriteTime),
        changed_ns: nanoseconds(times.ChangeTime),
    })
}
