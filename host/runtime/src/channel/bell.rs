//! What ends the loop's wait from another thread.
//!
//! Most ports have one thread and no bell. Where one is needed (a power that works in the background; on Windows, every
//! pipe) it is hung before anything can ring it, and rings are never lost: whoever waits after a ring does not wait.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{descriptor, hang, ring, silence};
#[cfg(windows)]
pub(crate) use windows::{hang, ring, rings, wait_past};
