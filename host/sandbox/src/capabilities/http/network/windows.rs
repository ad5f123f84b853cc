//! Windows has no signals that a thread could be disturbed by.

use std::io;
use std::thread;

/// Starts a thread.
pub(super) fn spawn_undisturbed(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
}
