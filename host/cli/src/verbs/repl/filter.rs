//! `repl` without a terminal: one JSON text per line in, one per line out.
//!
//! The deciding choice: a line is answered before the next one is sent, so that the n-th answer of a plugin that
//! answers everything belongs to the n-th line. Messages that nobody asked for come out between them. A line that
//! cannot be sent is told on standard error and does not keep the others from being sent; the exit code remembers it.

use std::io::{self, BufRead, IsTerminal as _, Read as _, Write as _};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portcullis_core::protocol::INBOUND_CEILING;

use super::port::{Listener, Port, Sent, Speaker, Stderr};
use super::{Caller, send};
use crate::output::{Output, OutputError};
use crate::verbs::send::port::one_line;

/// How often a message is given to a host that then proves to be gone: one may have ended since it was looked at, and
/// a fresh one that does the same is broken.
const MOST_STARTS: u32 = 2;

pub(super) fn run(caller: &Caller, wait: Option<Duration>) -> Result<()> {
    let mut hosts = Hosts { caller, open: None };
    // As in a browser, the host is there before the first message: a session may speak first.
    hosts.open()?;
    let mut input = io::stdin().lock();
    let (mut number, mut refused, mut failed) = (0_u64, 0_u64, 0_u64);
    while let Some(line) = next_line(&mut input)? {
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        let outcome = send::checked(line).and_then(|message| hosts.ask(&message, wait));
        match outcome {
            Ok(Answer::Plugin | Answer::None) => {}
            Ok(Answer::Host) => refused += 1,
            // What is printed is no longer read, and no line is at fault.
            Err(error) if error.chain().any(|cause| cause.is::<OutputError>()) => {
                return Err(error);
            }
            Err(error) => {
                failed += 1;
                // With standard error closed there is nobody to tell, and the exit code still says it.
                _ = writeln!(io::stderr().lock(), "line {number}: {error:#}");
            }
        }
    }
    hosts.close()?;
    match (failed, refused) {
        (0, 0) => Ok(()),
        (0, refused) => bail!("the host answered with an error to {refused} of the lines"),
        (failed, 0) => bail!("{failed} of the lines failed"),
        (failed, refused) => {
            bail!("{failed} of the lines failed, and to {refused} the host answered with an error")
        }
    }
}

/// The next line without its end, or `None` at the end of the input. The longest that is read is a little longer than
/// the longest message.
fn next_line(input: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = Vec::new();
    input
        .take(u64::from(INBOUND_CEILING) + 2)
        .read_until(b'\n', &mut line)
        .context("cannot read from standard input")?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 > u64::from(INBOUND_CEILING) {
        bail!(
            "a line is longer than {INBOUND_CEILING} bytes, which is the most that a browser sends"
        );
    }
    let line = String::from_utf8(line).context("standard input is not UTF-8")?;
    Ok(Some(line))
}

/// What a line was answered with, as far as it matters for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Plugin,
    Host,
    /// Nothing came in the time to wait.
    None,
}

/// The host that is open, and the way to the next one.
struct Hosts<'a> {
    caller: &'a Caller,
    open: Option<(Port, Receiver<Word>)>,
}

impl Hosts<'_> {
    fn open(&mut self) -> Result<&mut (Port, Receiver<Word>)> {
        let (words, heard) = channel();
        let port = self.caller.connect(
            Stderr::Ours,
            Printer {
                words,
                is_terminal: io::stdout().is_terminal(),
            },
        )?;
        Ok(self.open.insert((port, heard)))
    }

    /// Sends one message and waits for what comes of it.
    fn ask(&mut self, message: &str, wait: Option<Duration>) -> Result<Answer> {
        for _ in 0..MOST_STARTS {
            if self.open.as_ref().is_some_and(|(port, _)| port.has_ended()) {
                self.close()?;
            }
            let (port, heard) = match &mut self.open {
                Some(open) => open,
                None => self.open()?,
            };
            // What came before cannot be the answer.
            while heard.try_recv().is_ok() {}
            match port.send(message)? {
                Sent::Yes => return self.listen(wait),
                Sent::HostGone => self.close()?,
            }
        }
        bail!("portcullis-host ended before it had read the message")
    }

    fn listen(&mut self, wait: Option<Duration>) -> Result<Answer> {
        let Some((_, heard)) = &self.open else {
            bail!("there is no host to listen to");
        };
        let deadline = wait.map(|wait| Instant::now() + wait);
        let mut answer = Answer::None;
        loop {
            let word = match deadline {
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => {
                    heard.recv_timeout(deadline.saturating_duration_since(Instant::now()))
                }
            };
            match word {
                Ok(Word::Frame(speaker)) => {
                    answer = match speaker {
                        Speaker::Host => Answer::Host,
                        Speaker::Plugin => Answer::Plugin,
                    };
                    if deadline.is_none() {
                        return Ok(answer);
                    }
                }
                Ok(Word::Ended) | Err(RecvTimeoutError::Disconnected) => {
                    self.close()?;
                    if answer == Answer::None {
                        bail!("portcullis-host ended without an answer");
                    }
                    return Ok(answer);
                }
                Err(RecvTimeoutError::Timeout) => return Ok(answer),
            }
        }
    }

    fn close(&mut self) -> Result<()> {
        self.open.take().map_or(Ok(()), |(port, _)| port.close())
    }
}

/// What happened on the port. What a frame says is printed and not kept.
enum Word {
    Frame(Speaker),
    Ended,
}

struct Printer {
    words: Sender<Word>,
    is_terminal: bool,
}

impl Listener for Printer {
    fn frame(&self, text: &str, speaker: Speaker) -> Result<()> {
        Output::new().line(one_line(text, self.is_terminal))?;
        // Nobody listens any more where the other thread has failed, which it reports itself.
        _ = self.words.send(Word::Frame(speaker));
        Ok(())
    }

    fn said(&self, _line: &str) {}

    fn ended(&self, _how: &Result<ExitStatus>) {
        _ = self.words.send(Word::Ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_and_without_an_end() {
        let mut input = &b"1\n\n {\"a\":1} \r\n2"[..];
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).expect("text") {
            lines.push(line);
        }
        assert_eq!(lines, ["1", "", " {\"a\":1} \r", "2"]);
        let error = next_line(&mut &b"\xff\n"[..]).expect_err("no text");
        assert!(error.to_string().contains("not UTF-8"), "{error:#}");
    }
}
