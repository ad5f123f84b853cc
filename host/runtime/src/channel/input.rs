//! Standard input as a stream of frames, with the ways in which it can end.

use std::io;
use std::os::fd::BorrowedFd;

use portcullis_core::protocol::frame::{Filled, FrameReader, Inbound, Source, Truncated};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::signals;

/// What reading brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// Bytes: there may be a frame now.
    Bytes,
    /// The end, between frames or by a signal.
    End,
    /// The end in the middle of a frame.
    Broken(Truncated),
}

/// The browser's end of the port, as far as it is read.
pub(crate) struct Input {
    reader: FrameReader,
    ended: bool,
}

/// Descriptor 0.
struct StandardInput;

impl Source for StandardInput {
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            let stdin = rustix::stdio::stdin();
            match rustix::io::read(stdin, rustix::buffer::spare_capacity(buffer)) {
                // An ending signal has put `/dev/null` there by now, so the repeated read meets the end.
                Err(Errno::INTR) => {}
                Ok(0)
                    if signals::ended()
                        && look(signals::real_input(), PollFlags::IN).contains(PollFlags::IN) =>
                {
                    let real = signals::real_input();
                    return Ok(rustix::io::read(
                        real,
                        rustix::buffer::spare_capacity(buffer),
                    )?);
                }
                read => return Ok(read?),
            }
        }
    }
}

impl Input {
    /// Reads frames of at most `limit` bytes.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            reader: FrameReader::new(limit),
            ended: false,
        }
    }

    /// The next frame that has arrived, if any.
    pub(crate) fn next_frame(&mut self) -> Option<Inbound> {
        self.reader.next_frame()
    }

    /// Takes back the buffer of a frame.
    pub(crate) fn recycle(&mut self, frame: Vec<u8>) {
        self.reader.recycle(frame);
    }

    /// Whether the end has been met.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Waits for the browser to send something and takes it in. Call it when [`Self::next_frame`] has nothing.
    pub(crate) fn receive(&mut self) -> Received {
        let filled = self
            .reader
            .fill(&mut StandardInput)
            .unwrap_or_else(|error| {
                // A reset connection, or a terminal that went away: there is nobody left to read from.
                tracing::debug!("input ended with an error: {error}");
                Filled::End
            });
        if filled == Filled::Bytes {
            return Received::Bytes;
        }
        self.ended = true;
        match self.reader.at_end() {
            Err(truncated) if !signals::ended() => Received::Broken(truncated),
            _ => Received::End,
        }
    }
}

/// Whether the browser has closed its end, whatever is still unread. Safe in a signal handler.
pub(crate) fn input_is_closed() -> bool {
    // SAFETY: descriptor 0 is open for the whole life of the process.
    let input = unsafe { BorrowedFd::borrow_raw(libc::STDIN_FILENO) };
    look(input, PollFlags::empty()).intersects(PollFlags::HUP | PollFlags::ERR)
}

/// What can be said of `input` at once.
fn look(input: BorrowedFd<'_>, asked: PollFlags) -> PollFlags {
    let mut watched = [PollFd::new(&input, asked)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut watched, Some(&now)).map_or(PollFlags::empty(), |_| watched[0].revents())
}
