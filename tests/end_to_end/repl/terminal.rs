//! A terminal with `portcullis repl` on it: a pseudo-terminal, read by a thread.
//!
//! Only what appears is looked at, in its order: each look begins behind what the last one has found, so a text that
//! was already there is not taken for a new one.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::Home;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

pub(super) const CTRL_C: &str = "\x03";
pub(super) const CTRL_D: &str = "\x04";
pub(super) const UP: &str = "\x1b[A";

/// How long something may take to appear. It takes milliseconds; a machine that compiles at the same time is slow.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Terminal {
    child: Child,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    shown: String,
    /// Where the next look begins.
    seen: usize,
}

impl Terminal {
    /// Starts `portcullis repl` with these arguments and variables.
    pub(super) fn open(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("the system has a terminal to give");
        grantpt(&master)
            .and_then(|()| unlockpt(&master))
            .expect("it is ours");
        let size = Winsize {
            ws_row: 40,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("it is ours");
        let path = ptsname(&master, Vec::new()).expect("it has a name");
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path.to_str().expect("a plain name"))
            .expect("it was unlocked");
        let all = ["repl"].into_iter().chain(arguments.iter().copied());
        let mut command = home.portcullis(all);
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        for (name, value) in variables {
            command.env(name, value);
        }
        let end = || Stdio::from(slave.try_clone().expect("a descriptor can be had again"));
        let child = command
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the program was just built");
        // The command and our own end go, so that the end of the program is the end of the output.
        drop(command);
        drop(slave);
        let keyboard = File::from(master);
        let mut screen = keyboard.try_clone().expect("a descriptor can be had again");
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is told by an error.
            while let Ok(length @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            output,
            shown: String::new(),
            seen: 0,
        }
    }

    pub(super) fn types(&mut self, keys: &str) -> &mut Self {
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("the terminal is open");
        self
    }

    /// Waits until this appears behind what was seen before.
    #[track_caller]
    pub(super) fn sees(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            if let Err(error) = self.read(deadline) {
                panic!(
                    "`{text}` did not appear ({error}) in {:?}\nbehind {:?}",
                    &self.shown[self.seen..],
                    &self.shown[..self.seen]
                );
            }
        }
    }

    /// Waits until this has appeared, wherever that was.
    #[track_caller]
    pub(super) fn has_shown(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.shown.contains(text) {
            if let Err(error) = self.read(deadline) {
                panic!("`{text}` did not appear ({error}) in {:?}", self.shown);
            }
        }
    }

    /// Waits until the next line can be typed.
    #[track_caller]
    pub(super) fn prompt(&mut self) -> &mut Self {
        self.sees("> ")
    }

    /// Waits for the program's end, which has to be a good one, and returns all that was shown.
    #[track_caller]
    pub(super) fn ends(&mut self) -> &str {
        self.ends_with(0)
    }

    /// The same with another exit code.
    #[track_caller]
    pub(super) fn ends_with(&mut self, code: i32) -> &str {
        let deadline = Instant::now() + PATIENCE;
        while self.read(deadline).is_ok() {}
        let status = self.child.wait().expect("it was started");
        assert_eq!(status.code(), Some(code), "{status}: {:?}", self.shown);
        &self.shown
    }

    /// Reads a little more. Bytes that are no text yet are rare enough to be shown as what they are.
    fn read(&mut self, deadline: Instant) -> Result<(), RecvTimeoutError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let bytes = self.output.recv_timeout(left)?;
        self.shown.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended where the test went well.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
