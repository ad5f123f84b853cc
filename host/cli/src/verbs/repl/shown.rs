//! How a frame looks on a terminal.
//!
//! A plugin's JSON is shown as it is, on one line. An error of the host is taken apart, so that its sentence and its
//! hint can be read; whatever others have written in it passes `plain` first, since a terminal obeys.

use std::fmt::Write as _;

use portcullis_core::protocol::report::RESERVED_KEY;
use serde_json::Value;

use super::port::Speaker;
use crate::output::plain;
use crate::verbs::send::port::one_line;

/// What is shown of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// A plugin's words.
    Message(String),
    /// The host's error, and under it the hint, where there is one.
    Error(String, Option<String>),
}

impl Shown {
    pub(super) fn of(frame: &str, speaker: Speaker) -> Self {
        let line = || one_line(frame, true);
        match speaker {
            Speaker::Plugin => Self::Message(line()),
            Speaker::Host => error(frame).unwrap_or_else(|| Self::Error(line(), None)),
        }
    }
}

/// The parts of an error that a person reads.
fn error(frame: &str) -> Option<Shown> {
    let frame: Value = serde_json::from_str(frame).ok()?;
    let error = &frame[RESERVED_KEY]["error"];
    let part = |name: &str| error[name].as_str().map(plain);
    let mut sentence = format!("error {}", part("code")?);
    if let Some(code) = part("plugin_code") {
        // Writing to a text does not fail.
        _ = write!(sentence, " ({code})");
    }
    if let Some(message) = part("message") {
        _ = write!(sentence, ": {message}");
    }
    Some(Shown::Error(sentence, part("hint")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_frames() {
        let error = |sentence: &str, hint: Option<&str>| {
            Shown::Error(sentence.to_owned(), hint.map(str::to_owned))
        };
        let cases = [
            (
                "{\"a\":\n\"\u{9b}2J\"}",
                Speaker::Plugin,
                Shown::Message("{\"a\": \"\\u009b2J\"}".to_owned()),
            ),
            (
                r#"{"$portcullis":{"error":{"code":"no-route","request":1,"message":"no route","hint":"portcullis route add"}}}"#,
                Speaker::Host,
                error("error no-route: no route", Some("portcullis route add")),
            ),
            (
                r#"{"$portcullis":{"error":{"code":"plugin-error","plugin_code":"gone","message":"plugin `a` refused: \u001b[2J"}}}"#,
                Speaker::Host,
                error(
                    "error plugin-error (gone): plugin `a` refused: \\u{1b}[2J",
                    None,
                ),
            ),
            (
                r#"{"$portcullis":{"news":1}}"#,
                Speaker::Host,
                error(r#"{"$portcullis":{"news":1}}"#, None),
            ),
        ];
        for (frame, speaker, expected) in cases {
            assert_eq!(Shown::of(frame, speaker), expected, "{frame}");
        }
    }
}
