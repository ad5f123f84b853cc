//! The waker of a lane: a flag that the loop looks at, and a bell where another thread sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};

use crate::channel::bell;

/// Whether a lane has something to do. Starts so.
///
/// What happens on the port's own thread is seen without a bell: the loop looks at every flag before it waits.
#[derive(Debug)]
pub(super) struct WakeFlag {
    is_set: AtomicBool,
    /// The port's thread.
    home: ThreadId,
}

impl WakeFlag {
    pub(super) fn new() -> (Arc<Self>, Waker) {
        let flag = Arc::new(Self {
            is_set: AtomicBool::new(true),
            home: thread::current().id(),
        });
        (flag.clone(), flag.into())
    }

    /// Whether it was set; unsets it.
    pub(super) fn take(&self) -> bool {
        self.is_set.swap(false, Ordering::AcqRel)
    }

    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    pub(super) fn set(&self) {
        self.is_set.store(true, Ordering::Release);
    }

    fn set_from_anywhere(&self) {
        self.set();
        if thread::current().id() != self.home {
            bell::ring();
        }
    }
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.set_from_anywhere();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.set_from_anywhere();
    }
}
