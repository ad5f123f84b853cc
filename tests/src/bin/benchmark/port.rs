//! One process of a host, driven as a browser drives it: length and text on its input, length and text on its output.
//!
//! What is timed is the least that a browser does. A process is started by `Command` without any hook between fork and
//! exec, for then the standard library uses `posix_spawn`, whose price does not grow with this program; a frame is one
//! write; a reply is as few reads as the pipe allows. Every reply is compared, outside of what is timed.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use portcullis_tests::ORIGIN;

use crate::message::Message;
use crate::process::Process;
use crate::subject::Subject;

/// Room for the longest reply that there is, 1 MiB with its length.
const LONGEST_FRAME: usize = 1024 * 1024 + 4;

/// How long a host may take to end after its input has. Node takes some ten milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running host. Dropped before its end, it is killed.
pub(crate) struct Port {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    reply: Vec<u8>,
    filled: usize,
}

impl Port {
    /// Starts the host. Returns as soon as the process is there, which is long before it reads.
    pub(crate) fn start(subject: &Subject) -> Result<Self> {
        let mut child = Command::new(&subject.program)
            .args(&subject.arguments)
            .arg(ORIGIN)
            // For all of them, since an environment of another length is another start.
            .env("PORTCULLIS_HOME", subject.home())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to start `{}`", subject.name))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("`{}` has no pipes", subject.name);
        };
        Ok(Self {
            name: subject.name.clone(),
            child,
            input: Some(input),
            output,
            // Not touched here: the pages come with the first reply.
            reply: vec![0; LONGEST_FRAME],
            filled: 0,
        })
    }

    /// Sends one message and reads all of its reply; returns the time that took. The reply is then compared with what
    /// the message asks for.
    pub(crate) fn exchange(&mut self, message: &Message) -> Result<Duration> {
        let began = Instant::now();
        self.raw_exchange(message)?;
        let took = began.elapsed();
        self.check(message)?;
        Ok(took)
    }

    /// The same without the clock and the comparison, for what has a clock of its own and [checks](Self::check) later.
    pub(crate) fn raw_exchange(&mut self, message: &Message) -> Result<()> {
        let name = &self.name;
        let input = self.input.as_mut().context("the port has ended")?;
        input
            .write_all(message.frame())
            .with_context(|| format!("`{name}` does not read"))?;
        self.filled = 0;
        let mut wanted = 4;
        while self.filled < wanted {
            let room = &mut self.reply[self.filled..];
            let count = self
                .output
                .read(room)
                .with_context(|| format!("`{name}` cannot be read from"))?;
            ensure!(count > 0, "`{name}` ended without a reply");
            self.filled += count;
            if let Some(header) = self.reply[..self.filled].first_chunk::<4>() {
                wanted = 4 + u32::from_ne_bytes(*header) as usize;
                ensure!(
                    wanted <= LONGEST_FRAME,
                    "`{name}` claims a reply of {wanted} bytes, which no browser takes"
                );
            }
        }
        Ok(())
    }

    /// Compares the last reply with what the message asks for.
    pub(crate) fn check(&self, message: &Message) -> Result<()> {
        let reply = &self.reply[4..self.filled];
        ensure!(
            message.is_answered_by(reply),
            "`{}` answered a message of {} bytes with {} bytes that are wrong: `{}`",
            self.name,
            message.length(),
            reply.len(),
            String::from_utf8_lossy(&reply[..reply.len().min(200)])
        );
        Ok(())
    }

    /// What the system knows of the process.
    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    /// Ends the input and waits for the end of the process, which has to be a good one.
    pub(crate) fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "`{}` does not end with its input",
                self.name
            );
            std::thread::sleep(Duration::from_micros(100));
        };
        ensure!(status.success(), "`{}` ended with {status}", self.name);
        Ok(())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // It has ended by itself unless something has gone wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
