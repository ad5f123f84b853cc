//! The last line: ends a process whose port has ended and that does not.
//!
//! It counts the sandbox's ticks from inside their signal handler, so it works while the one thread is stuck in a
//! guest or in a host call, and costs nothing otherwise. (A thread would cost a tenth of a cold start and see no more:
//! the ticks run whenever a guest does, which is the only time when this program can be stuck.) Chromium kills a host
//! two seconds after the port is gone, but a browser that crashed or was killed does not.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::{channel, signals};
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::remember_log;

/// Ticks of the sandbox, 10 ms each, from the end of the port to the end of the process: the second that a port has
/// for ending, and half of one for whatever the machine is busy with.
const PATIENCE: u32 = 150;

/// Ticks between two looks at standard input.
const LOOK_EVERY: u32 = 10;

/// The last word.
const WORD: &[u8] = b"ERROR watchdog: the port has ended and the process was stuck; ended it\n";

static ENDING: AtomicBool = AtomicBool::new(false);
static TICKS: AtomicU32 = AtomicU32::new(0);
static SINCE_END: AtomicU32 = AtomicU32::new(0);

/// The port has ended; the process has until the patience is over.
pub(crate) fn port_has_ended() {
    ENDING.store(true, Ordering::SeqCst);
}

/// One tick of the sandbox. Runs in a signal handler on Unix: system calls and atomics only.
pub(crate) fn on_tick() {
    let ticks = TICKS.fetch_add(1, Ordering::SeqCst);
    if !ENDING.load(Ordering::SeqCst)
        && ticks.is_multiple_of(LOOK_EVERY)
        && (signals::ended() || channel::input_is_closed())
    {
        ENDING.store(true, Ordering::SeqCst);
    }
    if ENDING.load(Ordering::SeqCst) && SINCE_END.fetch_add(1, Ordering::SeqCst) >= PATIENCE {
        platform::give_up();
    }
}
