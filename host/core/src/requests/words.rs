//! Text by a plugin's author that a person reads before deciding.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names::misleads;

/// One line of 1 to `LONGEST` bytes that looks like what it is: it holds more than space, and no character that moves a
/// cursor, turns the direction of writing or has no picture. So it is shown as it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Words<const LONGEST: usize>(String);

/// The rule that a text breaks, so that it is not shown to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WordsError {
    /// Nothing, or only space.
    #[error("this text must not be empty: a person reads it before granting anything")]
    Empty,
    /// Too many bytes.
    #[error("this text has at most {longest} bytes, and it is {length}")]
    TooLong {
        /// The number of bytes allowed.
        longest: usize,
        /// The number of bytes found.
        length: usize,
    },
    /// A character that would make the text read as another one.
    #[error("this text is one line without control characters, and it has `{}`", character.escape_unicode())]
    Character {
        /// The first such character.
        character: char,
    },
}

impl<const LONGEST: usize> Words<LONGEST> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const LONGEST: usize> TryFrom<String> for Words<LONGEST> {
    type Error = WordsError;

    fn try_from(text: String) -> Result<Self, WordsError> {
        if text.len() > LONGEST {
            return Err(WordsError::TooLong {
                longest: LONGEST,
                length: text.len(),
            });
        }
        if let Some(character) = text.chars().find(|character| misleads(*character)) {
            return Err(WordsError::Character { character });
        }
        if text.trim().is_empty() {
            return Err(WordsError::Empty);
        }
        Ok(Self(text))
    }
}

impl<const LONGEST: usize> From<Words<LONGEST>> for String {
    fn from(words: Words<LONGEST>) -> Self {
        words.0
    }
}

impl<const LONGEST: usize> std::fmt::Display for Words<LONGEST> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.0)
    }
}
