//! Windows: a lock on one byte, as for the home's lock.

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle as _;

use windows_sys::Win32::Foundation::ERROR_LOCK_VIOLATION;
use windows_sys::Win32::Storage::FileSystem::{
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

/// The upper half of the place of the locked bytes: 4 GiB times this, far behind any end.
const FAR_BEHIND: u32 = 0x4000_0000;

/// Locks one byte; `false` where another process has it.
pub(super) fn try_lock(file: &File, place: u32) -> io::Result<bool> {
    let mut at = OVERLAPPED {
        Anonymous: OVERLAPPED_0 {
            Anonymous: OVERLAPPED_0_0 {
                Offset: place,
                OffsetHigh: FAR_BEHIND,
            },
        },
        ..Default::default()
    };
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open, and `at` lives for the call, which does not go on in the background since the file
    // was not opened for that.
    if unsafe { LockFileEx(file.as_raw_handle(), how, 0, 1, 0, &mut at) } != 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_LOCK_VIOLATION) => Ok(false),
        _ => Err(error),
    }
}
