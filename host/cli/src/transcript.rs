//! Transcripts: what a plugin is told and what it says, as a text that people read and write.
//!
//! ```text
//! # What a counter does.
//! --- it counts
//! > {"add": 2}
//! < {"count": 2}
//! > {"add": 1,
//!    "why": "a long message goes on, with two spaces before each line"}
//! < {"count": 3, …}
//! ---
//! > {"add": 0}
//! < {"count": 3}
//! --- it refuses what is no number
//! > {"add": "two"}
//! ! plugin-error unknown-request: …
//! ```
//!
//! | Line | Means |
//! |---|---|
//! | `--- NAME` | a case begins: a fresh port, and nothing is left of what the cases before it have stored |
//! | `---` | the extension closes its port and opens another one; what was stored is still there |
//! | `> JSON` | a message to the plugin |
//! | `< JSON` | the next message that comes has to be this ([`Json`] says what `…` stands for) |
//! | `! CODE [MESSAGE]` | the next one has to be an error of the host, with this code and, where it is written, this message; `…` in it stands for any run of characters; where the plugin has answered with an error value, that is its own `CODE: MESSAGE` |
//! | `.` | the extension closes its port; what stands after it comes while the port ends |
//! | two spaces | goes on with the JSON of the line before |
//! | `# …`, an empty line | nothing |
//!
//! Messages are expected in the order in which they stand, and none beyond them until the port has ended. A message is
//! sent as soon as everything before it has happened. Lines before the first `---` are a case without a name.
//!
//! What this does not do: it talks to nobody. `portcullis test` plays a transcript.

mod bless;
pub(crate) mod json;
mod read;

use std::ops::Range;

use portcullis_core::names::escape;
use portcullis_core::protocol::report::RESERVED_KEY;

pub(crate) use bless::{Came, blessed};
pub(crate) use json::{Difference, Json, Text};

/// The longest transcript that is read, in bytes: some messages of the greatest length, and no more than an editor
/// opens.
pub(crate) const LONGEST: u64 = 16 * 1024 * 1024;

/// A transcript that can be played: at least one case, each with at least one message in each of its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transcript {
    /// In the order of the file.
    pub(crate) cases: Vec<Case>,
}

/// One case: what happens on one port, or on several one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// Nothing for lines before the first `---`. No two cases have the same.
    pub(crate) name: Option<String>,
    /// The line of the file on which it begins, from 1.
    pub(crate) line: usize,
    /// Its ports.
    pub(crate) ports: Vec<Port>,
}

/// What happens on one port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Port {
    /// One after the other. Nothing is sent after a [`Deed::Close`].
    pub(crate) steps: Vec<Step>,
}

/// One thing that happens on a port, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The lines of the file, from 0.
    pub(crate) lines: Range<usize>,
    /// What happens.
    pub(crate) deed: Deed,
}

/// Something that happens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A message to the plugin: JSON, as it is written.
    Send(String),
    /// A message from it.
    Expect(Expected),
    /// The extension closes its port.
    Close,
}

/// What the next message has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A message like this.
    Message(Json),
    /// An error frame of the host.
    Error {
        /// With this code.
        code: String,
        /// With this message, where that matters.
        message: Option<Text>,
    },
}

/// A frame that came, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// All of it.
    pub(crate) json: Json,
}

impl Frame {
    /// Reads a frame.
    pub(crate) fn read(text: &str) -> Result<Self, json::JsonFault> {
        Json::message(text).map(|json| Self { json })
    }

    /// The code and the message of an error frame of the host; nothing for what a plugin has sent, which cannot have the
    /// host's own key. Where the plugin has answered with an error value, the message is its own: `CODE: MESSAGE`.
    pub(crate) fn error(&self) -> Option<(String, String)> {
        let error = self.json.entry(RESERVED_KEY)?.entry("error")?;
        let word = |key| error.entry(key).and_then(Json::as_text);
        let message = match word("plugin_code") {
            Some(code) => format!("{code}: {}", word("plugin_message").unwrap_or_default()),
            None => word("message").unwrap_or_default(),
        };
        Some((word("code").unwrap_or_default(), message))
    }

    /// For a person, on one line.
    pub(crate) fn shown(&self) -> String {
        match self.error() {
            Some((code, text)) => format!("the host's error `{code}`: {}", escape(&text)),
            None => self.json.to_string(),
        }
    }

    /// The lines of a transcript that expect this frame and nothing else.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Some((code, message)) = self.error() else {
            return prefixed('<', &self.json.lines());
        };
        // The host's own sentences may be put better one day; a plugin's code is for programs.
        let own_code = message.split_once(": ").map(|(own, _)| own);
        let own_code = own_code.filter(|own| self.has_plugin_code(own) && is_plain(own));
        vec![match own_code {
            Some(own) => format!("! {code} {own}: {}", json::MARK),
            None => format!("! {code}"),
        }]
    }

    fn has_plugin_code(&self, code: &str) -> bool {
        let error = self.json.entry(RESERVED_KEY);
        let error = error.and_then(|frame| frame.entry("error"));
        let own = error.and_then(|error| error.entry("plugin_code"));
        own.and_then(Json::as_text).as_deref() == Some(code)
    }
}

/// Whether a plugin's code stands in a line as it is.
fn is_plain(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The lines of one step, with its mark before the first.
fn prefixed(mark: char, lines: &[String]) -> Vec<String> {
    let mut all: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    if let Some(first) = all.first_mut() {
        first.replace_range(..1, mark.encode_utf8(&mut [0; 4]));
    }
    all
}

impl Expected {
    /// Compares a frame with what is expected. Gives where they differ first.
    pub(crate) fn compare(&self, frame: &Frame) -> Result<(), Difference> {
        match self {
            // Whatever may come may not be the host's word that something failed.
            Self::Message(json)
                if frame.error().is_some() && json.entry(RESERVED_KEY).is_none() =>
            {
                Err(Difference {
                    at: String::new(),
                    expected: Some(json.to_string()),
                    came: Some(frame.shown()),
                })
            }
            Self::Message(json) => json.compare(&frame.json),
            Self::Error { code, message } => {
                let fits = frame.error().is_some_and(|(came, text)| {
                    came == *code && message.as_ref().is_none_or(|wanted| wanted.fits(&text))
                });
                if fits {
                    return Ok(());
                }
                Err(Difference {
                    at: String::new(),
                    expected: Some(self.shown()),
                    came: Some(frame.shown()),
                })
            }
        }
    }
}

impl Expected {
    /// For a person, on one line.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Message(json) => json.to_string(),
            Self::Error { code, message } => match message {
                Some(message) => format!("the host's error `{code}`: {}", message.to_lossy()),
                None => format!("the host's error `{code}`"),
            },
        }
    }
}

impl Port {
    /// Whether it says what has to come.
    pub(crate) fn expects(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step.deed, Deed::Expect(_)))
    }
}

#[cfg(test)]
mod tests;
