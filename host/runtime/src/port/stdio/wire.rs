//! What a plugin in stdio mode writes, taken apart into frames, each of which is checked and written again by the one
//! writer.
//!
//! The framing is the guest's claim, so none of it reaches the browser: a stray print, a length that no browser takes or
//! half a frame ends the run with a report, and the channel stays whole. Bytes are taken apart only as fast as the
//! browser reads: at most one frame and one write wait here.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use portcullis_core::names::PluginName;
use portcullis_core::protocol::frame::{FrameReader, Inbound, Source, Truncated};
use portcullis_core::protocol::report::Report;
use portcullis_core::protocol::{HEADER_LENGTH, INBOUND_CEILING, OUTBOUND_LIMIT};
use portcullis_sandbox::{Outlet, OutputRefused};

use crate::answer;
use crate::channel::{self, Sent};
use crate::port::Shared;

#[cfg(target_endian = "big")]
compile_error!(
    "a guest's lengths are little-endian, and the reader of frames takes the machine's order"
);

/// Bytes that are shown of what is no frame: enough to recognise a stray print by.
const SHOWN: usize = 32;

/// A length up to which a frame is a reply that is too large. Above, it is no length but the beginning of something else:
/// four characters of any text make a larger number.
const LIKELY_LENGTH: usize = INBOUND_CEILING as usize;

/// Bytes that may wait here: two writes, since a guest may hold two permits to write.
const WAITING_LIMIT: usize = 128 * 1024;

/// The standard output of one run. Clones are the same.
#[derive(Clone)]
pub(super) struct Wire {
    line: Arc<Mutex<Line>>,
    plugin: PluginName,
}

struct Line {
    shared: Shared,
    plugin: PluginName,
    reader: FrameReader,
    /// Bytes that the reader has not taken yet, from `taken` on.
    waiting: Vec<u8>,
    taken: usize,
    /// How far they have been looked at for how a frame begins.
    looked_at: usize,
    /// How the frame begins that is under way.
    beginning: Vec<u8>,
    /// A frame that waits for the browser.
    held: Option<String>,
    frames: u64,
    refused: Option<(OutputRefused, Report)>,
}

impl Wire {
    pub(super) fn new(shared: &Shared, plugin: &PluginName) -> Self {
        let limit = u32::try_from(OUTBOUND_LIMIT).unwrap_or(u32::MAX);
        let line = Line {
            shared: shared.clone(),
            plugin: plugin.clone(),
            reader: FrameReader::new(limit),
            waiting: Vec::new(),
            taken: 0,
            looked_at: 0,
            beginning: Vec::new(),
            held: None,
            frames: 0,
            refused: None,
        };
        Self {
            line: Arc::new(Mutex::new(line)),
            plugin: plugin.clone(),
        }
    }

    pub(super) fn plugin(&self) -> &PluginName {
        &self.plugin
    }

    /// Frames that the plugin has written and that were found good.
    pub(super) fn frames(&self) -> u64 {
        self.line().frames
    }

    /// Completes when everything has been sent that was written in full.
    pub(super) fn poll_finish(&self, context: &mut Context<'_>) -> Poll<()> {
        self.line().poll(context).map(drop)
    }

    /// Why the output was refused, if it was, for the log and for the extension.
    pub(super) fn refused(&self) -> Option<(OutputRefused, Report)> {
        self.line().refused.clone()
    }

    /// The same where nothing more will come: a frame that has begun is refused, too.
    pub(super) fn refused_at_end(&mut self) -> Option<(OutputRefused, Report)> {
        let mut line = self.line();
        if line.refused.is_none() && line.reader.at_end().is_err() {
            line.refuse_as_no_frame("it ended within a frame");
        }
        line.refused.clone()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A panic under the lock ends the process.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputRefused> {
        let mut line = self.line();
        if line.waiting.len() - line.taken + bytes.len() > WAITING_LIMIT {
            return Err(line.refuse_as_no_frame("more than it was permitted to write"));
        }
        line.waiting.extend_from_slice(bytes);
        line.go_on().map(drop)
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), OutputRefused>> {
        self.line().poll(context)
    }
}

impl Line {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), OutputRefused>> {
        match self.go_on() {
            Ok(Progress::Done) => Poll::Ready(Ok(())),
            Ok(Progress::Held) => {
                self.shared.output().wake_when_ready(context.waker());
                Poll::Pending
            }
            Err(refused) => Poll::Ready(Err(refused)),
        }
    }

