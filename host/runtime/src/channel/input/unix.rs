//! Unix: descriptor 0, read by the loop itself.

use std::io;
use std::os::fd::BorrowedFd;

use portcullis_core::protocol::frame::{SPARE_LIMIT, Source};
use portcullis_sandbox::pages;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::channel::WIDE_PIPE;
use crate::signals;

/// Descriptor 0.
pub(super) struct StandardInput;

impl StandardInput {
    pub(super) fn new() -> Self {
        Self
    }

    /// Asks for a pipe that takes a long message in fewer pieces.
    pub(super) fn widen(&self) {
        crate::channel::widen(rustix::stdio::stdin());
    }
}

impl Source for StandardInput {
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        if buffer.capacity() - buffer.len() > SPARE_LIMIT {
            // A long message, whose buffer is new: as much as one read may bring.
            pages::ask_for_room(buffer, WIDE_PIPE);
        }
        loop {
            let stdin = rustix::stdio::stdin();
            match rustix::io::read(stdin, rustix::buffer::spare_capacity(buffer)) {
                // An ending signal has put a pipe without a writer there by now, so the repeated read meets the end.
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
