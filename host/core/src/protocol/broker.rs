//! What the host and the broker of its secrets say to each other, over two pipes.
//!
//! The host speaks first and says everything that the broker will ever do for it: which secrets, and which of them may
//! be changed. That is sent before the host is confined and before any plugin runs, and the broker takes no second one,
//! so whoever takes the host over later can ask for nothing more. The broker then sends each secret, in the order in
//! which they were named. After that the host may ask for changes, one at a time, each by a secret's place in the list,
//! and gets an answer to each.
//!
//! Every part is a frame: its length in four bytes, the lowest first, and so many bytes. Lengths are judged before
//! anything is allocated, on both sides: neither trusts the other with its memory.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::caller::Origin;
use crate::names::PluginName;
use crate::policy::{SecretAccess, SecretName, SecretsBackend};

/// The longest secret, in bytes: a private key of any common kind with its certificates has some ten thousand.
pub const LONGEST_SECRET: usize = 64 * 1024;

/// The longest announcement, in bytes: what the longest policy can grant.
const LONGEST_ANNOUNCEMENT: usize = 8 * 1024 * 1024;

/// The longest reason why there is no secret, in bytes. A sentence.
const LONGEST_REASON: usize = 1024;

/// What stands before a secret or a reason in its frame.
const HEAD: usize = 8;

/// What the host says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The extension that all of it is for.
    pub origin: Origin,
    /// Where secrets are kept.
    pub backend: SecretsBackend,
    /// The secrets that are granted. A place in this list stands for one.
    pub secrets: Vec<Announced>,
}

/// One secret that is granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announced {
    /// Whose it is.
    pub plugin: PluginName,
    /// The number of its installation: another plugin by the same name has another one.
    pub installation: u64,
    /// Its name.
    pub name: SecretName,
    /// What may be done with it.
    pub access: SecretAccess,
}

/// What the broker has found of one secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Found {
    /// Nobody has set it.
    Absent,
    /// Its value.
    Value(Zeroizing<String>),
    /// The keyring has not said, and why. Never with a value in it.
    Unavailable(String),
}

/// A change that the host asks for.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets the secret at a place of the list.
    Set {
        /// The place.
        place: u32,
        /// The value.
        value: Zeroizing<String>,
    },
    /// Deletes the secret at a place of the list.
    Delete {
        /// The place.
        place: u32,
    },
}

impl Announcement {
    /// Whether any of the secrets may be changed: otherwise the broker ends when it has sent them.
    #[must_use]
    pub fn allows_changes(&self) -> bool {
        let mut secrets = self.secrets.iter();
        secrets.any(|secret| secret.access == SecretAccess::Write)
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// What the pipe says.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        send(to, &[&text])
    }

    /// Receives it.
    ///
    /// # Errors
    ///
    /// What the pipe says; `UnexpectedEof` where it ended before, `InvalidData` where this is none.
    pub fn receive(from: &mut impl Read) -> io::Result<Self> {
        let text = receive(from, LONGEST_ANNOUNCEMENT)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        serde_json::from_slice(&text).map_err(|error| invalid(&error.to_string()))
    }
}

impl Found {
    /// Sends it.
    ///
    /// # Errors
    ///
    /// What the pipe says.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Absent => send(to, &[b"a"]),
            Self::Value(value) => send(to, &[b"v", value.as_bytes()]),
            Self::Unavailable(reason) => send(to, &[b"u", cut(reason).as_bytes()]),
        }
    }

    /// Receives it.
    ///
    /// # Errors
    ///
    /// As [`Announcement::receive`].
    pub fn receive(from: &mut impl Read) -> io::Result<Self> {
        let frame = receive(from, LONGEST_SECRET + HEAD)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match frame.split_first() {
            Some((b'a', [])) => Ok(Self::Absent),
            Some((b'v', value)) => Ok(Self::Value(text(value)?)),
            Some((b'u', reason)) => Ok(Self::Unavailable(text(reason)?.to_string())),
            _ => Err(invalid("a secret of no known kind")),
        }
    }
}

impl Change {
    /// Sends it.
    ///
    /// # Errors
    ///
    /// What the pipe says.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Set { place, value } => send(to, &[b"s", &place.to_le_bytes(), value.as_bytes()]),
            Self::Delete { place } => send(to, &[b"d", &place.to_le_bytes()]),
        }
    }

    /// Receives one; `None` where the pipe has ended, which is how the host says that it wants no more.
    ///
    /// # Errors
    ///
    /// What the pipe says; `InvalidData` where this is none.
    pub fn receive(from: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(frame) = receive(from, LONGEST_SECRET + HEAD)? else {
            return Ok(None);
        };
        let unknown = || invalid("a change of no known kind");
        let (kind, rest) = frame.split_first().ok_or_else(unknown)?;
        let (place, value) = rest.split_first_chunk().ok_or_else(unknown)?;
        let place = u32::from_le_bytes(*place);
        match (kind, value) {
            (b's', value) => Ok(Some(Self::Set {
                place,
                value: text(value)?,
            })),
            (b'd', []) => Ok(Some(Self::Delete { place })),
            _ => Err(unknown()),
        }
    }
}

