//! Windows: a thread reads the browser's pipe, since nobody can wait for a pipe and for something else.
//!
//! It reads ahead, but only so far: where nobody takes what it has read, it stops, and the browser is the one to wait.
//! Then it does not see either that the browser has closed its end; that is noticed when there is room again.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::windows::io::AsHandle as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;

use portcullis_core::protocol::frame::Source;

use crate::channel::bell;
use crate::signals;

/// Bytes that are read ahead, at most, but for one read more.
const AHEAD: usize = 256 * 1024;

/// Bytes of one read. Browsers write a frame in one piece, and their pipes hold 64 KiB or less.
const CHUNK: usize = 64 * 1024;

/// What the thread has read. There is one standard input, and it is read from the first question about it.
static READER: OnceLock<Reader> = OnceLock::new();
static CLOSED: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Reader {
    arrived: Mutex<Arrived>,
    taken: Condvar,
}

#[derive(Default)]
struct Arrived {
    bytes: VecDeque<u8>,
    ended: bool,
    fault: Option<io::Error>,
}

/// The browser's pipe.
pub(super) struct StandardInput {
    reader: &'static Reader,
}

impl StandardInput {
    pub(super) fn new() -> Self {
        Self { reader: reader() }
    }

    /// Nothing: here a pipe is as wide as whoever made it wanted it.
    #[expect(clippy::unused_self, reason = "elsewhere it asks the system")]
    pub(super) fn widen(&self) {}

    /// Whether a read would not wait.
    pub(super) fn is_ready(&self) -> bool {
        let arrived = self.reader.lock();
        !arrived.bytes.is_empty() || arrived.ended || signals::ended()
    }
}

impl Source for StandardInput {
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let rings = bell::rings();
            let mut arrived = self.reader.lock();
            if !arrived.bytes.is_empty() {
                let room = buffer.capacity() - buffer.len();
                let count = arrived.bytes.len().min(room);
                buffer.extend(arrived.bytes.drain(..count));
                self.reader.taken.notify_one();
                return Ok(count);
            }
            if let Some(fault) = arrived.fault.take() {
                return Err(fault);
            }
            if arrived.ended || signals::ended() {
                return Ok(0);
            }
            drop(arrived);
            bell::wait_past(rings, None);
        }
    }
}

/// Whether the browser has closed its end, as far as has been read.
pub(crate) fn input_is_closed() -> bool {
    reader();
    CLOSED.load(Ordering::SeqCst)
}

impl Reader {
    fn lock(&self) -> MutexGuard<'_, Arrived> {
        // No code runs under the lock that could leave it half-changed.
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, fault: Option<io::Error>) {
        let mut arrived = self.lock();
        arrived.ended = true;
        arrived.fault = fault;
        drop(arrived);
        CLOSED.store(true, Ordering::SeqCst);
        bell::ring();
    }
}

fn reader() -> &'static Reader {
    let mut is_new = false;
    let reader = READER.get_or_init(|| {
        is_new = true;
        Reader::default()
    });
    if is_new {
        // Nobody waits for the thread: it may sit in a read that only the end of the process ends.
        let started = io::stdin()
            .as_handle()
            .try_clone_to_owned()
            .and_then(|pipe| {
                Builder::new()
                    .name("input".to_owned())
                    .spawn(move || read(reader, File::from(pipe)))
            });
        if let Err(error) = started {
            reader.end(Some(error));
        }
    }
    reader
}

fn read(reader: &Reader, mut pipe: File) {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match pipe.read(&mut chunk) {
            Ok(0) => return reader.end(None),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // How a pipe ends whose writer is gone.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return reader.end(None),
            Err(error) => return reader.end(Some(error)),
        };
        let mut arrived = reader.lock();
        while arrived.bytes.len() >= AHEAD {
            arrived = reader
                .taken
                .wait(arrived)
                .unwrap_or_else(PoisonError::into_inner);
        }
        arrived.bytes.extend(&chunk[..count]);
        drop(arrived);
        bell::ring();
    }
}
