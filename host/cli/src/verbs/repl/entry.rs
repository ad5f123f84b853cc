//! What was typed: a message, a command, or a message that goes on.

use portcullis_core::protocol::json::{self, JsonErrorKind};
use thiserror::Error;

/// What `:help` shows.
pub(super) const HELP: &str = "\
JSON               is sent as a message; it goes on over several lines until its brackets are closed
:time              shows, or no longer shows, how long an answer took
:restart           ends the host and starts another one
:help              shows this
:quit, Ctrl-D      ends
Ctrl-C             clears what is being typed
Ctrl-R             looks for what was typed before; a line that begins with a space is not recorded";

/// One thing that was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// Nothing but white space.
    Nothing,
    /// To be sent, where it is JSON.
    Message(&'a str),
    /// `:time`.
    Time,
    /// `:restart`.
    Restart,
    /// `:help`.
    Help,
    /// `:quit`.
    Quit,
}

/// A word after a colon that is no command.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is no command `{0}`: `:help` lists them")]
pub(super) struct UnknownCommand(String);

impl<'a> Entry<'a> {
    pub(super) fn read(typed: &'a str) -> Result<Self, UnknownCommand> {
        match typed.trim() {
            "" => Ok(Self::Nothing),
            ":time" => Ok(Self::Time),
            ":restart" => Ok(Self::Restart),
            ":help" => Ok(Self::Help),
            ":quit" => Ok(Self::Quit),
            other if other.starts_with(':') => {
                Err(UnknownCommand(portcullis_core::names::escape(other)))
            }
            message => Ok(Self::Message(message)),
        }
    }
}

/// Whether a message is over at the end of this text only because its brackets are not closed yet. A string cannot go
/// on over the end of a line, and a text with a mistake before its end will not get better.
pub(super) fn is_unfinished(typed: &str) -> bool {
    let typed = typed.trim_start();
    if !typed.starts_with(['{', '[']) {
        return false;
    }
    // With a line's end after it, a text that ends inside a string has a fault there.
    let error = json::check(&format!("{typed}\n"));
    error.is_err_and(|error| error.kind == JsonErrorKind::Unfinished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_messages() {
        let cases = [
            ("", Ok(Entry::Nothing)),
            ("  \n", Ok(Entry::Nothing)),
            (" 1 ", Ok(Entry::Message("1"))),
            ("ping", Ok(Entry::Message("ping"))),
            (":time", Ok(Entry::Time)),
            (" :restart", Ok(Entry::Restart)),
            (":help ", Ok(Entry::Help)),
            (":quit", Ok(Entry::Quit)),
            (":exit", Err(UnknownCommand(":exit".to_owned()))),
            (":\u{1b}[2J", Err(UnknownCommand(":\\u{1b}[2J".to_owned()))),
        ];
        for (typed, expected) in cases {
            assert_eq!(Entry::read(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_message_goes_on_until_its_brackets_are_closed() {
        for unfinished in ["{", "[1,", "{\"a\": [1,\n2", "{\"a\":", " { \"}\": 1"] {
            assert!(is_unfinished(unfinished), "{unfinished:?}");
        }
        for finished in [
            "", "1", "-", "\"", "tru", "{}", "[1] 2", "{\"a", "[\"a\\", "{a", "[1}", "[tru",
            ":help",
        ] {
            assert!(!is_unfinished(finished), "{finished:?}");
        }
    }
}
