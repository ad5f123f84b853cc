//! Everything that is printed on standard output, and how it looks.
//!
//! Plain text without colours, so that it reads the same on a terminal, in a file and in a script. Names that a person
//! did not type come through `escape` before they get here.

use std::fmt::{Display, Write as _};
use std::io::{self, StdoutLock, Write};

use portcullis_core::names::misleads;
pub(crate) use portcullis_core::names::shell_word;
use thiserror::Error;

/// Standard output cannot be written to.
#[derive(Debug, Error)]
#[error("cannot write to standard output")]
pub(crate) struct OutputError(#[source] pub(crate) io::Error);

/// Standard output, held for as long as something is printed.
pub(crate) struct Output {
    stdout: StdoutLock<'static>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            stdout: io::stdout().lock(),
        }
    }

    /// Prints one line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<(), OutputError> {
        writeln!(self.stdout, "{text}").map_err(OutputError)
    }

    /// Prints rows in columns, the first row being the headings. Every row has as many cells as the first.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) -> Result<(), OutputError> {
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
        for row in rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }
}

/// A number of bytes for a person.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, factor) in UNITS {
        if bytes >= factor {
            // Tenths, rounded down, so that a limit is never shown as kept when it was not.
            return format!("{}.{} {unit}", bytes / factor, bytes % factor * 10 / factor);
        }
    }
    format!("{bytes} B")
}

/// The text with what could move the cursor or make it read as another one written as `\u{..}`, and all else as it is.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if misleads(character) {
            // Writing to a text does not fail.
            _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// [`plain`], with the ends of its lines.
pub(crate) fn plain_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        let text = "a `\u{1b}[2J`\u{9b}\u{202e}\n  \\é";
        assert_eq!(plain(text), "a `\\u{1b}[2J`\\u{9b}\\u{202e}\\u{a}  \\é");
        assert_eq!(plain_lines(text), "a `\\u{1b}[2J`\\u{9b}\\u{202e}\n  \\é");
    }

    #[test]
    fn sizes_are_readable() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (96_149, "93.8 KiB"),
            (64 << 20, "64.0 MiB"),
            (3 << 30, "3.0 GiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }
}
