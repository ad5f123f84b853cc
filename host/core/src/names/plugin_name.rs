//! The name by which policy and commands speak of an installed plugin.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checked_text;

/// The name of an installed plugin: 1 to 64 characters out of `a`-`z`, `0`-`9` and `-`, the first and the last of
/// them a letter or a digit.
///
/// The alphabet is that of a label in a domain name, for the same reasons: it is legal in a path on every system,
/// unambiguous on file systems that ignore case, and needs no quoting in a shell or in TOML.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

checked_text!(PluginName, PluginNameError);

impl PluginName {
    /// The longest name, in characters. It is part of folder names under `data/`, where a component may have 255
    /// bytes and the origin needs its share.
    pub const LONGEST: usize = 64;

    fn check(text: &str) -> Result<(), PluginNameError> {
        if text.is_empty() {
            return Err(PluginNameError::Empty);
        }
        if let Some(character) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(PluginNameError::Character { character });
        }
        // From here on every character is one byte.
        if text.len() > Self::LONGEST {
            return Err(PluginNameError::TooLong { length: text.len() });
        }
        if text.starts_with('-') {
            return Err(PluginNameError::LeadingDash);
        }
        if text.ends_with('-') {
            return Err(PluginNameError::TrailingDash);
        }
        Ok(())
    }
}

fn is_allowed(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '-')
}

/// The rule that a text breaks, so that it is not the name of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PluginNameError {
    /// The text has no characters.
    #[error("a plugin's name must have at least one character")]
    Empty,
    /// The text has more than [`PluginName::LONGEST`] characters.
    #[error(
        "a plugin's name has at most {} characters, this one has {length}",
        PluginName::LONGEST
    )]
    TooLong {
        /// The number of characters found.
        length: usize,
    },
    /// A character outside `a`-`z`, `0`-`9`, `-`.
    #[error(
        "a plugin's name holds only `a`-`z`, `0`-`9` and `-`, this one has `{}`",
        character.escape_debug()
    )]
    Character {
        /// The first such character.
        character: char,
    },
    /// The first character is a dash, which a command line would take for an option.
    #[error("a plugin's name begins with a letter or a digit, this one with `-`")]
    LeadingDash,
    /// The last character is a dash.
    #[error("a plugin's name ends with a letter or a digit, this one with `-`")]
    TrailingDash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_rules_allow() {
        let longest = "a".repeat(PluginName::LONGEST);
        for text in ["a", "7", "echo", "ping-pong", "a--b", "0-0", &longest] {
            let name: PluginName = text.parse().expect(text);
            assert_eq!(name.to_string(), text);
            assert_eq!(PluginName::try_from(text.to_owned()), Ok(name));
        }
    }

    #[test]
    fn names_the_rule_that_is_broken() {
        let character = |character| PluginNameError::Character { character };
        let cases = [
            ("", PluginNameError::Empty),
            ("Echo", character('E')),
            ("ec_ho", character('_')),
            ("../x", character('.')),
            ("a/b", character('/')),
            ("a\\b", character('\\')),
            ("a b", character(' ')),
            ("a\n", character('\n')),
            ("a\0b", character('\0')),
            ("écho", character('é')),
            ("a\u{202e}b", character('\u{202e}')),
            ("-", PluginNameError::LeadingDash),
            ("-a", PluginNameError::LeadingDash),
            ("a-", PluginNameError::TrailingDash),
            (&"a".repeat(65), PluginNameError::TooLong { length: 65 }),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<PluginName>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn an_error_shows_a_control_character_escaped() {
        let error = PluginNameError::Character {
            character: '\u{1b}',
        };
        assert_eq!(
            error.to_string(),
            "a plugin's name holds only `a`-`z`, `0`-`9` and `-`, this one has `\\u{1b}`"
        );
    }

    #[test]
    fn serde_goes_through_the_same_check() {
        assert!(serde_json::from_str::<PluginName>("\"echo\"").is_ok());
        let error = serde_json::from_str::<PluginName>("\"Echo\"").expect_err("upper case");
        assert!(error.to_string().contains("this one has `E`"), "{error}");
    }
}
