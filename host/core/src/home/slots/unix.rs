//! Unix: a lock on one byte, which is no lock on the whole file (`flock`) and knows nothing of one.
//!
//! On Linux it belongs to the open file and not to the process, so nothing else that this process does with the same
//! file takes it away. Elsewhere the classical one has to do: the process opens the file once.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;

/// Where the locked bytes begin: far behind any end, and with room behind it.
const FAR_BEHIND: libc::off_t = 1 << 62;

#[cfg(target_os = "linux")]
const TRY: libc::c_int = libc::F_OFD_SETLK;
#[cfg(not(target_os = "linux"))]
const TRY: libc::c_int = libc::F_SETLK;

/// Locks one byte; `false` where another process has it.
pub(super) fn try_lock(file: &File, place: u32) -> io::Result<bool> {
    // SAFETY: an all-zero `flock` is a valid one; what is not set must be zero.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    // Their types are not the record's on every system.
    lock.l_type = libc::c_short::try_from(libc::F_WRLCK).map_err(io::Error::other)?;
    lock.l_whence = libc::c_short::try_from(libc::SEEK_SET).map_err(io::Error::other)?;
    lock.l_start = FAR_BEHIND + libc::off_t::from(place);
    lock.l_len = 1;
    // SAFETY: the descriptor is open, and the pointer lives for the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), TRY, &raw const lock) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(error),
    }
}
