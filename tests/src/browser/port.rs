//! One open port: one process of the host, its pipes, its end.
//!
//! Every wait has an end, so a host that hangs fails the test with what is known of it instead of hanging the suite. A
//! port that a test forgets is killed and reaped when it is dropped, and a panic of the host still fails the test then.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::Output;
use super::ended::{Ended, verdict};
use super::reader::{Event, Reader};
use crate::frame::{Frame, encode};

/// How long a test waits for what should come at once. Long, because a loaded machine is no failure of the host; tests
/// of time measure it instead of waiting less.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running host.
pub struct Port {
    child: Child,
    process: OwnedFd,
    input: Option<OwnedFd>,
    reader: Reader,
    stderr: Arc<Mutex<Vec<u8>>>,
    stderr_reader: Option<JoinHandle<()>>,
    signals: Vec<Signal>,
    /// When the test last did something that should end the host.
    ending: Option<Instant>,
    output_closed: bool,
    ended: bool,
}

impl Port {
    pub(super) fn new(mut child: Child, output: Output) -> io::Result<Self> {
        let input = OwnedFd::from(child.stdin.take().expect("stdin is a pipe"));
        // Only this end of the pipe: the host's end is a description of its own.
        rustix::io::ioctl_fionbio(&input, true)?;
        let reader = Reader::start(
            child.stdout.take().expect("stdout is a pipe").into(),
            output,
        )?;
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let stderr_reader = child.stderr.take().map(|mut pipe| {
            let kept = Arc::clone(&stderr);
            thread::spawn(move || {
                let mut chunk = [0; 4096];
                while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                    kept.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend_from_slice(&chunk[..count]);
                }
            })
        });
        let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        Ok(Self {
            child,
            process,
            input: Some(input),
            reader,
            stderr,
            stderr_reader,
            signals: Vec::new(),
            ending: None,
            output_closed: false,
            ended: false,
        })
    }

    /// The host's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends one JSON text as a frame, in one write where the pipe takes it.
    #[track_caller]
    pub fn send(&mut self, json: &str) -> &mut Self {
        self.send_raw(&encode(json))
    }

    /// Writes bytes as they are.
    ///
    /// # Panics
    ///
    /// When the host has closed its input, or takes nothing for [`PATIENCE`].
    #[track_caller]
    pub fn send_raw(&mut self, bytes: &[u8]) -> &mut Self {
        match self.try_send_raw(bytes, PATIENCE) {
            Ok(taken) if taken == bytes.len() => self,
            Ok(taken) => self.fail(&format!("took only {taken} of {} bytes", bytes.len())),
            Err(error) => self.fail(&format!("closed its input: {error}")),
        }
    }

    /// Writes bytes until the host has taken none for `patience`; returns how many it took.
    ///
    /// # Errors
    ///
    /// When the host has closed its input.
    #[track_caller]
    pub fn try_send_raw(&mut self, bytes: &[u8], patience: Duration) -> io::Result<usize> {
        let input = self
            .input
            .as_ref()
            .expect("a test writes before it closes the input");
        let mut taken = 0;
        while taken < bytes.len() {
            match rustix::io::write(input, &bytes[taken..]) {
                Ok(count) => taken += count,
                Err(rustix::io::Errno::AGAIN) => {
                    if !ready(input, PollFlags::OUT, patience)? {
                        break;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(taken)
    }

    /// The next frame.
    ///
    /// # Panics
    ///
    /// When none comes in time, when the host ends instead, and when what comes is not a frame.
    #[track_caller]
    pub fn receive(&mut self, patience: Duration) -> Frame {
        match self.next(patience) {
            Ok(Event::Frame(frame)) => frame,
            Ok(Event::Garbage(sentence)) => self.fail(&format!("wrote {sentence}")),
            Ok(Event::End) => self.fail("closed its output instead of sending a frame"),
            Err(RecvTimeoutError::Timeout) => {
                self.fail(&format!("sent no frame within {patience:?}"))
            }
            Err(RecvTimeoutError::Disconnected) => self.fail("had already closed its output"),
        }
    }

    /// The next frame, or `None` when none comes in time or the host has closed its output.
    ///
    /// # Panics
    ///
    /// When what comes is not a frame.
    #[track_caller]
    pub fn try_receive(&mut self, patience: Duration) -> Option<Frame> {
        match self.next(patience) {
            Ok(Event::Frame(frame)) => Some(frame),
            Ok(Event::Garbage(sentence)) => self.fail(&format!("wrote {sentence}")),
            Ok(Event::End) | Err(_) => None,
        }
    }

    /// Sends one message and returns the next frame.
    #[track_caller]
    pub fn ask(&mut self, json: &str) -> Frame {
        self.send(json).receive(PATIENCE)
    }

    /// `port.disconnect()`: the host sees the end of its input. The output stays open, as with a one-shot's peer that
    /// still reads.
    pub fn close_input(&mut self) -> &mut Self {
        self.input = None;
        self.ending = Some(Instant::now());
        self
    }

    /// Closes the browser's end of stdout: the next write of the host fails with `EPIPE`.
    pub fn close_output(&mut self) -> &mut Self {
        self.reader.close();
        self.output_closed = true;
        self.ending = Some(Instant::now());
        // The thread closes the pipe right before it reports the end.
        while !matches!(self.next(PATIENCE), Ok(Event::End) | Err(_)) {}
        self
    }

    /// Begins to read, after [`Output::Unread`].
    pub fn resume_output(&mut self) -> &mut Self {
        self.reader.resume();
        self
    }

    /// Sends a signal to the host alone.
    #[track_caller]
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        self.ending = Some(Instant::now());
        self.signals.push(signal);
        if let Err(error) = pidfd_send_signal(&self.process, signal) {
            self.fail(&format!("could not be sent {signal:?}: {error}"));
        }
        self
    }

    /// Whether the process is still there.
    pub fn is_running(&self) -> bool {
        !ready(&self.process, PollFlags::IN, Duration::ZERO).unwrap_or(true)
    }

    /// The most memory that the host has ever had in RAM, in bytes (`VmHWM`). `ru_maxrss` would not do: it survives
    /// `exec`, so it begins with the size of the test that forked.
    ///
    /// # Panics
    ///
    /// When the host has ended.
    #[track_caller]
    pub fn peak_resident_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let kib = status.lines().find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .trim()
                .strip_suffix(" kB")?
                .parse::<usize>()
                .ok()
        });
        match kib {
            Some(kib) => kib * 1024,
            None => self.fail("had ended before its memory could be measured"),
        }
    }

    /// What the host has written to stderr so far.
    pub fn stderr(&self) -> String {
        let kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }

    /// Closes the input, unless that is done, and waits for the end.
    ///
    /// # Panics
    ///
    /// When the host is still there after [`PATIENCE`] (it is killed then), and when its output is not only frames.
    #[track_caller]
    #[must_use = "an end that nobody checks proves nothing"]
    pub fn end(mut self) -> Ended {
        if self.input.is_some() {
            self.close_input();
        }
        self.finish()
    }

    /// Waits for the end without closing the input: after a signal, a closed output, or a host that should end by itself.
    ///
    /// # Panics
    ///
    /// As [`Port::end`].
    #[track_caller]
    #[must_use = "an end that nobody checks proves nothing"]
    pub fn wait(mut self) -> Ended {
        self.finish()
    }

    #[track_caller]
    fn finish(&mut self) -> Ended {
        let since = self.ending.unwrap_or_else(Instant::now);
        let exited = ready(&self.process, PollFlags::IN, PATIENCE).unwrap_or(false);
        let took = since.elapsed();
        if !exited {
            self.fail(&format!(
                "was still running {took:?} after it should have begun to end"
            ));
        }
        let status = self.reap();
        let mut frames = Vec::new();
        while !self.output_closed {
            match self.next(PATIENCE) {
                Ok(Event::Frame(frame)) => frames.push(frame),
                Ok(Event::End) => break,
                Ok(Event::Garbage(_)) if self.signals.contains(&Signal::KILL) => break,
                Ok(Event::Garbage(sentence)) => self.fail(&format!("wrote {sentence}")),
                Err(_) => self.fail("ended, but something still holds its output open"),
            }
        }
        Ended::new(status, self.stderr(), frames, took, self.signals.clone())
    }

    fn next(&mut self, patience: Duration) -> Result<Event, RecvTimeoutError> {
        self.reader.events.recv_timeout(patience)
    }

    fn reap(&mut self) -> ExitStatus {
        self.ended = true;
        self.input = None;
        let status = self
            .child
            .wait()
            .expect("the host is this process's own child");
        if let Some(reader) = self.stderr_reader.take() {
            // An orphan of the host could hold the pipe open for ever; what it says later is not waited for.
            let given_up = Instant::now() + Duration::from_secs(2);
            while !reader.is_finished() && Instant::now() < given_up {
                thread::sleep(Duration::from_millis(1));
            }
        }
        status
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let state = if self.is_running() { "running" } else { "gone" };
        panic!(
            "the host {what}; it is {state}, and its stderr is:\n{}",
            self.stderr()
        );
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.is_running() {
            let _ = self.child.kill();
            self.signals.push(Signal::KILL);
        }
        let status = self.reap();
        let wrong = verdict(status, &self.stderr(), &self.signals);
        if let (Err(sentence), false) = (wrong, thread::panicking()) {
            panic!("{sentence}");
        }
    }
}

/// Waits for one condition of one descriptor; `false` when it did not come in time.
fn ready(descriptor: impl AsFd, flags: PollFlags, patience: Duration) -> io::Result<bool> {
    let given_up = Instant::now() + patience;
    loop {
        let left = given_up.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&descriptor, flags)], Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
