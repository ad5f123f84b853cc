//! Text into transcripts. Every fault has a line and a column.

use std::ops::Range;

use portcullis_core::names::escape;
use portcullis_core::protocol::report::ErrorCode;
use thiserror::Error;

use super::json::JsonFault;
use super::{Case, Deed, Expected, Json, Port, Step, Text, Transcript};

/// Why a text is no transcript. The file's name is for the caller to put before it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{line}:{column}: {problem}")]
pub(crate) struct TranscriptError {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// What is wrong there and how to mend it.
    pub(crate) problem: String,
}

/// What stands before the JSON on the first line of a step and on those that it goes on with: a mark and a space, or two
/// spaces.
const INDENT: usize = 2;

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Errors
    ///
    /// The first [`TranscriptError`] of the text.
    pub(crate) fn parse(text: &str) -> Result<Self, TranscriptError> {
        let lines: Vec<&str> = text.lines().collect();
        let mut reader = Reader {
            lines: &lines,
            at: 0,
            cases: Vec::new(),
        };
        while reader.at < lines.len() {
            reader.step()?;
        }
        reader.check_port()?;
        if reader.cases.is_empty() {
            return Err(fault(
                0,
                "there is no message in it: write `> JSON` for one to the plugin, `< JSON` for one from it",
            ));
        }
        Ok(Self {
            cases: reader.cases,
        })
    }
}

struct Reader<'a> {
    lines: &'a [&'a str],
    at: usize,
    cases: Vec<Case>,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), TranscriptError> {
        let begin = self.at;
        let line = self.lines[begin];
        self.at += 1;
        let (mark, rest) = match line.split_once(' ') {
            Some((mark, rest)) => (mark, rest.trim()),
            None => (line, ""),
        };
        let deed = match mark {
            "" if rest.is_empty() => return Ok(()),
            "" => {
                return Err(fault(
                    begin,
                    "this goes on with a message, and there is none before it",
                ));
            }
            _ if mark.starts_with('#') => return Ok(()),
            "---" => return self.begin_port(begin, rest),
            ">" => Deed::Send(self.sent(begin)?),
            "<" => {
                let (text, lines) = self.with_rest(begin);
                let json = Json::pattern(&text).map_err(|fault| located(&fault, &text, &lines))?;
                Deed::Expect(Expected::Message(json))
            }
            "!" => Deed::Expect(error(begin, rest)?),
            "." if rest.is_empty() => Deed::Close,
            _ => {
                return Err(fault(
                    begin,
                    "a line begins with `> `, `< `, `! `, `---`, `#` or two spaces, or is a `.`",
                ));
            }
        };
        self.take(begin, deed)
    }

    fn begin_port(&mut self, line: usize, name: &str) -> Result<(), TranscriptError> {
        self.check_port()?;
        if name.is_empty() {
            let Some(case) = self.cases.last_mut() else {
                return Err(fault(
                    line,
                    "there is no port to close yet: a case begins with `--- NAME`",
                ));
            };
            case.ports.push(Port::default());
            return Ok(());
        }
        let is_same = |case: &&Case| case.name.as_deref() == Some(name);
        if let Some(other) = self.cases.iter().find(is_same) {
            let problem = format!(
                "the case on line {} has this name already: give each its own",
                other.line
            );
            return Err(fault(line, &problem));
        }
        self.cases.push(Case {
            name: Some(name.to_owned()),
            line: line + 1,
            ports: vec![Port::default()],
        });
        Ok(())
    }

    /// Refuses a port on which nothing happens: nobody writes one on purpose.
    fn check_port(&self) -> Result<(), TranscriptError> {
        let Some(case) = self.cases.last() else {
            return Ok(());
        };
        match case.ports.last() {
            Some(port) if !port.steps.is_empty() => Ok(()),
            _ => Err(fault(
                case.line - 1,
                "nothing happens on a port of this case: write `> JSON` for a message to the plugin",
            )),
        }
    }

    /// The JSON of a message to the plugin: an extension cannot send anything else.
    fn sent(&mut self, begin: usize) -> Result<String, TranscriptError> {
        let (text, lines) = self.with_rest(begin);
        Json::message(&text).map_err(|fault| located(&fault, &text, &lines))?;
        Ok(text.trim().to_owned())
    }

    /// What stands after the mark, with the lines that go on with it.
    fn with_rest(&mut self, begin: usize) -> (String, Range<usize>) {
        let mut text = self.lines[begin]
            .get(INDENT..)
            .unwrap_or_default()
            .to_owned();
        while let Some(more) = self
            .lines
            .get(self.at)
            .and_then(|line| line.strip_prefix("  "))
        {
            text.push('\n');
            text.push_str(more);
            self.at += 1;
        }
        (text, begin..self.at)
    }

    fn take(&mut self, begin: usize, deed: Deed) -> Result<(), TranscriptError> {
        if self.cases.is_empty() {
            self.cases.push(Case {
                name: None,
                line: begin + 1,
                ports: vec![Port::default()],
            });
        }
        let port = self.cases.last_mut().and_then(|case| case.ports.last_mut());
        let port = port.expect("a case has been put there, and each has a port");
        let is_closed = port.steps.iter().any(|step| step.deed == Deed::Close);
        match deed {
            Deed::Send(_) if is_closed => Err(fault(
                begin,
                "the port was closed by the `.` above: begin another one with `---`",
            )),
            Deed::Close if is_closed => Err(fault(begin, "the port was closed before")),
            deed => {
                port.steps.push(Step {
                    lines: begin..self.at,
                    deed,
                });
                Ok(())
            }
        }
    }
}

/// `CODE [MESSAGE]`.
fn error(line: usize, rest: &str) -> Result<Expected, TranscriptError> {
    let (code, message) = rest.split_once(' ').unwrap_or((rest, ""));
    // Its own error names every code that there is.
    if let Err(unknown) = serde_json::from_value::<ErrorCode>(escape(code).into()) {
        return Err(TranscriptError {
            column: INDENT + 1,
            ..fault(line, &format!("this is no code of the host: {unknown}"))
        });
    }
    let message = message.trim();
    Ok(Expected::Error {
        code: code.to_owned(),
        message: (!message.is_empty()).then(|| Text::pattern(message)),
    })
}

fn fault(line: usize, problem: &str) -> TranscriptError {
    TranscriptError {
        line: line + 1,
        column: 1,
        problem: problem.to_owned(),
    }
}

/// Where in the file a fault in the JSON of some lines is.
fn located(
    JsonFault { at, problem }: &JsonFault,
    text: &str,
    lines: &Range<usize>,
) -> TranscriptError {
    let before = text.get(..*at).unwrap_or(text);
    let (above, in_line) = match before.rsplit_once('\n') {
        Some((above, in_line)) => (above.matches('\n').count() + 1, in_line),
        None => (0, before),
    };
    TranscriptError {
        line: lines.start + above + 1,
        column: INDENT + in_line.chars().count() + 1,
        problem: (*problem).to_owned(),
    }
}
