//! Windows: pipes hold 64 KiB, and there are no signals.

use std::io::{self, Write as _};
use std::process::ChildStdin;
use std::time::Duration;

/// Writes all of `bytes`. It has no limit in time: what is granted to one extension fits into the pipe many times over,
/// and a pipe cannot be waited for.
pub(super) fn write_within(
    pipe: &mut ChildStdin,
    bytes: &[u8],
    _patience: Duration,
) -> io::Result<()> {
    pipe.write_all(bytes)
}

/// Runs `start`.
pub(super) fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    start()
}
