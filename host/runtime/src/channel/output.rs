//! The only writer of frames.
//!
//! A frame is written with one system call while the browser keeps up: length and body from where they lie, without a
//! copy. When it does not, the rest waits in a queue that is bounded by one frame and a little, and whoever has more to
//! send waits as well. A frame that no browser would take (empty, over 1 MiB, not JSON, or with the host's own reserved
//! key) cannot be sent from here.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::Waker;

use portcullis_core::protocol::{frame, json, report};
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

/// Bytes that may wait before a sender is made to: one pipe full, so that a burst of small frames does not switch
/// between sender and writer for each.
const QUEUE_LIMIT: usize = 64 * 1024;

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Written, or next in line.
    Taken,
    /// The browser does not read. Try again when woken.
    Full,
    /// The browser has closed its end. Nothing can be sent any more.
    Closed,
}

/// The channel's writing end.
pub(crate) struct Output {
    channel: OwnedFd,
    /// The flags to give back at the end: they belong to the open pipe, which a shell may share with other programs.
    flags: Option<OFlags>,
    queue: VecDeque<u8>,
    waiting: Vec<Waker>,
    closed: bool,
    frames: u64,
}

impl Output {
    /// Takes the descriptor that [`super::claim_standard_output`] gave.
    pub(crate) fn new(channel: OwnedFd) -> Self {
        // Only pipes and sockets are made non-blocking. A terminal or a file is shared with whoever started this
        // program by hand, and would stay so after it.
        let kind = rustix::fs::fstat(&channel).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let flags = match kind {
            Ok(FileType::Fifo | FileType::Socket) => rustix::fs::fcntl_getfl(&channel).ok(),
            _ => None,
        };
        if let Some(flags) = flags {
            // Where it fails, writes wait: slower to notice the end, still right.
            let _ = rustix::fs::fcntl_setfl(&channel, flags | OFlags::NONBLOCK);
        }
        Self {
            channel,
            flags,
            queue: VecDeque::new(),
            waiting: Vec::new(),
            closed: false,
            frames: 0,
        }
    }

    /// Sends the text of a report of the host's own.
    pub(crate) fn send_report(&mut self, report: &report::Report) -> Sent {
        self.send_unchecked(&report.to_json())
    }

    /// Sends a text that [`check`] has passed. When the answer is [`Sent::Full`], the caller sees to being woken with
    /// [`Self::wake_when_ready`] and tries again.
    pub(crate) fn send_unchecked(&mut self, text: &str) -> Sent {
        if self.closed {
            return Sent::Closed;
        }
        if self.queue.len() > QUEUE_LIMIT {
            return Sent::Full;
        }
        let Ok(header) = frame::header(text.as_bytes()) else {
            // `check` has passed it, so this is a fault of the host: the port must not be broken for it.
            tracing::error!(
                length = text.len(),
                "a frame that no browser takes was not sent"
            );
            return Sent::Taken;
        };
        let mut written = 0;
        if self.queue.is_empty() {
            written = self.write(&[IoSlice::new(&header), IoSlice::new(text.as_bytes())]);
            if self.closed {
                return Sent::Closed;
            }
        }
        self.frames += 1;
        let whole = header.len() + text.len();
        if written < whole {
            let body_from = written.saturating_sub(header.len());
            self.queue.extend(header.iter().skip(written));
            self.queue.extend(&text.as_bytes()[body_from..]);
        }
        Sent::Taken
    }

    /// Has `waker` woken when a sender may try again.
    pub(crate) fn wake_when_ready(&mut self, waker: &Waker) {
        if !self.waiting.iter().any(|known| known.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
    }

    /// Writes what waits, as far as the browser reads, and wakes those who wait for it.
    pub(crate) fn flush(&mut self) {
        while !self.queue.is_empty() && !self.closed {
            let (front, back) = self.queue.as_slices();
            let slices = [IoSlice::new(front), IoSlice::new(back)];
            let written = write_slices(self.channel.as_fd(), &slices);
            match written {
                Ok(0) => return,
                Ok(written) => drop(self.queue.drain(..written)),
                Err(()) => self.close(),
            }
        }
        if self.queue.len() <= QUEUE_LIMIT {
            self.waiting.drain(..).for_each(Waker::wake);
        }
    }

    /// The browser has closed its end: forgets what waits.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.queue = VecDeque::new();
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// Whether the browser has closed its end.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether everything that was sent has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Frames that were sent.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// The descriptor, to wait on.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }

    /// Bytes of `slices` that the browser's pipe took at once.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> usize {
        write_slices(self.channel.as_fd(), slices).unwrap_or_else(|()| {
            self.close();
            0
        })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(flags) = self.flags {
            let _ = rustix::fs::fcntl_setfl(&self.channel, flags);
        }
    }
}

/// One write. 0 where the pipe is full, an error where nobody reads it any more.
fn write_slices(channel: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> Result<usize, ()> {
    loop {
        match rustix::io::writev(channel, slices) {
            Ok(written) => return Ok(written),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(_) => return Err(()),
        }
    }
}

/// Why a plugin's text may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It is not one JSON value.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// It has the key that marks the host's own frames.
    #[error("the key `{}` is the host's own", report::RESERVED_KEY)]
    Reserved,
}

/// Whether a plugin's text may be sent. Its length has been checked where it was taken from the guest.
pub(crate) fn check(text: &str) -> Result<(), Refused> {
    if json::check_for_key(text, report::RESERVED_KEY)? {
        Err(Refused::Reserved)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    use super::*;

    fn pipe() -> (std::io::PipeReader, Output) {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        (reader, Output::new(writer.into()))
    }

    #[test]
    fn frames_come_out_whole_when_the_browser_is_slow() {
        let (mut reader, mut output) = pipe();
        let text = format!("\"{}\"", "x".repeat(200_000));
        assert_eq!(output.send_unchecked(&text), Sent::Taken);
        assert_eq!(output.send_unchecked("1"), Sent::Full);
        assert!(!output.is_empty());
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).expect("the pipe ends");
            all
        });
        while !output.is_empty() {
            output.flush();
        }
        assert_eq!(output.send_unchecked("1"), Sent::Taken);
        assert_eq!(output.frames(), 2);
        drop(output);
        let all = reading.join().expect("the reader ends");
        let length = u32::try_from(text.len())
            .expect("a short text")
            .to_ne_bytes();
        assert_eq!(
            all,
            [&length[..], text.as_bytes(), &1u32.to_ne_bytes(), b"1"].concat()
        );
    }

    #[test]
    fn a_closed_channel_is_noticed_and_wakes_everyone() {
        let (reader, mut output) = pipe();
        drop(reader);
        output.wake_when_ready(Waker::noop());
        assert_eq!(output.send_unchecked("1"), Sent::Closed);
        assert!(output.is_closed() && output.waiting.is_empty());
    }

    #[test]
    fn the_pipe_gets_its_flags_back() {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        let kept = writer.try_clone().expect("a descriptor can be copied");
        let before = rustix::fs::fcntl_getfl(&kept).expect("flags can be read");
        drop(Output::new(writer.into()));
        assert_eq!(
            rustix::fs::fcntl_getfl(&kept).expect("flags can be read"),
            before
        );
        assert!(reader.as_raw_fd() > 2);
    }

    #[test]
    fn only_json_without_the_reserved_key_passes() {
        assert_eq!(check("{\"a\":1}"), Ok(()));
        assert!(matches!(check("{"), Err(Refused::Json(_))));
        assert!(matches!(check(""), Err(Refused::Json(_))));
        assert_eq!(check("{\"$portcullis\":1}"), Err(Refused::Reserved));
    }
}
