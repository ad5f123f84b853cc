//! Ends a host that has not answered for too long, while the thread that measures waits in a read.

use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How often the watch looks: a part of the shortest patience, and too seldom to be measured.
const PAUSE: Duration = Duration::from_millis(250);

/// How often the end of a process is looked for that has closed its output: it is as good as over.
const LAST_PAUSE: Duration = Duration::from_millis(1);

/// A watch over one process. Dropping it ends the process.
pub(super) struct Watch {
    shared: Arc<Shared>,
    patience: Duration,
    /// Dropped with this, which ends the thread.
    _alive: Sender<()>,
}

struct Shared {
    child: Mutex<Child>,
    since: Instant,
    /// Milliseconds after `since` at which the wait began that is under way.
    waiting_from: AtomicU64,
    has_ended_it: AtomicBool,
}

impl Watch {
    /// Watches over a process.
    pub(super) fn over(child: Child, patience: Duration) -> Self {
        let shared = Arc::new(Shared {
            child: Mutex::new(child),
            since: Instant::now(),
            waiting_from: AtomicU64::new(0),
            has_ended_it: AtomicBool::new(false),
        });
        let (alive, is_over) = channel();
        let theirs = shared.clone();
        thread::spawn(move || theirs.watch(&is_over, patience));
        Self {
            shared,
            patience,
            _alive: alive,
        }
    }

    /// Another wait begins.
    pub(super) fn restart(&mut self) {
        let now = self.shared.milliseconds();
        self.shared.waiting_from.store(now, Ordering::Relaxed);
    }

    /// Whether the process was ended for its silence.
    pub(super) fn has_ended_it(&self) -> bool {
        self.shared.has_ended_it.load(Ordering::Relaxed)
    }

    /// How long a wait may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Waits for the end of a process that has closed its output. It ends by itself, or the watch ends it.
    pub(super) fn wait(self) -> Result<ExitStatus> {
        loop {
            let status = self.shared.lock().try_wait();
            if let Some(status) = status.context("cannot wait for portcullis-host")? {
                return Ok(status);
            }
            thread::sleep(LAST_PAUSE);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut child = self.shared.lock();
        // Most have ended by now, and both calls then do nothing.
        _ = child.kill();
        _ = child.wait();
    }
}

impl Shared {
    fn watch(&self, is_over: &Receiver<()>, patience: Duration) {
        while is_over.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
            let from = self.waiting_from.load(Ordering::Relaxed);
            let waited = self.milliseconds().saturating_sub(from);
            if Duration::from_millis(waited) > patience {
                self.has_ended_it.store(true, Ordering::Relaxed);
                _ = self.lock().kill();
                return;
            }
        }
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
