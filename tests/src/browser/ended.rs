//! How a host ended, and the rule that nobody may ignore it.

use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::frame::Frame;

/// A host that has ended. Dropped without [`Ended::expect_exit`] or [`Ended::expect_killed`], it fails the test: an end
/// that nobody looked at proves nothing.
#[derive(Debug)]
pub struct Ended {
    /// As the browser would see it.
    pub status: ExitStatus,
    /// Everything that the host wrote there.
    pub stderr: String,
    /// The frames that the test had not received yet.
    pub frames: Vec<Frame>,
    /// From the moment when the test closed a pipe or sent a signal, whichever was last.
    pub took: Duration,
    signals: Vec<Signal>,
    checked: Cell<bool>,
}

impl Ended {
    pub(super) fn new(
        status: ExitStatus,
        stderr: String,
        frames: Vec<Frame>,
        took: Duration,
        signals: Vec<Signal>,
    ) -> Self {
        Self {
            status,
            stderr,
            frames,
            took,
            signals,
            checked: Cell::new(false),
        }
    }

    /// Fails unless the exit code is this one. 101 is never expected: it is a panic.
    #[track_caller]
    pub fn expect_exit(self, code: i32) -> Self {
        self.checked.set(true);
        if let Err(sentence) = verdict(self.status, &self.stderr, &self.signals) {
            panic!("{sentence}");
        }
        assert!(
            self.status.code() == Some(code),
            "expected exit code {code}, got {}; stderr is:\n{}",
            self.status,
            self.stderr
        );
        self
    }

    /// Fails unless the host died of this signal, which the test must have sent.
    #[track_caller]
    pub fn expect_killed(self, signal: Signal) -> Self {
        self.checked.set(true);
        if let Err(sentence) = verdict(self.status, &self.stderr, &self.signals) {
            panic!("{sentence}");
        }
        assert!(
            self.status.signal() == Some(signal.as_raw()),
            "expected death by {signal:?}, got {}",
            self.status
        );
        self
    }

    /// Fails unless nothing was written to stderr.
    #[track_caller]
    pub fn expect_quiet(self) -> Self {
        assert!(
            self.stderr.is_empty(),
            "expected nothing on stderr, got:\n{}",
            self.stderr
        );
        self
    }

    /// Fails unless stderr has this text somewhere.
    #[track_caller]
    pub fn expect_stderr_contains(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "expected `{text}` on stderr, got:\n{}",
            self.stderr
        );
        self
    }

    /// Fails unless stderr is exactly one line.
    #[track_caller]
    pub fn expect_one_line(self) -> Self {
        assert!(
            self.stderr.lines().count() == 1 && self.stderr.ends_with('\n'),
            "expected one line on stderr, got:\n{}",
            self.stderr
        );
        self
    }

    /// Fails unless every frame had been received before.
    #[track_caller]
    pub fn expect_no_frames(self) -> Self {
        let left: Vec<_> = self.frames.iter().map(Frame::shortened).collect();
        assert!(left.is_empty(), "expected no further frames, got {left:?}");
        self
    }

    /// Fails unless the end came in time.
    #[track_caller]
    pub fn expect_within(self, limit: Duration) -> Self {
        assert!(
            self.took <= limit,
            "the end took {:?}, more than {limit:?}; stderr is:\n{}",
            self.took,
            self.stderr
        );
        self
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if !self.checked.get() && !thread::panicking() {
            panic!(
                "a host ended with {} and the test did not look; stderr is:\n{}",
                self.status, self.stderr
            );
        }
    }
}

/// What is wrong with an end whatever the test expects: a panic, or a signal that nobody sent.
pub(super) fn verdict(status: ExitStatus, stderr: &str, sent: &[Signal]) -> Result<(), String> {
    // A plugin's panic is a line of the log, after a level; the program's own begins the line.
    let panic = |line: &str| line.starts_with("thread '") && line.contains("panicked at");
    if status.code() == Some(101) || stderr.lines().any(panic) {
        return Err(format!(
            "the host panicked ({status}); stderr is:\n{stderr}"
        ));
    }
    match status.signal() {
        Some(number) if !sent.iter().any(|signal| signal.as_raw() == number) => Err(format!(
            "the host died of a signal that nobody sent ({status}); stderr is:\n{stderr}"
        )),
        _ => Ok(()),
    }
}
