//! A thread that is parked while no guest runs: there is no timer that interrupts a thread of the process.
//!
//! It is above all others in the process, so that a guest that computes cannot keep it from its turn.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Builder, Thread};
use std::time::Duration;

use windows_sys::Win32::System::Threading::{
    GetCurrentThread, SetThreadPriority, THREAD_PRIORITY_TIME_CRITICAL,
};

static THREAD: OnceLock<Thread> = OnceLock::new();
static TICKING: AtomicBool = AtomicBool::new(false);

/// A few calls deep, and nothing on the heap.
const STACK: usize = 64 * 1024;

/// Starts the thread, parked. Here and not at the first guest, since a guest without a clock must never run, and here
/// it can still be said that there is none.
pub(super) fn install() -> io::Result<()> {
    let handle = Builder::new()
        .name("ticker".to_owned())
        .stack_size(STACK)
        .spawn(run)?;
    // `prepare` comes here once.
    _ = THREAD.set(handle.thread().clone());
    Ok(())
}

/// Ticks every so often from now on; never, for zero. The one interval that there is, is the ticker's.
pub(super) fn set_interval(interval: Duration) {
    TICKING.store(!interval.is_zero(), Ordering::SeqCst);
    if let (Some(thread), false) = (THREAD.get(), interval.is_zero()) {
        thread.unpark();
    }
}

fn run() {
    // SAFETY: the pseudo-handle of this thread is always valid. Where the system refuses, the thread has the common
    // priority.
    unsafe { SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL) };
    loop {
        while !TICKING.load(Ordering::SeqCst) {
            thread::park();
        }
        // The standard library asks for a timer of high resolution.
        thread::sleep(super::TICK);
        if TICKING.load(Ordering::SeqCst) {
            super::tick();
        }
    }
}
