//! Unix: inside a signal handler, so nothing but system calls.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicI32, Ordering};

use super::WORD;

static LOG: AtomicI32 = AtomicI32::new(-1);

/// Where the watchdog's last word goes beside standard error. The file must stay open to the end of the process.
pub(crate) fn remember_log(file: &File) {
    LOG.store(file.as_raw_fd(), Ordering::SeqCst);
}

pub(super) fn give_up() {
    // SAFETY: `write` and `_exit` are async-signal-safe; a descriptor that is not open only makes the write fail.
    unsafe {
        libc::write(libc::STDERR_FILENO, WORD.as_ptr().cast(), WORD.len());
        libc::write(LOG.load(Ordering::SeqCst), WORD.as_ptr().cast(), WORD.len());
        libc::_exit(4);
    }
}
