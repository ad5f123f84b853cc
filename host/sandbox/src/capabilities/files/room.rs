//! Descriptors of the process that the files of plugins may take, counted for all of them together.
//!
//! The deciding choice: one count for the process, and not a share for each plugin. A route more would otherwise make
//! every share smaller, and what has to be kept free is the same for any number of plugins: sockets, storage, and what
//! the host itself opens. It does not share fairly. A plugin may find nothing left for its files where others hold them
//! all; no other power fails for it.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What the instances of a process may have open together: half of what the process may have open, and twice what one
/// instance may.
pub(super) static OPENED: Room = Room::of(512);

/// Devices of classes that the plugins of a process are given. More than a desktop has of anything that is worth
/// reading. They are open for the life of the port, so what is left beside [`OPENED`] must hold them and all else.
pub(super) static DEVICES: Room = Room::of(128);

/// A number of places, and how many are taken.
pub(super) struct Room {
    most: usize,
    taken: AtomicUsize,
}

impl Room {
    pub(super) const fn of(most: usize) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
        }
    }

    /// A place, while there is one.
    pub(super) fn take(&'static self) -> Option<Held> {
        let more = |taken: usize| (taken < self.most).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_| Held(self))
    }
}

/// A place that is taken. It is given back when it is dropped.
pub(super) struct Held(&'static Room);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_once_and_given_back() {
        static ROOM: Room = Room::of(2);
        let first = ROOM.take();
        let second = ROOM.take();
        assert!(first.is_some() && second.is_some());
        assert!(ROOM.take().is_none() && ROOM.take().is_none());
        drop(first);
        let third = ROOM.take();
        assert!(third.is_some() && ROOM.take().is_none());
        drop((second, third));
        assert_eq!(ROOM.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn all_rooms_together_leave_some_to_the_host() {
        // What `confine` lets the process have open.
        const OPEN_FILES: usize = 1024;
        assert!(OPENED.most + DEVICES.most + 256 <= OPEN_FILES);
    }
}
