//! The channel to the browser: one end to read frames from, one end to write them to.
//!
//! The decision that shaped it: descriptor 1 is not the channel. At start the real standard output moves to a private
//! descriptor that no child inherits, and 1 is pointed at standard error, so that a stray print in any library cannot
//! break the framing. Only [`Output`] writes to the private one. On Unix the loop reads and writes by itself; on Windows,
//! where nobody can wait for a pipe and for something else, a thread for each end does.

pub(crate) mod bell;
mod input;
mod output;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use input::{Input, Received, input_is_closed};
pub(crate) use output::{Output, Sent, check};
#[cfg(unix)]
use platform::widen;
pub(crate) use platform::{Claimed, claim_standard_output};

/// Bytes that a pipe holds on Linux unless it is asked to hold more. What is longer passes it in pieces, and writer and
/// reader wait for each other at each.
const PIPE: usize = 64 * 1024;

/// Bytes that it is asked to hold then. A mebibyte would make a message of that length a fiftieth faster, but the system
/// counts what all pipes of a user may hold (64 MiB, `/proc/sys/fs/pipe-user-pages-soft`) and gives next to nothing to
/// those that come after that: so the ports that one extension may have by default take half of it.
#[cfg(unix)]
const WIDE_PIPE: usize = 256 * 1024;
