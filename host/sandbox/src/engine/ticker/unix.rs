//! `setitimer(2)` and `SIGALRM`.

use std::io;
use std::time::Duration;

/// Points `SIGALRM` at the ticker.
pub(super) fn install() -> io::Result<()> {
    extern "C" fn on_alarm(_signal: libc::c_int) {
        super::tick();
    }
    // SAFETY: an all-zero `sigaction` is a valid one (default action, empty mask); the handler is async-signal-safe
    // as `tick` describes, and the pointers live for the call.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_alarm as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // A read or write that the tick interrupts goes on by itself.
        action.sa_flags = libc::SA_RESTART;
        // Whoever started this program may have blocked the signal, and a mask survives `exec`: no guest would ever be
        // stopped.
        let mut unblocked: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut unblocked);
        libc::sigaddset(&mut unblocked, libc::SIGALRM);
        match libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) {
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

/// Ticks every `interval` from now on; never, for zero.
pub(super) fn set_interval(interval: Duration) {
    let value = libc::timeval {
        tv_sec: 0,
        // The type differs between systems, and less than a million fits into each.
        tv_usec: interval.subsec_micros() as libc::suseconds_t,
    };
    let timer = libc::itimerval {
        it_interval: value,
        it_value: value,
    };
    // SAFETY: `timer` is valid and lives for the call. It can fail only for an unknown timer or a bad value.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
}
