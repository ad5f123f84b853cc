//! Unix: a pipe whose reading end the loop watches.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

struct Bell {
    reader: OwnedFd,
    writer: OwnedFd,
    /// Whether there is a byte in the pipe: a bell that has rung need not ring again until it was heard.
    has_rung: AtomicBool,
}

static BELL: OnceLock<Bell> = OnceLock::new();

/// Makes the bell, if there is none. Called before the process is confined and before any thread that may ring it.
///
/// # Errors
///
/// Where the process has too many descriptors.
pub(crate) fn hang() -> io::Result<()> {
    if BELL.get().is_none() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let has_rung = AtomicBool::new(false);
        // Nobody else can have hung one: this is the only thread.
        drop(BELL.set(Bell {
            reader,
            writer,
            has_rung,
        }));
    }
    Ok(())
}

/// Ends the loop's wait, now or when it next begins. Nothing happens where no bell hangs.
pub(crate) fn ring() {
    let Some(bell) = BELL.get() else { return };
    if bell.has_rung.swap(true, Ordering::AcqRel) {
        return;
    }
    // A full pipe has rung already.
    while rustix::io::write(&bell.writer, &[0]) == Err(Errno::INTR) {}
}

/// What to watch for readiness, where a bell hangs.
pub(crate) fn descriptor() -> Option<BorrowedFd<'static>> {
    use std::os::fd::AsFd as _;
    BELL.get().map(|bell| bell.reader.as_fd())
}

/// Has been heard. Whoever calls looks at everything after this, so a ring in the midst of it may be dropped: what it
/// rang for has happened before.
pub(crate) fn silence() {
    let Some(bell) = BELL.get() else { return };
    let mut bytes = [0; 16];
    while matches!(rustix::io::read(&bell.reader, &mut bytes), Ok(1..)) {}
    bell.has_rung.store(false, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    fn is_ringing() -> bool {
        let reader = descriptor().expect("it hangs");
        let none = Timespec::default();
        poll(&mut [PollFd::new(&reader, PollFlags::IN)], Some(&none)).expect("poll") == 1
    }

    #[test]
    fn a_ring_is_heard_once_and_from_any_thread() {
        hang().expect("a pipe");
        assert!(!is_ringing());
        for _ in 0..100_000 {
            ring();
        }
        assert!(is_ringing());
        silence();
        assert!(!is_ringing());
        std::thread::spawn(ring).join().expect("it rings");
        assert!(is_ringing());
        silence();
    }
}