/// Answers a change: it is done, or why it is not.
///
/// # Errors
///
/// What the pipe says.
pub fn send_changed(changed: &Result<(), String>, to: &mut impl Write) -> io::Result<()> {
    match changed {
        Ok(()) => send(to, &[b"d"]),
        Err(reason) => send(to, &[b"u", cut(reason).as_bytes()]),
    }
}

/// Receives the answer to a change.
///
/// # Errors
///
/// As [`Announcement::receive`].
pub fn receive_changed(from: &mut impl Read) -> io::Result<Result<(), String>> {
    let frame = receive(from, LONGEST_REASON + HEAD)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    match frame.split_first() {
        Some((b'd', [])) => Ok(Ok(())),
        Some((b'u', reason)) => Ok(Err(text(reason)?.to_string())),
        _ => Err(invalid("an answer of no known kind")),
    }
}

fn send(to: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    let frame = Zeroizing::new(parts.concat());
    let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&frame)?;
    to.flush()
}

/// The next frame; `None` where the pipe has ended before one.
fn receive(from: &mut impl Read, longest: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut length = [0; 4];
    let mut read = 0;
    while read < length.len() {
        match from.read(&mut length[read..]) {
            Ok(0) if read == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > longest {
        return Err(invalid("a frame longer than any"));
    }
    let mut frame = Zeroizing::new(vec![0; length]);
    from.read_exact(&mut frame)?;
    Ok(Some(frame))
}

fn text(bytes: &[u8]) -> io::Result<Zeroizing<String>> {
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("a text that is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn cut(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(LONGEST_REASON)]
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement() -> Announcement {
        let secret = |name: &str, access| Announced {
            plugin: "vault".parse().expect("a name"),
            installation: 7,
            name: name.parse().expect("a name"),
            access,
        };
        Announcement {
            origin: "native@tests.mozilla.org".parse().expect("an add-on"),
            backend: SecretsBackend::File,
            secrets: vec![
                secret("api-token", SecretAccess::Read),
                secret("vault-key", SecretAccess::Write),
            ],
        }
    }

    #[test]
    fn what_is_sent_is_what_is_received() {
        let mut pipe = Vec::new();
        announcement().send(&mut pipe).expect("memory");
        let value = || Zeroizing::new("s\u{0}e\ncret é".to_owned());
        let longest = Zeroizing::new("x".repeat(LONGEST_SECRET));
        let all_found = [
            Found::Absent,
            Found::Value(value()),
            Found::Value(Zeroizing::default()),
            Found::Value(longest.clone()),
            Found::Unavailable("locked".to_owned()),
        ];
        for found in &all_found {
            found.send(&mut pipe).expect("memory");
        }
        let changes = [
            Change::Delete { place: 1 },
            Change::Set {
                place: u32::MAX,
                value: longest,
            },
        ];
        for change in &changes {
            change.send(&mut pipe).expect("memory");
        }
        let answers = [Ok(()), Err("no keyring".to_owned())];
        for answer in &answers {
            send_changed(answer, &mut pipe).expect("memory");
        }

        let mut pipe = pipe.as_slice();
        let received = Announcement::receive(&mut pipe).expect("an announcement");
        assert_eq!(received, announcement());
        assert!(received.allows_changes());
        for found in &all_found {
            assert!(Found::receive(&mut pipe).expect("a secret") == *found);
        }
        for change in &changes {
            assert!(Change::receive(&mut pipe).expect("a change").as_ref() == Some(change));
        }
        for answer in &answers {
            assert_eq!(&receive_changed(&mut pipe).expect("an answer"), answer);
        }
        assert!(Change::receive(&mut pipe).expect("the end").is_none());
    }

    #[test]
    fn what_is_cut_off_too_long_or_unknown_is_refused() {
        let kind = |bytes: &[u8]| Found::receive(&mut &*bytes).err().map(|error| error.kind());
        let invalid = Some(io::ErrorKind::InvalidData);
        let cut_off = Some(io::ErrorKind::UnexpectedEof);
        for (bytes, expected) in [
            (&b""[..], cut_off),
            (b"\x01\0", cut_off),
            (b"\x02\0\0\0v", cut_off),
            (b"\0\0\0\0", invalid),
            (b"\xff\xff\xff\xff", invalid),
            (b"\x01\0\0\0?", invalid),
            (b"\x02\0\0\0ax", invalid),
            (b"\x02\0\0\0v\xff", invalid),
        ] {
            assert_eq!(kind(bytes), expected, "{bytes:?}");
        }
        for bytes in [
            &b"\x01\0\0\0s"[..],
            b"\x06\0\0\0d\0\0\0\0x",
            b"\x05\0\0\0x\0\0\0\0",
        ] {
            assert!(Change::receive(&mut &*bytes).is_err(), "{bytes:?}");
        }
        let text = b"\x02\0\0\0{}";
        assert!(Announcement::receive(&mut &text[..]).is_err());
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let mut pipe = Vec::new();
        let reason = "é".repeat(LONGEST_REASON);
        send_changed(&Err(reason), &mut pipe).expect("memory");
        let answer = receive_changed(&mut pipe.as_slice()).expect("an answer");
        assert_eq!(answer.expect_err("a reason").len(), LONGEST_REASON);
    }
}
