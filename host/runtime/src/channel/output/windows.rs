//! Windows: a thread writes to the browser's pipe, since a write waits until the browser has read and nothing else can
//! be waited for meanwhile.
//!
//! It takes one piece at a time, at most a frame long, and has a second one waiting. That nobody reads any more is seen
//! at a write alone.

use std::fs::File;
use std::io::{IoSlice, Write as _};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

use portcullis_core::protocol::{HEADER_LENGTH, OUTBOUND_LIMIT};

use crate::channel::{Claimed, bell};

/// Bytes that may wait for the thread: the longest frame.
const ROOM: usize = HEADER_LENGTH + OUTBOUND_LIMIT;

/// What is written to the channel.
pub(super) struct Sink {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// A write is under way.
    writing: bool,
    /// Nobody reads any more.
    broken: bool,
    /// Nothing will be added any more.
    ended: bool,
}

impl Sink {
    pub(super) fn new(channel: Claimed) -> Self {
        let shared = Arc::<Shared>::default();
        let for_thread = Arc::clone(&shared);
        // Nobody waits for the thread: the browser may never read what it writes.
        let started = Builder::new()
            .name("output".to_owned())
            .spawn(move || write(&for_thread, File::from(channel)));
        if let Err(error) = started {
            tracing::error!("failed to start the thread that writes frames: {error}");
            shared.lock().broken = true;
        }
        Self { shared }
    }

    /// Hands over what there is room for. 0 where there is none, an error where nobody reads any more.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, ()> {
        let mut pending = self.shared.lock();
        if pending.broken {
            return Err(());
        }
        let mut taken = 0;
        for slice in slices {
            let room = ROOM - pending.bytes.len();
            let part = &slice[..slice.len().min(room)];
            pending.bytes.extend_from_slice(part);
            taken += part.len();
        }
        self.shared.changed.notify_one();
        Ok(taken)
    }

    /// Whether everything that was handed over has been written.
    pub(super) fn is_idle(&self) -> bool {
        let pending = self.shared.lock();
        pending.broken || (pending.bytes.is_empty() && !pending.writing)
    }

    /// Whether something can be handed over.
    pub(super) fn has_room(&self) -> bool {
        self.shared.lock().bytes.len() < ROOM
    }

    /// Whether nobody reads any more.
    pub(super) fn is_broken(&self) -> bool {
        self.shared.lock().broken
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        // No code runs under the lock that could leave it half-changed.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for bytes and swaps them for `written`, which is empty; `false` at the end.
    fn take(&self, written: &mut Vec<u8>) -> bool {
        let mut pending = self.lock();
        while pending.bytes.is_empty() && !pending.ended {
            pending = self
                .changed
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner);
        }
        mem::swap(&mut pending.bytes, written);
        pending.writing = !written.is_empty();
        pending.writing
    }
}

fn write(shared: &Shared, mut channel: File) {
    let mut bytes = Vec::new();
    while shared.take(&mut bytes) {
        let result = channel.write_all(&bytes);
        bytes.clear();
        let mut pending = shared.lock();
        pending.writing = false;
        pending.broken = result.is_err();
        let broken = pending.broken;
        drop(pending);
        bell::ring();
        if broken {
            return;
        }
    }
}
