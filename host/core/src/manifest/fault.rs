//! Why a browser does not use a manifest, in its words and in ours.

use std::fmt;

use super::document::Value;
use crate::home::Position;
use crate::names::escape;

/// The first thing for which a browser refuses a manifest. All texts are escaped, since they may quote the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What the extension is told: `runtime.lastError`, the rejection, or what is thrown. It rarely tells the reason.
    pub shown: String,
    /// What tells the reason in the browser's own log, as far as it is always the same; nothing where the log is
    /// silent. Chromium's log is standard error under `--enable-logging=stderr`, Firefox's the browser console.
    pub logged: Option<String>,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    pub mend: String,
    /// Where in the file it is; nothing for what is missing, and for what is wrong outside the file.
    pub position: Option<Position>,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(formatter, "{position}: ")?;
        }
        write!(formatter, "{}: {}", self.detail, self.mend)
    }
}

impl std::error::Error for Fault {}

/// The place of a JSON reader's complaint, as a byte of the text that it was given.
pub(super) fn offset_of(error: &serde_json::Error, text: &str) -> usize {
    let line_start = match error.line().checked_sub(2) {
        None => 0,
        Some(lines_before) => text
            .match_indices('\n')
            .nth(lines_before)
            .map_or(text.len(), |(newline, _)| newline + 1),
    };
    // The reader counts columns in bytes.
    line_start + error.column().saturating_sub(1)
}

/// A JSON reader's complaint without its place.
pub(super) fn complaint(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) => text[..place].to_owned(),
        None => text,
    }
}

/// Detail, mend and place for bytes that are no text.
pub(super) fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> (String, String, Position) {
    let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let before = before.strip_prefix('\u{feff}').unwrap_or(&before);
    (
        "the file is not UTF-8".to_owned(),
        "save it as UTF-8".to_owned(),
        Position::of(before, before.len()),
    )
}

pub(super) fn missing(key: &str) -> String {
    format!("there is no `{key}`")
}

/// `what` comes with its backticks.
pub(super) fn wrong_kind(what: &str, value: Value<'_>, wanted: &str) -> String {
    format!("{what} is {}, not {wanted}", value.kind())
}

pub(super) fn relative(path: &str) -> String {
    format!("`path` is `{}`, which is relative", escape(path))
}

/// The mend for a relative path.
pub(super) const WHOLE_PATH: &str = "write the program's whole path, from `/`";
