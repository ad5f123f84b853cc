//! Names of values.

use std::fmt;

/// The longest key, in bytes: room for a path or an address, and four of them still fit a page of the file.
pub const KEY_LIMIT: usize = 512;

/// A key: 1 to [`KEY_LIMIT`] bytes of UTF-8 without NUL.
///
/// Any other character will do, since a key is never part of a path or of a statement. NUL is refused because nobody
/// could type such a key after `portcullis storage get`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is empty.
    #[error("a key needs at least one byte")]
    Empty,
    /// It is too long.
    #[error("a key of {length} bytes is longer than the {KEY_LIMIT} that are taken")]
    TooLong {
        /// Its bytes.
        length: usize,
    },
    /// It has a NUL.
    #[error("a key must not contain NUL")]
    Nul,
}

impl Key {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for Key {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        match text.len() {
            0 => Err(KeyError::Empty),
            length if length > KEY_LIMIT => Err(KeyError::TooLong { length }),
            _ if text.contains('\0') => Err(KeyError::Nul),
            _ => Ok(Self(text)),
        }
    }
}

impl std::str::FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_an_edge() {
        let long = "k".repeat(KEY_LIMIT);
        for key in [
            "k",
            "../../etc/passwd",
            "'; DROP TABLE entry; --",
            "é\n\u{1b}",
            &long,
        ] {
            assert_eq!(key.parse::<Key>().expect("a key").as_str(), key);
        }
        let too_long = "é".repeat(KEY_LIMIT / 2) + "k";
        for (text, error) in [
            ("", KeyError::Empty),
            (
                too_long.as_str(),
                KeyError::TooLong {
                    length: KEY_LIMIT + 1,
                },
            ),
            ("a\0b", KeyError::Nul),
        ] {
            assert_eq!(text.parse::<Key>(), Err(error));
        }
    }
}
