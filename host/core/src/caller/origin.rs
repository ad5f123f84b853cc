//! The identity of an extension, as its browser writes it.
//!
//! One type for both families, checked once: Chromium's `chrome-extension://<32 letters a–p>/` with its slash, and
//! Mozilla's add-on ID by the pattern of Firefox's own schema. Compared byte by byte; there is no normal form to
//! confuse and no wildcard.

use std::fmt;
use std::str::FromStr;

/// A browser family: the two differ in argv, in manifests and in limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Chrome, Chromium, Edge, Brave, Vivaldi, Opera and others.
    Chromium,
    /// Firefox and what is made from it.
    Mozilla,
}

impl Family {
    /// The name by which plugins know it: `chromium` or `mozilla`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Mozilla => "mozilla",
        }
    }
}

/// An extension: `chrome-extension://<id>/` or a Mozilla add-on ID.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// Why a text names no extension. One variant for each rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Another scheme, such as a web page's.
    #[error("`{0}` is not an extension: an origin begins with `chrome-extension://`")]
    Scheme(String),
    /// Not exactly 32 letters.
    #[error("`{origin}` has an id of {length} characters, and an extension's id has 32")]
    IdLength {
        /// The whole text.
        origin: String,
        /// Characters between the slashes.
        length: usize,
    },
    /// A character that no id has.
    #[error("`{origin}` has `{found}` in its id, which is made of the letters a to p")]
    IdLetter {
        /// The whole text.
        origin: String,
        /// The first one that does not fit.
        found: char,
    },
    /// The slash at the end is missing, or something follows it.
    #[error("`{0}` does not end with the one `/` that follows the id")]
    Slash(String),
    /// Neither `{uuid}` nor `name@domain`.
    #[error(
        "`{0}` is neither a `chrome-extension://` origin nor an add-on id (`{{uuid}}` or `name@domain`)"
    )]
    AddOn(String),
    /// Longer than any browser allows.
    #[error("an add-on id of {0} bytes is longer than the 255 that are allowed")]
    TooLong(usize),
}

pub(super) const CHROMIUM_SCHEME: &str = "chrome-extension://";

/// Letters of a Chromium extension ID: the first 128 bits of a hash, with `a` to `p` for the hexadecimal digits.
const CHROMIUM_ID_LENGTH: usize = 32;

/// Mozilla sets no bound that we know of; addons.mozilla.org takes 80. This one keeps names of folders possible.
const ADD_ON_LIMIT: usize = 255;

impl Origin {
    /// The origin as the browser wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which browsers know this extension.
    #[must_use]
    pub fn family(&self) -> Family {
        if self.0.starts_with(CHROMIUM_SCHEME) {
            Family::Chromium
        } else {
            Family::Mozilla
        }
    }

    /// Whether a text has the form of an add-on ID by the pattern of Firefox's own schema, whatever its length:
    /// `{uuid}`, or `[a-zA-Z0-9-._]*@[a-zA-Z0-9-._]+`.
    #[must_use]
    pub(crate) fn is_add_on_pattern(text: &str) -> bool {
        let part = |part: &str| {
            part.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        };
        let named = text
            .split_once('@')
            .is_some_and(|(name, domain)| part(name) && part(domain) && !domain.is_empty());
        named || is_braced_uuid(text)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        if text.contains("://") {
            check_chromium(&text)?
        } else {
            check_add_on(&text)?
        }
        Ok(Self(text))
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn check_chromium(text: &str) -> Result<(), OriginError> {
    let origin = || text.to_owned();
    let rest = text
        .strip_prefix(CHROMIUM_SCHEME)
        .ok_or_else(|| OriginError::Scheme(origin()))?;
    let id = rest
        .strip_suffix('/')
        .ok_or_else(|| OriginError::Slash(origin()))?;
    if id.contains('/') {
        return Err(OriginError::Slash(origin()));
    }
    if let Some(found) = id.chars().find(|letter| !('a'..='p').contains(letter)) {
        return Err(OriginError::IdLetter {
            origin: origin(),
            found,
        });
    }
    if id.len() != CHROMIUM_ID_LENGTH {
        return Err(OriginError::IdLength {
            origin: origin(),
            length: id.len(),
        });
    }
    Ok(())
}

fn check_add_on(text: &str) -> Result<(), OriginError> {
    if text.len() > ADD_ON_LIMIT {
        return Err(OriginError::TooLong(text.len()));
    }
    if Origin::is_add_on_pattern(text) {
        Ok(())
    } else {
        Err(OriginError::AddOn(text.to_owned()))
    }
}

fn is_braced_uuid(text: &str) -> bool {
    let inner = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "knldjmfmopnpolahpmmgbagdohdnhkik";

    #[test]
    fn valid_origins_keep_their_text() {
        for text in [
            &format!("chrome-extension://{ID}/")[..],
            "native@tests.mozilla.org",
            "@example.org",
            "{b9db16a4-6edc-47ec-a1f4-b86292ed211d}",
            "{B9DB16A4-6EDC-47EC-A1F4-B86292ED211D}",
        ] {
            assert_eq!(
                text.parse::<Origin>().map(String::from),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn each_broken_rule_is_named() {
        let owned = |text: &str| text.to_owned();
        let with_id = |id: &str| format!("chrome-extension://{id}/");
        for (text, expected) in [
            (
                owned("https://example.org/"),
                OriginError::Scheme(owned("https://example.org/")),
            ),
            (
                format!("Chrome-Extension://{ID}/"),
                OriginError::Scheme(format!("Chrome-Extension://{ID}/")),
            ),
            (
                format!("chrome-extension://{ID}"),
                OriginError::Slash(format!("chrome-extension://{ID}")),
            ),
            (
                with_id(&format!("{ID}/x")),
                OriginError::Slash(with_id(&format!("{ID}/x"))),
            ),
            (
                with_id(&ID[1..]),
                OriginError::IdLength {
                    origin: with_id(&ID[1..]),
                    length: 31,
                },
            ),
            (
                with_id(&format!("{ID}a")),
                OriginError::IdLength {
                    origin: with_id(&format!("{ID}a")),
                    length: 33,
                },
            ),
            (
                with_id(&ID.to_uppercase()),
                OriginError::IdLetter {
                    origin: with_id(&ID.to_uppercase()),
                    found: 'K',
                },
            ),
            (
                with_id(&ID.replace('k', "q")),
                OriginError::IdLetter {
                    origin: with_id(&ID.replace('k', "q")),
                    found: 'q',
                },
            ),
            (
                with_id("*"),
                OriginError::IdLetter {
                    origin: with_id("*"),
                    found: '*',
                },
            ),
            (
                owned("a/b@example.org"),
                OriginError::AddOn(owned("a/b@example.org")),
            ),
            (owned("name@"), OriginError::AddOn(owned("name@"))),
            (
                owned("{not-a-uuid}"),
                OriginError::AddOn(owned("{not-a-uuid}")),
            ),
            (format!("{}@x", "a".repeat(300)), OriginError::TooLong(302)),
        ] {
            assert_eq!(text.parse::<Origin>(), Err(expected), "{text}");
        }
    }
}
