//! Folders, as a plugin sees them and as the machine has them.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names::checked_text;

/// A path as a plugin sees it: absolute, with `/` between its parts, none of them empty, `.` or `..`; at most 255 bytes
/// and no control characters.
///
/// Guests name their folders by such paths and a guest's C library looks for the longest one that fits, so two
/// spellings of one path would be two folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestPath(String);

checked_text!(GuestPath, GuestPathError);

impl GuestPath {
    /// The longest path, in bytes: the longest name that file systems take in one folder.
    pub const LONGEST: usize = 255;

    fn check(text: &str) -> Result<(), GuestPathError> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(GuestPathError::NotAbsolute);
        };
        if text.len() > Self::LONGEST {
            return Err(GuestPathError::TooLong { length: text.len() });
        }
        if let Some(character) = text.chars().find(|c| c.is_control() || *c == '\\') {
            return Err(GuestPathError::Character { character });
        }
        let is_plain = |part: &str| !matches!(part, "" | "." | "..");
        if !rest.is_empty() && !rest.split('/').all(is_plain) {
            return Err(GuestPathError::NotPlain);
        }
        Ok(())
    }

    /// Whether it is `folder` or lies below it.
    #[must_use]
    pub fn is_in(&self, folder: &Self) -> bool {
        folder.0 == "/"
            || self
                .0
                .strip_prefix(&folder.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The rule that a text breaks, so that it is not a path in a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GuestPathError {
    /// It does not begin with `/`.
    #[error("a path in a plugin begins with `/`")]
    NotAbsolute,
    /// It has more than [`GuestPath::LONGEST`] bytes.
    #[error(
        "a path in a plugin has at most {} bytes, this one has {length}",
        GuestPath::LONGEST
    )]
    TooLong {
        /// The number of bytes found.
        length: usize,
    },
    /// A control character or a backslash.
    #[error("a path in a plugin holds no `{}`", character.escape_debug())]
    Character {
        /// The first such character.
        character: char,
    },
    /// A part is empty, `.` or `..`.
    #[error("a path in a plugin has no empty part, no `.` and no `..`, and no `/` at its end")]
    NotPlain,
}

/// What a plugin may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read.
    #[default]
    ReadOnly,
    /// Read, write, make and remove.
    ReadWrite,
}

impl Access {
    /// As the policy has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A folder of this machine that a plugin may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderGrant {
    /// The folder, as the policy has it: absolute, or below the user's home after `~/`.
    pub host: String,
    /// Where the plugin finds it.
    pub guest: GuestPath,
    /// What for.
    pub access: Access,
    /// The line of the policy, from 1.
    pub line: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_of_a_path_is_taken() {
        for good in ["/", "/notes", "/a/b c/é"] {
            assert!(good.parse::<GuestPath>().is_ok(), "{good}");
        }
        for bad in [
            "", "notes", "//", "/a/", "/a//b", "/a/../b", "/.", "/a\\b", "/a\0",
        ] {
            assert!(bad.parse::<GuestPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn below_means_a_whole_part_further() {
        let path = |text: &str| text.parse::<GuestPath>().expect("a path");
        for (inner, outer, expected) in [
            ("/notes", "/notes", true),
            ("/notes/a", "/notes", true),
            ("/notes-2", "/notes", false),
            ("/", "/notes", false),
            ("/notes", "/", true),
        ] {
            assert_eq!(path(inner).is_in(&path(outer)), expected, "{inner} {outer}");
        }
    }
}
