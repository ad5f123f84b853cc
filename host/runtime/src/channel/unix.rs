//! Unix: the channel is a descriptor.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// The channel, taken from standard output.
pub(crate) type Claimed = OwnedFd;

/// The lowest number for the private descriptor: above the three that have a meaning, and above 3, which Firefox
/// watches (`subprocess_unix.worker.js` kills a host that writes to it).
const PRIVATE_FROM: i32 = 4;

/// Takes standard output for frames alone. Call it first of all, once.
///
/// # Errors
///
/// Where the system refuses; nothing may be served then.
pub(crate) fn claim_standard_output() -> io::Result<Claimed> {
    let channel = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), PRIVATE_FROM)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(channel)
}

/// Asks that a pipe hold long frames in one piece, or in few. Where the system refuses, they pass it as before.
pub(super) fn widen(pipe: BorrowedFd<'_>) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, super::WIDE_PIPE);
    // Elsewhere pipes grow by themselves.
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}
