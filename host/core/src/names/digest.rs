//! The sha256 of some bytes: what a stored plugin is called, and how a change to it is noticed.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A sha256. Shown as 64 lower-case hexadecimal digits, and read from the same with or without `sha256:` before it.
///
/// Upper case is refused on the way in: the text is a file's name, and there should be one name for one content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The number of hexadecimal digits in the text form.
    pub const DIGITS: usize = 64;

    /// How much [`Digest::of_reader`] reads at a time. Large enough that system calls do not show beside the
    /// hashing, small enough for a processor's second-level cache.
    const CHUNK: usize = 64 * 1024;

    /// The digest of `bytes`.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of everything that `reader` yields from where it stands to its end, and the number of bytes that
    /// was. Needs constant memory.
    ///
    /// # Errors
    ///
    /// What the reader says.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Sha256::new();
        let mut chunk = vec![0; Self::CHUNK];
        let mut total = 0;
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return Ok((Self(hasher.finalize().into()), total)),
                Ok(count) => {
                    hasher.update(&chunk[..count]);
                    total += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The 32 bytes themselves.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(Self::DIGITS);
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        formatter.pad(&text)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        if let Some(character) = digits.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(DigestError::Character { character });
        }
        if digits.len() != Self::DIGITS {
            return Err(DigestError::Length {
                length: digits.len(),
            });
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(bytes))
    }
}

/// The value of a digit whose alphabet has been checked.
fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit - b'a' + 10,
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The rule that a text breaks, so that it is not a sha256.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// Not 64 digits.
    #[error(
        "a sha256 has {} hexadecimal digits, this one has {length}",
        Digest::DIGITS
    )]
    Length {
        /// The number of digits found.
        length: usize,
    },
    /// A character outside `0`-`9` and `a`-`f`.
    #[error(
        "a sha256 is written with `0`-`9` and `a`-`f`, this one has `{}`",
        character.escape_debug()
    )]
    Character {
        /// The first such character.
        character: char,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and third are the test vectors of FIPS 180-4.
    const KNOWN: [(&[u8], &str); 3] = [
        (
            b"abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            b"",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];

    #[test]
    fn known_digests() {
        for (bytes, text) in KNOWN {
            let digest = Digest::of_bytes(bytes);
            assert_eq!(digest.to_string(), text);
            assert_eq!(text.parse(), Ok(digest));
            assert_eq!(format!("sha256:{text}").parse(), Ok(digest));
            let read = Digest::of_reader(bytes).expect("reading from memory");
            assert_eq!(read, (digest, bytes.len() as u64));
        }
    }

    #[test]
    fn a_reader_longer_than_a_chunk() {
        let bytes: Vec<u8> = (0..Digest::CHUNK * 2 + 7)
            .map(|i| i.to_le_bytes()[0])
            .collect();
        // Hands out 1 000 bytes at a time, so that chunks and reads do not line up.
        struct Dripping<'a>(&'a [u8]);
        impl Read for Dripping<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let count = self.0.len().min(into.len()).min(1000);
                into[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        let (digest, length) = Digest::of_reader(Dripping(&bytes)).expect("reading from memory");
        assert_eq!(digest, Digest::of_bytes(&bytes));
        assert_eq!(length, bytes.len() as u64);
    }

    #[test]
    fn names_the_rule_that_is_broken() {
        let good = KNOWN[0].1;
        let character = |character| DigestError::Character { character };
        let cases = [
            (String::new(), DigestError::Length { length: 0 }),
            ("sha256:".to_owned(), DigestError::Length { length: 0 }),
            (good[1..].to_owned(), DigestError::Length { length: 63 }),
            (format!("{good}0"), DigestError::Length { length: 65 }),
            (good.to_uppercase(), character('B')),
            (format!("sha512:{good}"), character('s')),
            (format!("sha256:sha256:{good}"), character('s')),
            ("../../etc/passwd".to_owned(), character('.')),
            (format!("{}\n", &good[1..]), character('\n')),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Digest>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn serde_goes_through_the_same_check() {
        let digest = Digest::of_bytes(b"abc");
        let json = serde_json::to_string(&digest).expect("a string");
        assert_eq!(json, format!("\"{digest}\""));
        assert_eq!(
            serde_json::from_str::<Digest>(&json).expect("its own text"),
            digest
        );
        assert!(serde_json::from_str::<Digest>("\"abc\"").is_err());
    }
}
