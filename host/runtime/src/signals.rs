//! Signals that end the port.
//!
//! A signal is turned into the end of input, so the loop can wait in a plain read, without a second thing to watch, and
//! there is one way in which a port ends.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

#[cfg(unix)]
pub(crate) use unix::real_input;

static ENDED: AtomicBool = AtomicBool::new(false);

/// Has signals end the input from now on.
///
/// # Errors
///
/// Where the system refuses.
pub(crate) fn install() -> io::Result<()> {
    platform::install()
}

/// Whether a signal has ended the input.
pub(crate) fn ended() -> bool {
    ENDED.load(Ordering::SeqCst)
}
