//! The only writer of frames.
//!
//! A frame is written with one system call while the browser keeps up: length and body from where they lie, without a
//! copy, but for the shortest. When it does not, the rest waits in a queue that is bounded by one frame and a little, and
//! whoever has more to send waits as well. A frame that no browser would take (empty, over 1 MiB, not JSON, or with the host's own reserved
//! key) cannot be sent from here.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::collections::VecDeque;
use std::io::IoSlice;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::task::Waker;

use portcullis_core::protocol::{HEADER_LENGTH, frame, json, report};

use super::Claimed;
#[cfg(unix)]
use unix::Sink;
#[cfg(windows)]
use windows::Sink;

/// Bytes that may wait before a sender is made to: one pipe full, so that a burst of small frames does not switch
/// between sender and writer for each.
const QUEUE_LIMIT: usize = 64 * 1024;

/// Bytes of a frame that is put together before it is written: one piece is cheaper for the system than two, as long as
/// it costs next to nothing to make one.
const SHORT: usize = 256;

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
    sink: Sink,
    queue: VecDeque<u8>,
    /// The bytes in the queue of each frame that is not written in full, the oldest first.
    unwritten: VecDeque<usize>,
    waiting: Vec<Waker>,
    closed: bool,
    frames: u64,
    dropped: u64,
}

impl Output {
    /// Takes what [`super::claim_standard_output`] gave.
    pub(crate) fn new(channel: Claimed) -> Self {
        Self {
            sink: Sink::new(channel),
            queue: VecDeque::new(),
            unwritten: VecDeque::new(),
            waiting: Vec::new(),
            closed: false,
            frames: 0,
            dropped: 0,
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
            self.dropped += 1;
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
            written = match short_frame(header, text.as_bytes(), &mut [0; SHORT]) {
                Some(frame) => self.write(&[IoSlice::new(frame)]),
                None => self.write(&[IoSlice::new(&header), IoSlice::new(text.as_bytes())]),
            };
            if self.closed {
                self.dropped += 1;
                return Sent::Closed;
            }
        }
        self.frames += 1;
        let whole = header.len() + text.len();
        if written < whole {
            let body_from = written.saturating_sub(header.len());
            self.queue.extend(header.iter().skip(written));
            self.queue.extend(&text.as_bytes()[body_from..]);
            self.unwritten.push_back(whole - written);
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
            match self.sink.write(&slices) {
                Ok(0) => return,
                Ok(written) => self.take_from_queue(written),
                Err(()) => self.close(),
            }
        }
        if self.queue.len() <= QUEUE_LIMIT {
            self.waiting.drain(..).for_each(Waker::wake);
        }
    }

    fn take_from_queue(&mut self, mut written: usize) {
        self.queue.drain(..written);
        while let Some(frame) = self.unwritten.front_mut() {
            if *frame > written {
                *frame -= written;
                return;
            }
            written -= *frame;
            self.unwritten.pop_front();
        }
    }

    /// The browser has closed its end: forgets what waits.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.dropped += self.unwritten.len() as u64;
        self.unwritten = VecDeque::new();
        self.queue = VecDeque::new();
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// Whether the browser has closed its end.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether everything that was sent has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.sink.is_idle()
    }

    /// Frames that were sent.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames that nobody will read, since the browser had closed its end: those that waited then, and those that came
    /// later. What was in its pipe by then is not among them.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The descriptor, to wait on.
    #[cfg(unix)]
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.sink.as_fd()
    }

    /// Whether there is something to do for the loop since the queue was found not to be empty.
    #[cfg(windows)]
    pub(crate) fn can_go_on(&self) -> bool {
        if self.queue.is_empty() {
            self.sink.is_idle()
        } else {
            self.sink.has_room()
        }
    }

    /// Whether a write has found that the browser has closed its end.
    #[cfg(windows)]
    pub(crate) fn is_broken(&self) -> bool {
        self.sink.is_broken()
    }

    /// Bytes of `slices` that the browser's pipe took at once.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> usize {
        self.sink.write(slices).unwrap_or_else(|()| {
            self.close();
            0
        })
    }
}

/// A frame in one piece, if there is `room` for it.
fn short_frame<'a>(
    header: [u8; HEADER_LENGTH],
    text: &[u8],
    room: &'a mut [u8],
) -> Option<&'a [u8]> {
    let frame = room.get_mut(..HEADER_LENGTH + text.len())?;
    let (start, rest) = frame.split_at_mut(HEADER_LENGTH);
    start.copy_from_slice(&header);
    rest.copy_from_slice(text);
    Some(frame)
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

    use portcullis_core::protocol::OUTBOUND_LIMIT;

    use super::*;

    fn pipe() -> (std::io::PipeReader, Output) {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        (reader, Output::new(writer.into()))
    }

    #[test]
    fn frames_come_out_whole_when_the_browser_is_slow() {
        let (mut reader, mut output) = pipe();
        // Much longer than a pipe is wide, widened or not, so that what is left is more than the queue takes beside it.
        let text = format!("\"{}\"", "x".repeat(OUTBOUND_LIMIT - 2));
        assert_eq!(output.send_unchecked(&text), Sent::Taken);
        // Elsewhere there is room for it outside of the pipe.
        if cfg!(unix) {
            assert_eq!(output.send_unchecked("1"), Sent::Full);
        }
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
        // Not `assert_eq`, which would print a million letters.
        assert!(all == [&length[..], text.as_bytes(), &1u32.to_ne_bytes(), b"1"].concat());
    }

    #[test]
    fn a_closed_channel_is_noticed_and_wakes_everyone() {
        let (reader, mut output) = pipe();
        drop(reader);
        output.wake_when_ready(Waker::noop());
        #[cfg(unix)]
        assert_eq!(output.send_unchecked("1"), Sent::Closed);
        // The thread that writes finds it out.
        #[cfg(windows)]
        while output.send_unchecked("1") != Sent::Closed {
            std::thread::yield_now();
        }
        assert!(output.is_closed() && output.waiting.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn frames_that_nobody_will_read_are_counted() {
        let (mut reader, mut output) = pipe();
        let fits = "1";
        let does_not = format!("\"{}\"", "x".repeat(65_530));
        assert_eq!(output.send_unchecked(fits), Sent::Taken);
        assert_eq!(output.send_unchecked(&does_not), Sent::Taken);
        assert_eq!(output.send_unchecked(fits), Sent::Taken);
        // Room for what waits, wherever the system has cut it into pages, but not for another large one.
        let mut some = [0; 3 * 4096];
        reader.read_exact(&mut some).expect("there is as much");
        output.flush();
        assert_eq!(output.send_unchecked(&does_not), Sent::Taken);
        assert_eq!(output.dropped(), 0);
        drop(reader);
        output.flush();
        assert!(output.is_closed());
        assert_eq!(output.send_unchecked(fits), Sent::Closed);
        assert_eq!((output.frames(), output.dropped()), (4, 2));
    }

    #[cfg(unix)]
    #[test]
    fn the_pipe_gets_its_flags_back() {
        use std::os::fd::AsRawFd as _;
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
