//! A port to the host with nothing but the standard library: for what must hold on every system.
//!
//! It can do less than [`Browser`](crate::Browser), which is written for Linux: a test can send, receive and end, and
//! nothing else. What every port asserts, it asserts as well: all output is frames, and 101 is never an end.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::frame::{self, Frame, encode};

/// How long a test waits for what should come at once, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running host. Dropped before its end, it is killed.
pub struct PlainPort {
    child: Child,
    input: Option<ChildStdin>,
    frames: Receiver<Result<Frame, String>>,
    stderr: Option<JoinHandle<String>>,
}

/// How a host has ended.
#[derive(Debug)]
pub struct PlainEnd {
    /// Its exit code; never 101, which is a panic, nor that of a signal.
    pub code: i32,
    /// Everything that it wrote there.
    pub stderr: String,
    /// From the end of its input to its own.
    pub took: Duration,
}

impl PlainPort {
    /// Starts the host by this command, whose input and output become the port's.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("could not start the host: {error}"));
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut stderr = child.stderr.take().expect("stderr is a pipe");
        let (sender, frames) = mpsc::channel();
        thread::spawn(move || read(stdout, &sender));
        let stderr = thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read up to an error is all that there is.
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            input: child.stdin.take(),
            child,
            frames,
            stderr: Some(stderr),
        }
    }

    /// Sends one JSON text as a frame.
    ///
    /// # Panics
    ///
    /// When the host has closed its input.
    #[track_caller]
    pub fn send(&mut self, json: &str) -> &mut Self {
        let input = self.input.as_mut().expect("a test sends before it ends");
        if let Err(error) = input.write_all(&encode(json)).and_then(|()| input.flush()) {
            panic!("the host closed its input: {error}");
        }
        self
    }

    /// The next frame.
    ///
    /// # Panics
    ///
    /// When none comes in time, or what comes is none.
    #[track_caller]
    pub fn receive(&mut self) -> Frame {
        match self.frames.recv_timeout(PATIENCE) {
            Ok(Ok(frame)) => frame,
            Ok(Err(sentence)) => panic!("the host wrote {sentence}"),
            Err(error) => panic!("the host sent no frame: {error}"),
        }
    }

    /// Sends one message and returns the next frame.
    #[track_caller]
    pub fn ask(&mut self, json: &str) -> Frame {
        self.send(json).receive()
    }

    /// Closes the input and waits for the end.
    ///
    /// # Panics
    ///
    /// When the host does not end, panics, or has more to say than the test has received.
    #[track_caller]
    pub fn end(mut self) -> PlainEnd {
        self.input = None;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our own child") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "the host did not end");
            thread::sleep(Duration::from_millis(1));
        };
        let took = began.elapsed();
        let stderr = self.stderr.take().map(JoinHandle::join);
        let stderr = stderr
            .and_then(Result::ok)
            .expect("the reader does not panic");
        if let Ok(left) = self.frames.recv_timeout(PATIENCE) {
            panic!("nothing more was expected, got {left:?}");
        }
        PlainEnd {
            code: code(status, &stderr),
            stderr,
            took,
        }
    }
}

impl Drop for PlainPort {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn code(status: ExitStatus, stderr: &str) -> i32 {
    match status.code() {
        Some(code) if code != 101 => code,
        _ => panic!("the host ended with {status}; stderr is:\n{stderr}"),
    }
}

fn read(mut stdout: ChildStdout, sender: &Sender<Result<Frame, String>>) {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 128 * 1024];
    while let Ok(count @ 1..) = stdout.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..count]);
        // The test may have forgotten its port by now.
        let taken = frame::take(&mut bytes, |frame| drop(sender.send(Ok(frame))));
        if let Err(sentence) = taken {
            let _ = sender.send(Err(sentence));
            return;
        }
    }
    if !bytes.is_empty() {
        let _ = sender.send(Err(format!("{} bytes that are no frame", bytes.len())));
    }
}