    /// Takes apart what waits and sends it, as far as the browser reads.
    fn go_on(&mut self) -> Result<Progress, OutputRefused> {
        if let Some((refused, _)) = &self.refused {
            return Err(refused.clone());
        }
        loop {
            if let Some(text) = self.held.take() {
                // A browser that has closed its end is no fault of the plugin's, and its input is about to end.
                let sent = self.shared.output().send_unchecked(&text);
                if sent == Sent::Full {
                    self.held = Some(text);
                    return Ok(Progress::Held);
                }
                self.reader.recycle(text.into_bytes());
            }
            match self.reader.next_frame() {
                Some(Inbound::Frame(body)) => {
                    self.held = Some(self.judge(body)?);
                    self.frames += 1;
                }
                // Met before: a length that is too large is refused as soon as it is known.
                Some(Inbound::TooLong { length }) => {
                    return Err(self.refuse_length(length as usize));
                }
                None => {
                    self.judge_beginning()?;
                    if self.taken == self.waiting.len() {
                        self.waiting.clear();
                        (self.taken, self.looked_at) = (0, 0);
                        return Ok(Progress::Done);
                    }
                    let mut source = Waiting {
                        bytes: &self.waiting,
                        taken: &mut self.taken,
                    };
                    // Memory has no errors.
                    let _ = self.reader.fill(&mut source);
                }
            }
        }
    }

    /// The text of a frame, if it may be sent.
    fn judge(&mut self, body: Vec<u8>) -> Result<String, OutputRefused> {
        let report = match String::from_utf8(body) {
            Ok(text) => match channel::check(&text) {
                Ok(()) => return Ok(text),
                Err(refused) => answer::invalid_reply(&self.plugin, &refused),
            },
            Err(_) => answer::invalid_reply(&self.plugin, &"it is not UTF-8"),
        };
        Err(self.refuse("a frame that is no message", report))
    }

    /// Judges the length of the frame that is under way, and keeps how it begins. Called whenever the reader has no
    /// whole frame left.
    fn judge_beginning(&mut self) -> Result<(), OutputRefused> {
        let piece = &self.waiting[self.looked_at..self.taken];
        self.looked_at = self.taken;
        let (arrived, expected) = match self.reader.at_end() {
            Ok(()) => (0, 0),
            Err(Truncated::InHeader { had }) => (had, 0),
            Err(Truncated::InBody { had, expected }) => (HEADER_LENGTH + had, expected),
        };
        if arrived <= piece.len() {
            // It began within this piece.
            self.beginning.clear();
        }
        let from = piece.len().saturating_sub(arrived);
        let room = SHOWN.saturating_sub(self.beginning.len());
        self.beginning
            .extend(piece[from..].iter().copied().take(room));
        if expected <= OUTBOUND_LIMIT {
            Ok(())
        } else {
            Err(self.refuse_length(expected))
        }
    }

    fn refuse_length(&mut self, length: usize) -> OutputRefused {
        if length <= LIKELY_LENGTH {
            let report = answer::reply_too_large(&self.plugin, length);
            self.refuse("a frame longer than a browser takes", report)
        } else {
            self.refuse_as_no_frame("it does not begin with a length that a browser takes")
        }
    }

    fn refuse_as_no_frame(&mut self, problem: &'static str) -> OutputRefused {
        let beginning = self.beginning.escape_ascii().to_string();
        let report = answer::plugin_output(&self.plugin, problem, &beginning);
        self.refuse(problem, report)
    }

    /// Takes nothing more. What the plugin wrote is in the report and not in the log.
    fn refuse(&mut self, problem: &str, report: Report) -> OutputRefused {
        let refused = OutputRefused(problem.to_owned());
        self.refused = Some((refused.clone(), report));
        refused
    }
}

/// How far the output has been taken apart.
enum Progress {
    /// All of it.
    Done,
    /// To a frame that waits for the browser.
    Held,
}

/// What a reader of frames reads from here.
struct Waiting<'a> {
    bytes: &'a [u8],
    taken: &'a mut usize,
}

impl Source for Waiting<'_> {
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let left = &self.bytes[*self.taken..];
        let part = &left[..left.len().min(buffer.capacity() - buffer.len())];
        buffer.extend_from_slice(part);
        *self.taken += part.len();
        Ok(part.len())
    }
}

#[cfg(test)]
mod tests;
