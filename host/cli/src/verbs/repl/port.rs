//! One port to a host that stays open: frames go in as they are typed, and what comes out goes to a listener.
//!
//! The deciding choice: a thread reads and tells the listener, so that neither end holds up the other, and nothing is
//! kept of what was told. It also waits for the host, so the end is told when it happens.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, bail};
use portcullis_core::protocol::json;
use portcullis_core::protocol::report::RESERVED_KEY;

use crate::exit::Internal;
use crate::verbs::send::Launcher;
use crate::verbs::send::port::read_frame;

/// Who has made a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    Plugin,
    /// The host itself, with an error.
    Host,
}

/// Hears everything of one port, on threads of the port's.
pub(super) trait Listener: Send + Sync {
    /// A frame has come: one JSON value. An error ends the reading.
    fn frame(&self, text: &str, speaker: Speaker) -> Result<()>;

    /// The host has said a line on standard error, where that is asked for.
    fn said(&self, line: &str);

    /// The host has ended, and this is the last call.
    fn ended(&self, how: &Result<ExitStatus>);
}

/// Where the host's standard error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stderr {
    /// To ours.
    Ours,
    /// To the listener.
    Listener,
}

/// A running host, until it ends or is closed.
pub(super) struct Port {
    stdin: ChildStdin,
    has_ended: Arc<AtomicBool>,
    reader: JoinHandle<Result<ExitStatus>>,
    // What the host was started by is there as long as it runs.
    _launcher: Option<Launcher>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// The system took it.
    Yes,
    /// The host has ended before it could have read the whole of it.
    HostGone,
}

impl Port {
    /// Starts the host.
    pub(super) fn open(
        mut command: Command,
        launcher: Option<Launcher>,
        stderr: Stderr,
        listener: impl Listener + 'static,
    ) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if stderr == Stderr::Listener {
            command.stderr(Stdio::piped());
        }
        let mut child = command
            .spawn()
            .map_err(|error| Internal(format!("cannot start portcullis-host: {error}")))?;
        let stdin = child.stdin.take().context("its input was asked for")?;
        let stdout = child.stdout.take().context("its output was asked for")?;
        let listener: Arc<dyn Listener> = Arc::new(listener);
        let stderr = child.stderr.take().map(|stderr| {
            let listener = Arc::clone(&listener);
            thread::spawn(move || pass_on(stderr, &*listener))
        });
        let has_ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&has_ended);
        let reader = thread::spawn(move || {
            let how = read_to_the_end(child, stdout, stderr, &*listener);
            flag.store(true, Ordering::SeqCst);
            listener.ended(&how);
            how
        });
        Ok(Self {
            stdin,
            has_ended,
            reader,
            _launcher: launcher,
        })
    }

    /// Whether the host has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }

    /// Sends one message, which was checked before.
    pub(super) fn send(&mut self, message: &str) -> Result<Sent> {
        if self.has_ended() {
            return Ok(Sent::HostGone);
        }
        let length = u32::try_from(message.len()).context("the message was measured before")?;
        let mut frame = Vec::with_capacity(4 + message.len());
        frame.extend_from_slice(&length.to_ne_bytes());
        frame.extend_from_slice(message.as_bytes());
        match self
            .stdin
            .write_all(&frame)
            .and_then(|()| self.stdin.flush())
        {
            Ok(()) => Ok(Sent::Yes),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Sent::HostGone),
            Err(error) => Err(error).context("cannot write to portcullis-host"),
        }
    }

    /// Closes the port, as a browser does, and waits for the host's end, which is within two seconds.
    ///
    /// # Errors
    ///
    /// Where what came could not be passed on, and where the host refused to start or failed.
    pub(super) fn close(self) -> Result<()> {
        drop(self.stdin);
        let status = self
            .reader
            .join()
            .map_err(|_| anyhow!(Internal("the reader panicked".to_owned())))??;
        judge(status)
    }
}

/// Whether an end was a good one.
pub(super) fn judge(status: ExitStatus) -> Result<()> {
    match status.code() {
        // Framing is ours here, so 3 is as much of a fault as a panic.
        Some(0 | 1) => Ok(()),
        Some(2) => bail!("portcullis-host refused to start"),
        _ => bail!(Internal(format!("portcullis-host ended with {status}"))),
    }
}

fn read_to_the_end(
    mut child: Child,
    stdout: ChildStdout,
    stderr: Option<JoinHandle<()>>,
    listener: &dyn Listener,
) -> Result<ExitStatus> {
    let read = read_frames(stdout, listener);
    if read.is_err() {
        // Nobody reads its output any more, so it must not be waited for. It may have ended meanwhile.
        _ = child.kill();
    }
    // What it said belongs before its end.
    _ = stderr.map(JoinHandle::join);
    let status = child.wait().context("cannot wait for portcullis-host")?;
    read.map(|()| status)
}

fn read_frames(stdout: ChildStdout, listener: &dyn Listener) -> Result<()> {
    let mut from = BufReader::new(stdout);
    while let Some(frame) = read_frame(&mut from)? {
        let is_host = json::check_for_key(&frame, RESERVED_KEY).map_err(|error| {
            Internal(format!(
                "portcullis-host wrote a frame that is not JSON: {error}"
            ))
        })?;
        let speaker = if is_host {
            Speaker::Host
        } else {
            Speaker::Plugin
        };
        listener.frame(&frame, speaker)?;
    }
    Ok(())
}

fn pass_on(stderr: ChildStderr, listener: &dyn Listener) {
    for line in BufReader::new(stderr).split(b'\n') {
        let Ok(line) = line else { return };
        listener.said(String::from_utf8_lossy(&line).trim_end());
    }
}
