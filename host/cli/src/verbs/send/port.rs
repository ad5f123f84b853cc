//! One port to a host: a process, a frame in, and the frames that come out.
//!
//! A thread reads and prints while this one writes and waits, so that neither end can hold up the other, and nothing
//! but the kind of each frame is kept.

use std::io::{self, IsTerminal, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use portcullis_core::names::misleads;
use portcullis_core::protocol::{HEADER_LENGTH, OUTBOUND_LIMIT, json};

use crate::exit::Internal;
use crate::output::Output;

/// The one key of a frame that the host itself makes.
const HOST_KEY: &str = "$portcullis";

/// Who spoke last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastWord {
    /// Nobody.
    None,
    /// The plugin.
    Plugin,
    /// The host, with an error.
    Host,
}

/// A running host.
pub(super) struct Port {
    child: Child,
    frames: Receiver<LastWord>,
    reader: JoinHandle<Result<()>>,
}

impl Port {
    /// Starts the host. What it says on standard error goes to ours.
    pub(super) fn open(mut command: Command) -> Result<Self> {
        let not_started =
            |error: io::Error| Internal(format!("cannot start portcullis-host: {error}"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(not_started)?;
        let stdout = child.stdout.take().context("its output was asked for")?;
        let (sender, frames) = channel();
        let reader = thread::spawn(move || print_frames(stdout, &sender));
        Ok(Self {
            child,
            frames,
            reader,
        })
    }

    /// Sends the message, listens for `wait` or until the first frame, closes the port and listens to the end.
    pub(super) fn converse(
        mut self,
        message: &str,
        wait: Option<Duration>,
    ) -> Result<(LastWord, ExitStatus)> {
        let mut stdin = self.child.stdin.take().context("its input was asked for")?;
        let length = u32::try_from(message.len()).context("the message was measured before")?;
        let sent = stdin
            .write_all(&length.to_ne_bytes())
            .and_then(|()| stdin.write_all(message.as_bytes()))
            .and_then(|()| stdin.flush());
        match sent {
            // A host that refuses to start ends before it has read anything; how it ended says more than this.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            sent => sent.context("cannot write to portcullis-host")?,
        }
        let mut last_word = LastWord::None;
        match wait {
            None => last_word = self.frames.recv().unwrap_or(last_word),
            Some(wait) => self.listen(wait, &mut last_word),
        }
        drop(stdin);
        while let Ok(word) = self.frames.recv() {
            last_word = word;
        }
        let read = self
            .reader
            .join()
            .map_err(|_| anyhow!(Internal("the reader panicked".to_owned())))?;
        let status = self
            .child
            .wait()
            .context("cannot wait for portcullis-host")?;
        read?;
        Ok((last_word, status))
    }

    fn listen(&self, wait: Duration, last_word: &mut LastWord) {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.frames.recv_timeout(left) {
                Ok(word) => *last_word = word,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Prints each frame on a line until the host closes its output.
fn print_frames(mut from: ChildStdout, words: &Sender<LastWord>) -> Result<()> {
    let is_terminal = io::stdout().is_terminal();
    while let Some(frame) = read_frame(&mut from)? {
        let is_host = json::check_for_key(&frame, HOST_KEY).map_err(|error| {
            Internal(format!(
                "portcullis-host wrote a frame that is not JSON: {error}"
            ))
        })?;
        Output::new().line(one_line(&frame, is_terminal))?;
        // Nobody listens any more where the other thread has failed, which it reports itself.
        _ = words.send(if is_host {
            LastWord::Host
        } else {
            LastWord::Plugin
        });
    }
    Ok(())
}

/// The next frame, or `None` where the output ends between two frames. A browser would end the port for everything
/// that is an error here.
pub(in crate::verbs) fn read_frame(from: &mut impl Read) -> Result<Option<String>> {
    let broken = |what: String| Internal(format!("portcullis-host broke the framing: {what}"));
    let mut header = Vec::with_capacity(HEADER_LENGTH);
    from.take(HEADER_LENGTH as u64)
        .read_to_end(&mut header)
        .context("cannot read from portcullis-host")?;
    if header.is_empty() {
        return Ok(None);
    }
    let header = header
        .try_into()
        .map_err(|_| broken("its output ends inside a header".to_owned()))?;
    let length = u64::from(u32::from_ne_bytes(header));
    if length == 0 || length > OUTBOUND_LIMIT as u64 {
        return Err(broken(format!("a frame of {length} bytes")).into());
    }
    let mut body = Vec::new();
    from.take(length)
        .read_to_end(&mut body)
        .context("cannot read from portcullis-host")?;
    if (body.len() as u64) < length {
        return Err(broken("its output ends inside a frame".to_owned()).into());
    }
    let text =
        String::from_utf8(body).map_err(|_| broken("a frame that is not UTF-8".to_owned()))?;
    Ok(Some(text))
}

/// The same JSON on one line. On a terminal, characters that could move the cursor or turn the text round are written
/// as JSON's own escapes: they can only stand in strings, where that means the same.
pub(in crate::verbs) fn one_line(frame: &str, is_terminal: bool) -> String {
    let mut line = String::with_capacity(frame.len());
    for character in frame.chars() {
        match character {
            // In JSON these can only be space between values.
            '\n' | '\r' | '\t' => line.push(' '),
            _ if is_terminal && misleads(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).expect("short");
        [&length.to_ne_bytes(), body].concat()
    }

    #[test]
    fn frames_are_read_to_the_end() {
        let bytes = [framed(b"1"), framed(b"\"two\"")].concat();
        let mut from = &bytes[..];
        assert_eq!(read_frame(&mut from).expect("whole").as_deref(), Some("1"));
        assert_eq!(
            read_frame(&mut from).expect("whole").as_deref(),
            Some("\"two\"")
        );
        assert_eq!(read_frame(&mut from).expect("the end"), None);
    }

    #[test]
    fn what_a_browser_would_not_take_is_an_internal_error() {
        let cases: [(&[u8], &str); 6] = [
            (b"\x01\0", "inside a header"),
            (&framed(b"abc")[..6], "inside a frame"),
            (&framed(b"abc")[..4], "inside a frame"),
            (&framed(b""), "a frame of 0 bytes"),
            (&u32::MAX.to_ne_bytes(), "a frame of 4294967295 bytes"),
            (&framed(b"\xff"), "not UTF-8"),
        ];
        for (bytes, expected) in cases {
            let error = read_frame(&mut &bytes[..]).expect_err(expected);
            assert!(
                error.is::<Internal>() && error.to_string().contains(expected),
                "{error}"
            );
        }
    }

    #[test]
    fn a_frame_is_printed_on_one_line() {
        let frame = "{\n\t\"a\": \"\u{9b}2J\u{202e}é\"\r\n}";
        assert_eq!(one_line(frame, false), "{  \"a\": \"\u{9b}2J\u{202e}é\"  }");
        assert_eq!(one_line(frame, true), "{  \"a\": \"\\u009b2J\\u202eé\"  }");
    }
}
