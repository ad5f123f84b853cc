//! Names of secrets, and what may be done with them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names::checked_text;

/// The name of a secret: 1 to 128 characters out of ASCII letters, digits, `.`, `_` and `-`.
///
/// It becomes an attribute in the system's keyring and a word on a command line, so it holds nothing that needs
/// quoting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

checked_text!(SecretName, SecretNameError);

impl SecretName {
    /// The longest name, in characters. Credential Manager takes 337 in all, and the origin and the plugin need theirs.
    pub const LONGEST: usize = 128;

    fn check(text: &str) -> Result<(), SecretNameError> {
        let is_allowed =
            |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        if text.is_empty() {
            return Err(SecretNameError::Empty);
        }
        if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
            return Err(SecretNameError::Character { character });
        }
        if text.len() > Self::LONGEST {
            return Err(SecretNameError::TooLong { length: text.len() });
        }
        Ok(())
    }
}

/// The rule that a text breaks, so that it is not the name of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretNameError {
    /// The text has no characters.
    #[error("a secret's name must have at least one character")]
    Empty,
    /// The text has more than [`SecretName::LONGEST`] characters.
    #[error(
        "a secret's name has at most {} characters, this one has {length}",
        SecretName::LONGEST
    )]
    TooLong {
        /// The number of characters found.
        length: usize,
    },
    /// Another character than those allowed.
    #[error(
        "a secret's name holds only letters, digits, `.`, `_` and `-`, this one has `{}`",
        character.escape_debug()
    )]
    Character {
        /// The first such character.
        character: char,
    },
}

/// What a plugin may do with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretAccess {
    /// Read it.
    #[default]
    Read,
    /// Read, set and delete it.
    Write,
}

/// Where secrets are kept: a choice for the whole policy, and never made for the person who did not make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretsBackend {
    /// The system's keyring: Secret Service, Keychain or Credential Manager. Where there is none, or it is locked, there
    /// are no secrets.
    #[default]
    Keyring,
    /// Files of the home, readable by this user and so by every program of this user: for machines without a keyring.
    File,
}

/// A secret that a plugin may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretGrant {
    /// Which one.
    pub name: SecretName,
    /// What for.
    pub access: SecretAccess,
    /// The line of the policy, from 1.
    pub line: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_no_quoting() {
        for good in ["api-token", "A.b_c-9", &"x".repeat(128)] {
            assert!(good.parse::<SecretName>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a\n", "é", "$x", &"x".repeat(129)] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad}");
        }
    }
}
