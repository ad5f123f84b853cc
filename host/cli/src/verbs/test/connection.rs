//! One port to the host under test: frames in, frames out, with a bound on every wait.
//!
//! A thread reads, so that a host which writes more than a pipe holds is never waited for in vain, and a transcript that
//! expects something else than what comes ends by the clock.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::exit::Internal;
use crate::verbs::send::port::read_frame;

/// How long a host may take to end after its input has: it gives itself a second and a half.
const ENDING: Duration = Duration::from_secs(30);

/// How often its end is looked for.
const PAUSE: Duration = Duration::from_millis(2);

/// The most that is read of what a host says on standard error, in bytes.
const LONGEST_WORDS: u64 = 16 * 1024;

/// A running host. It is killed if it still runs when this is dropped.
pub(super) struct Connection {
    child: Child,
    stdin: Option<ChildStdin>,
    frames: Receiver<Result<String>>,
    words: File,
}

/// What came next.
pub(super) enum Next {
    Frame(String),
    /// Nothing more will.
    Ended,
    /// Nothing in that time.
    TimedOut,
}

/// How a port ended.
pub(super) struct Ended {
    /// What came after the last frame that was asked for.
    pub(super) frames: Vec<String>,
    /// Nothing where it had to be killed.
    pub(super) status: Option<ExitStatus>,
    /// What it said on standard error.
    pub(super) words: String,
}

impl Connection {
    /// Starts the host.
    pub(super) fn open(mut command: Command) -> Result<Self> {
        let not_started =
            |error: io::Error| Internal(format!("cannot start portcullis-host: {error}"));
        let words = tempfile::tempfile().context("cannot make a temporary file")?;
        let theirs = words.try_clone().context("cannot share a temporary file")?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(theirs)
            .spawn()
            .map_err(not_started)?;
        let stdin = child.stdin.take();
        let mut stdout = child.stdout.take().context("its output was asked for")?;
        let (sender, frames) = channel();
        thread::spawn(move || {
            while let Some(frame) = read_frame(&mut stdout).transpose() {
                let is_broken = frame.is_err();
                // Nobody listens any more once the port has been given up.
                if sender.send(frame).is_err() || is_broken {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            stdin,
            frames,
            words,
        })
    }

    /// Sends a message. A host that does not take it has ended, which is seen where its answer is missed.
    pub(super) fn send(&mut self, message: &str) -> Result<()> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(());
        };
        let length = u32::try_from(message.len()).context("no message is longer than 64 MiB")?;
        let sent = stdin
            .write_all(&length.to_ne_bytes())
            .and_then(|()| stdin.write_all(message.as_bytes()))
            .and_then(|()| stdin.flush());
        match sent {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            sent => sent.context("cannot write to portcullis-host"),
        }
    }

    /// What comes within that time.
    pub(super) fn next(&self, patience: Duration) -> Result<Next> {
        match self.frames.recv_timeout(patience) {
            Ok(frame) => Ok(Next::Frame(frame?)),
            Err(RecvTimeoutError::Timeout) => Ok(Next::TimedOut),
            Err(RecvTimeoutError::Disconnected) => Ok(Next::Ended),
        }
    }

    /// Ends the host's input.
    pub(super) fn close(&mut self) {
        self.stdin = None;
    }

    /// Ends the host's input and waits for its end.
    pub(super) fn finish(mut self) -> Result<Ended> {
        self.close();
        let deadline = Instant::now() + ENDING;
        let mut frames = Vec::new();
        let mut is_open = true;
        while is_open {
            match self.next(deadline.saturating_duration_since(Instant::now()))? {
                Next::Frame(frame) => frames.push(frame),
                Next::Ended | Next::TimedOut => is_open = false,
            }
        }
        let mut status = self.try_wait()?;
        while status.is_none() && Instant::now() < deadline {
            thread::sleep(PAUSE);
            status = self.try_wait()?;
        }
        let mut words = Vec::new();
        self.words
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.words).take(LONGEST_WORDS).read_to_end(&mut words))
            .context("cannot read what portcullis-host has said")?;
        Ok(Ended {
            frames,
            status,
            words: String::from_utf8_lossy(&words).trim().to_owned(),
        })
    }

    fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .context("cannot wait for portcullis-host")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Most have ended by now, and both calls then do nothing.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
