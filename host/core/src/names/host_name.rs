//! The name that an extension passes to `connectNative`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checked_text;

/// A native messaging host name that at least one browser family accepts.
///
/// Mozilla's rule is `^\w+(\.\w+)*$` (its manifest schema), Chromium's is `[a-z0-9._]` without a dot at either end
/// and without two in a row (`NativeMessagingHostManifest::IsValidName`). Chromium's names are therefore exactly
/// Mozilla's names in lower case, so Mozilla's rule decides here and [`HostName::fits_chromium`] tells the rest.
/// Neither rule lets a path separator through: the name is the name of a file under `hosts/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

checked_text!(HostName, HostNameError);

impl HostName {
    /// The longest name, in bytes: what one component of a path may have on the systems that browsers run on.
    pub const LONGEST: usize = 255;

    /// Whether browsers of the Chromium family accept the name too. They refuse upper case.
    #[must_use]
    pub fn fits_chromium(&self) -> bool {
        !self.0.bytes().any(|byte| byte.is_ascii_uppercase())
    }

    fn check(text: &str) -> Result<(), HostNameError> {
        if text.is_empty() {
            return Err(HostNameError::Empty);
        }
        if let Some(character) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(HostNameError::Character { character });
        }
        // From here on every character is one byte.
        if text.len() > Self::LONGEST {
            return Err(HostNameError::TooLong { length: text.len() });
        }
        if text.starts_with('.') {
            return Err(HostNameError::LeadingDot);
        }
        if text.ends_with('.') {
            return Err(HostNameError::TrailingDot);
        }
        if text.contains("..") {
            return Err(HostNameError::DoubleDot);
        }
        Ok(())
    }
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.')
}

/// The rule that a text breaks, so that no browser accepts it as a host name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HostNameError {
    /// The text has no characters.
    #[error("a host name must have at least one character")]
    Empty,
    /// The text has more than [`HostName::LONGEST`] bytes.
    #[error(
        "a host name has at most {} bytes, this one has {length}",
        HostName::LONGEST
    )]
    TooLong {
        /// The number of bytes found.
        length: usize,
    },
    /// A character that neither browser family allows.
    #[error(
        "a host name holds only letters, digits, `_` and `.`, this one has `{}`",
        character.escape_debug()
    )]
    Character {
        /// The first such character.
        character: char,
    },
    /// The first character is a dot.
    #[error("a host name does not begin with a dot")]
    LeadingDot,
    /// The last character is a dot.
    #[error("a host name does not end with a dot")]
    TrailingDot,
    /// Two dots stand side by side.
    #[error("a host name does not have two dots in a row")]
    DoubleDot,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conformance case 39, and the other half of case 40.
    #[test]
    fn accepts_what_a_browser_accepts() {
        let longest = "a".repeat(HostName::LONGEST);
        let cases = [
            ("a", true),
            ("foo", true),
            ("foo132", true),
            ("foo.bar", true),
            ("foo.bar2", true),
            ("a._.c", true),
            ("_", true),
            ("com.example.echo", true),
            (&longest, true),
            ("A.b", false),
            ("Test.App", false),
        ];
        for (text, chromium) in cases {
            let name: HostName = text.parse().expect(text);
            assert_eq!(name.fits_chromium(), chromium, "{text}");
            assert_eq!(name.as_str(), text);
        }
    }

    #[test]
    fn names_the_rule_that_is_broken() {
        let character = |character| HostNameError::Character { character };
        let cases = [
            ("", HostNameError::Empty),
            ("a..b", HostNameError::DoubleDot),
            (".a", HostNameError::LeadingDot),
            ("..", HostNameError::LeadingDot),
            ("b.", HostNameError::TrailingDot),
            ("a*", character('*')),
            ("a-b", character('-')),
            ("../test", character('/')),
            ("a\\b", character('\\')),
            ("a b", character(' ')),
            ("a\0", character('\0')),
            ("caf\u{e9}", character('\u{e9}')),
            (&"a".repeat(256), HostNameError::TooLong { length: 256 }),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<HostName>(), Err(expected), "{text:?}");
        }
    }
}
