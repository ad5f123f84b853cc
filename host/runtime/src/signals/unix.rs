//! Unix: a handler that puts a pipe that nobody writes to in the place of standard input.
//!
//! `dup2(2)` is safe in a handler, and it leaves no moment in which a signal could be missed: a read that is under way is
//! interrupted and repeated, one that is about to begin meets the end at once, and so does a `poll(2)` that asks for
//! nothing. What the browser had sent before the
//! signal is not lost: the loop takes it from a copy of the descriptor.

use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

use super::ENDED;

static NOTHING: AtomicI32 = AtomicI32::new(-1);
static REAL_INPUT: AtomicI32 = AtomicI32::new(-1);

/// The lowest number for the private descriptors, as for the channel's.
const PRIVATE_FROM: i32 = 4;

/// What Firefox sends after three seconds, what a terminal sends, and what a session manager sends.
const ENDING: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// Installs the handlers, and makes a closed channel an error instead of a signal.
pub(super) fn install() -> io::Result<()> {
    let real = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), PRIVATE_FROM)?;
    REAL_INPUT.store(real.into_raw_fd(), Ordering::SeqCst);
    let (nothing, writer) = io::pipe()?;
    drop(writer);
    NOTHING.store(OwnedFd::from(nothing).into_raw_fd(), Ordering::SeqCst);
    for signal in ENDING {
        set(
            signal,
            on_ending as extern "C" fn(libc::c_int) as libc::sighandler_t,
        )?;
    }
    // A log that has grown to the limit of the process is an error of one write, not the end of the port.
    set(libc::SIGXFSZ, libc::SIG_IGN)?;
    set(libc::SIGPIPE, libc::SIG_IGN)
}

/// The input as it was before a signal, for what had come by then.
pub(crate) fn real_input() -> BorrowedFd<'static> {
    // SAFETY: `install` has opened it, and nothing ever closes it.
    unsafe { BorrowedFd::borrow_raw(REAL_INPUT.load(Ordering::SeqCst)) }
}

fn set(signal: libc::c_int, handler: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: an all-zero `sigaction` is a valid one; the handlers are async-signal-safe; the pointers live for the
    // call. No SA_RESTART: the read that waits for the browser is to be interrupted.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        // Whoever started this program may have blocked the signal, and a mask survives `exec`.
        let mut unblocked: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut unblocked);
        libc::sigaddset(&mut unblocked, signal);
        match libc::sigaction(signal, &action, std::ptr::null_mut()) {
            0 => libc::sigprocmask(libc::SIG_UNBLOCK, &unblocked, std::ptr::null_mut()),
            failed => failed,
        }
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

extern "C" fn on_ending(_signal: libc::c_int) {
    ENDED.store(true, Ordering::SeqCst);
    // SAFETY: both are open descriptors, and `dup2` is async-signal-safe. It cannot fail with these arguments but for
    // an interruption, which is why it is repeated.
    unsafe {
        while libc::dup2(NOTHING.load(Ordering::SeqCst), libc::STDIN_FILENO) < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
}
