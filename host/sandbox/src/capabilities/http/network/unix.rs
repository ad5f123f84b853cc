//! Signals belong to the port's thread.

use std::io;
use std::thread;

/// Starts a thread that no signal is delivered to: the tick that stops a guest and the one that ends a port both mean
/// the thread that waits for the browser, and on another they would end no wait.
pub(super) fn spawn_undisturbed(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let before = block_all()?;
    // The new thread inherits the mask.
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    // SAFETY: `before` is what the system has written; nothing is asked for in return.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
    spawned.map(drop)
}

/// Blocks every signal for this thread and returns what was blocked before.
fn block_all() -> io::Result<libc::sigset_t> {
    // SAFETY: an all-zero set is valid memory for both calls, and the pointers live for them.
    let (failed, before) = unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        let failed = libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        (failed, before)
    };
    if failed == 0 {
        Ok(before)
    } else {
        Err(io::Error::from_raw_os_error(failed))
    }
}
