//! The clock that makes a running guest look up: every [`TICK`] the engine's epoch is incremented.
//!
//! An interval timer whose signal handler increments the epoch, instead of a thread: it costs nothing at start (a
//! thread costs a tenth of a whole cold start), it cannot be starved by what runs on the guest's own thread, and it
//! reaches a thread that is stuck in a host call. It is armed when a guest is entered and the timer is not running
//! already, and disarms itself at the second tick that meets no guest, so a busy port makes no system call for it and
//! an idle one has no wake-ups. Windows has no such timer, and there it is a thread (`windows.rs`).

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::EngineError;
#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

/// Time between two ticks. Short enough that the end of input is noticed at once by a person's measure, long enough
/// that a hundred signals a second cost a running guest nothing that can be measured.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Ticks without a guest after which the timer is stopped. One would stop and start it between two messages of a
/// conversation.
const IDLE_TICKS: u32 = 2;

struct Ticker {
    engine: wasmtime::Engine,
    on_tick: fn(),
}

static TICKER: OnceLock<Ticker> = OnceLock::new();
static RUNNING: AtomicBool = AtomicBool::new(false);
static ARMED: AtomicBool = AtomicBool::new(false);
static IDLE: AtomicU32 = AtomicU32::new(0);

/// Installs the signal handler for `engine`. The timer is not armed yet.
pub(super) fn prepare(engine: &wasmtime::Engine, on_tick: fn()) -> Result<(), EngineError> {
    let ticker = Ticker {
        engine: engine.clone(),
        on_tick,
    };
    TICKER.set(ticker).map_err(|_| EngineError::Twice)?;
    os::install().map_err(EngineError::Ticker)
}

/// A guest is being run until the value is dropped.
pub(crate) fn running() -> Running {
    RUNNING.store(true, Ordering::SeqCst);
    arm();
    Running { _private: () }
}

/// See [`running`].
pub(crate) struct Running {
    _private: (),
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.store(false, Ordering::SeqCst);
    }
}

fn arm() {
    if !ARMED.swap(true, Ordering::SeqCst) {
        IDLE.store(0, Ordering::SeqCst);
        os::set_interval(TICK);
    }
}

/// One tick. Runs in a signal handler on Unix: atomics, a timer call and `on_tick`, nothing else.
fn tick() {
    let Some(ticker) = TICKER.get() else { return };
    // Documented by wasmtime to be safe in a signal handler.
    ticker.engine.increment_epoch();
    (ticker.on_tick)();
    if RUNNING.load(Ordering::SeqCst) {
        IDLE.store(0, Ordering::SeqCst);
    } else if IDLE.fetch_add(1, Ordering::SeqCst) + 1 >= IDLE_TICKS {
        os::set_interval(Duration::ZERO);
        ARMED.store(false, Ordering::SeqCst);
        // A guest may have been entered on another thread since, and have found the timer still armed.
        if RUNNING.load(Ordering::SeqCst) {
            arm();
        }
    }
}
