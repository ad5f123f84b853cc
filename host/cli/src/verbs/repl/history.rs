//! What was typed in earlier sessions: `repl-history` in the home, one entry per line, the newest last.
//!
//! The deciding choice: it is written once, at the end, by the home's own rules (mode 0600, renamed into place, under
//! the lock), and what other sessions have added meanwhile is read again then and kept. A session that is killed adds
//! nothing. What cannot be read is told and left alone: a history is never worth more than the session.

use std::path::PathBuf;

use anyhow::{Context, Result};
use portcullis_core::home::{Home, guarded, write};

use crate::installation;

/// The file in the home.
const FILE: &str = "repl-history";

/// How many entries are kept: months of trying things out, and still found by Ctrl-R at once.
pub(super) const MOST_ENTRIES: usize = 1000;

/// The longest entry that is recorded, in bytes. What is longer was pasted, and its source is somewhere else.
const LONGEST_ENTRY: usize = 8 * 1024;

/// How much is kept of all entries together, in bytes: the newest that fit.
const MOST_BYTES: usize = 256 * 1024;

/// The longest file that is read. Ours are at most a quarter of it.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Whether what is typed is kept for later sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recording {
    On,
    Off,
}

/// The entries of earlier sessions, the oldest first.
pub(super) fn load(home: &Home) -> Result<Vec<String>> {
    let text = guarded::read_text(&file(home), LONGEST_FILE)
        .context("cannot read what was typed before")?
        .unwrap_or_default();
    Ok(text.lines().map(str::to_owned).collect())
}

/// Adds the entries of this session, the oldest first.
pub(super) fn save(home: &Home, typed: &[String]) -> Result<()> {
    if typed.is_empty() {
        return Ok(());
    }
    let lock = installation::lock(home, "repl")?;
    let mut entries = load(home)?;
    entries.extend_from_slice(typed);
    write::replace(&lock, &file(home), kept(&entries).as_bytes())
        .context("cannot record what was typed")?;
    Ok(())
}

/// How an entry is recorded, or `None` where it is not: one that begins with a space is its author's secret.
pub(super) fn recorded(typed: &str) -> Option<String> {
    let is_wanted = !typed.starts_with(char::is_whitespace)
        && !typed.trim_end().is_empty()
        && typed.len() <= LONGEST_ENTRY;
    // An end of a line can only be white space between values.
    is_wanted.then(|| typed.trim_end().replace(['\n', '\r'], " "))
}

fn file(home: &Home) -> PathBuf {
    home.root().join(FILE)
}

/// The newest entries that fit, each once after another of its kind, as the text of the file.
fn kept(entries: &[String]) -> String {
    let mut newest: Vec<&str> = Vec::new();
    let mut bytes = 0;
    for entry in entries.iter().rev() {
        if newest.last() == Some(&entry.as_str()) {
            continue;
        }
        bytes += entry.len() + 1;
        if newest.len() == MOST_ENTRIES || bytes > MOST_BYTES {
            break;
        }
        newest.push(entry);
    }
    newest
        .iter()
        .rev()
        .map(|entry| format!("{entry}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_and_secrets_stay_away() {
        let cases = [
            ("{\n \"a\": 1\n}\n", Some("{  \"a\": 1 }")),
            (":time", Some(":time")),
            ("", None),
            (" \"secret\"", None),
            ("\t1", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(recorded(typed).as_deref(), expected, "{typed:?}");
        }
        assert_eq!(recorded(&"1".repeat(LONGEST_ENTRY + 1)), None);
    }

    #[test]
    fn the_newest_are_kept_and_repetitions_are_not() {
        let entries: Vec<String> = (0..MOST_ENTRIES + 5)
            .flat_map(|number| [number.to_string(), number.to_string()])
            .collect();
        let text = kept(&entries);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), MOST_ENTRIES);
        assert_eq!((lines[0], lines[MOST_ENTRIES - 1]), ("5", "1004"));

        let long = vec!["x".repeat(LONGEST_ENTRY); 2]
            .into_iter()
            .chain((0..MOST_ENTRIES).map(|number| format!("{number:0>1000}")))
            .collect::<Vec<_>>();
        let text = kept(&long);
        assert!(text.len() <= MOST_BYTES, "{}", text.len());
        assert!(text.ends_with("999\n"), "the newest are there");
    }
}
