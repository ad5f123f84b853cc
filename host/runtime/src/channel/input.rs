//! Standard input as a stream of frames, with the ways in which it can end.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use portcullis_core::protocol::frame::{Filled, FrameReader, Inbound, Truncated};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use platform::StandardInput;
pub(crate) use platform::input_is_closed;

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
    source: StandardInput,
    reader: FrameReader,
    is_widened: bool,
    ended: bool,
}

impl Input {
    /// Reads frames of at most `limit` bytes.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            source: StandardInput::new(),
            reader: FrameReader::new(limit),
            is_widened: false,
            ended: false,
        }
    }

    /// The next frame that has arrived, if any.
    pub(crate) fn next_frame(&mut self) -> Option<Inbound> {
        let next = self.reader.next_frame();
        if next.is_none() && !self.is_widened && self.reader.missing() > super::PIPE {
            self.is_widened = true;
            self.source.widen();
        }
        next
    }

    /// Takes back the buffer of a frame.
    pub(crate) fn recycle(&mut self, frame: Vec<u8>) {
        self.reader.recycle(frame);
    }

    /// Whether the end has been met.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether [`Self::receive`] would not wait.
    #[cfg(windows)]
    pub(crate) fn is_ready(&self) -> bool {
        self.source.is_ready()
    }

    /// Waits for the browser to send something and takes it in. Call it when [`Self::next_frame`] has nothing.
    pub(crate) fn receive(&mut self) -> Received {
        let filled = self.reader.fill(&mut self.source).unwrap_or_else(|error| {
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
