//! The channel to the browser: one end to read frames from, one end to write them to.
//!
//! The decision that shaped it: descriptor 1 is not the channel. At start the real standard output moves to a private
//! descriptor that no child inherits, and 1 is pointed at standard error, so that a stray print in any library cannot
//! break the framing. Only [`Output`] writes to the private one.

mod input;
mod output;

use std::io;
use std::os::fd::OwnedFd;

pub(crate) use input::{Input, Received, input_is_closed};
pub(crate) use output::{Output, Sent, check};

/// The lowest number for the private descriptor: above the three that have a meaning, and above 3, which Firefox
/// watches (`subprocess_unix.worker.js` kills a host that writes to it).
const PRIVATE_FROM: i32 = 4;

/// Takes standard output for frames alone. Call it first of all, once.
///
/// # Errors
///
/// Where the system refuses; nothing may be served then.
pub(crate) fn claim_standard_output() -> io::Result<OwnedFd> {
    let channel = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), PRIVATE_FROM)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(channel)
}
