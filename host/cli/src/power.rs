//! One power in one word, as `grant` and `revoke` take it and as the log of a refusal prints it.
//!
//! | Word | Power |
//! |---|---|
//! | `storage` | to keep data |
//! | `fs=HOST:GUEST[:rw]` | a folder: where it is, where the plugin finds it, and whether it may write there |
//! | `http=https://api.example.com` | a destination of HTTP requests |
//! | `http-private` | addresses of this machine and its own networks |
//! | `secret=NAME[:write]` | a secret |
//! | `env=NAME=VALUE`, `config=KEY=VALUE` | what the plugin is told |

use std::fmt;
use std::str::FromStr;

use portcullis_core::policy::{
    Access, Destination, DestinationError, FolderGrant, Grant, GuestPath, GuestPathError,
    SecretAccess, SecretName, SecretNameError,
};
use portcullis_core::requests::{Requests, Wish};
use thiserror::Error;

/// A power with everything that granting it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Power {
    Storage,
    Folder {
        host: String,
        guest: GuestPath,
        access: Access,
    },
    Http(Destination),
    HttpPrivate,
    Secret(SecretName, SecretAccess),
    Variable(String, String),
    Setting(String, String),
}

/// A power that is to be taken away: only what tells it from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Revoked {
    Storage,
    Folder(GuestPath),
    Http(Destination),
    HttpPrivate,
    Secret(SecretName),
    Variable(String),
    Setting(String),
}

/// Why a word is no power.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PowerError {
    #[error(
        "a power is `storage`, `fs=HOST:GUEST[:rw]`, `http=https://HOST`, `http-private`, `secret=NAME[:write]`, \
         `env=NAME=VALUE` or `config=KEY=VALUE`"
    )]
    Unknown,
    #[error(
        "a folder is written `fs=HOST:GUEST` or `fs=HOST:GUEST:rw`, for example `fs=~/Notes:/notes`"
    )]
    Folder,
    #[error("a value is written `NAME=VALUE`, for example `config=theme=dark`")]
    Value,
    #[error(transparent)]
    Guest(#[from] GuestPathError),
    #[error(transparent)]
    Destination(#[from] DestinationError),
    #[error(transparent)]
    Secret(#[from] SecretNameError),
}

impl FromStr for Power {
    type Err = PowerError;

    fn from_str(text: &str) -> Result<Self, PowerError> {
        let (kind, rest) = text.split_once('=').unwrap_or((text, ""));
        let pair = || {
            let (name, value) = rest.split_once('=').ok_or(PowerError::Value)?;
            Ok((name.to_owned(), value.to_owned()))
        };
        match kind {
            "storage" if text == kind => Ok(Self::Storage),
            "http-private" if text == kind => Ok(Self::HttpPrivate),
            "fs" => {
                let (rest, access) = folder_access(rest);
                let (host, guest) = folder_parts(rest).ok_or(PowerError::Folder)?;
                if host.is_empty() {
                    return Err(PowerError::Folder);
                }
                Ok(Self::Folder {
                    host: host.to_owned(),
                    guest: guest.parse()?,
                    access,
                })
            }
            "http" => Ok(Self::Http(rest.parse()?)),
            "secret" => match rest.strip_suffix(":write") {
                Some(name) => Ok(Self::Secret(name.parse()?, SecretAccess::Write)),
                None => Ok(Self::Secret(rest.parse()?, SecretAccess::Read)),
            },
            "env" => pair().map(|(name, value)| Self::Variable(name, value)),
            "config" => pair().map(|(key, value)| Self::Setting(key, value)),
            _ => Err(PowerError::Unknown),
        }
    }
}

/// What the words after a folder mean.
fn folder_access(text: &str) -> (&str, Access) {
    if let Some(rest) = text.strip_suffix(":rw") {
        (rest, Access::ReadWrite)
    } else {
        (text.strip_suffix(":ro").unwrap_or(text), Access::ReadOnly)
    }
}

/// The folder and where the plugin finds it. A path in a plugin begins with `/`, so the last colon before one separates
/// the two, and a drive's colon does not.
fn folder_parts(text: &str) -> Option<(&str, &str)> {
    let colon = text.rfind(":/")?;
    Some((&text[..colon], &text[colon + 1..]))
}

impl FromStr for Revoked {
    type Err = PowerError;

    fn from_str(text: &str) -> Result<Self, PowerError> {
        let (kind, rest) = text.split_once('=').unwrap_or((text, ""));
        let name = || {
            rest.split_once('=')
                .map_or(rest, |(name, _)| name)
                .to_owned()
        };
        match kind {
            "storage" if text == kind => Ok(Self::Storage),
            "http-private" if text == kind => Ok(Self::HttpPrivate),
            "fs" => {
                let (rest, _) = folder_access(rest);
                let guest = folder_parts(rest).map_or(rest, |(_, guest)| guest);
                Ok(Self::Folder(guest.parse()?))
            }
            "http" => Ok(Self::Http(rest.parse()?)),
            "secret" => {
                let name = rest.strip_suffix(":write").unwrap_or(rest);
                Ok(Self::Secret(name.parse()?))
            }
            "env" => Ok(Self::Variable(name())),
            "config" => Ok(Self::Setting(name())),
            _ => Err(PowerError::Unknown),
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage => formatter.write_str("storage"),
            Self::Folder {
                host,
                guest,
                access,
            } => {
                let suffix = match access {
                    Access::ReadOnly => "",
                    Access::ReadWrite => ":rw",
                };
                write!(formatter, "fs={host}:{guest}{suffix}")
            }
            Self::Http(destination) => write!(formatter, "http={destination}"),
            Self::HttpPrivate => formatter.write_str("http-private"),
            Self::Secret(name, SecretAccess::Read) => write!(formatter, "secret={name}"),
            Self::Secret(name, SecretAccess::Write) => write!(formatter, "secret={name}:write"),
            Self::Variable(name, value) => write!(formatter, "env={name}={value}"),
            Self::Setting(key, value) => write!(formatter, "config={key}={value}"),
        }
    }
}

impl fmt::Display for Revoked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage => formatter.write_str("storage"),
            Self::Folder(guest) => write!(formatter, "fs={guest}"),
            Self::Http(destination) => write!(formatter, "http={destination}"),
            Self::HttpPrivate => formatter.write_str("http-private"),
            Self::Secret(name) => write!(formatter, "secret={name}"),
            Self::Variable(name) => write!(formatter, "env={name}"),
            Self::Setting(key) => write!(formatter, "config={key}"),
        }
    }
}

impl Power {
    /// Everything that a grant gives, in the order of the policy's keys.
    pub(crate) fn all_of(grant: &Grant) -> Vec<Self> {
        let folders = grant.folders.iter().map(|folder| {
            let FolderGrant {
                host,
                guest,
                access,
                line: _,
            } = folder.clone();
            Self::Folder {
                host,
                guest,
                access,
            }
        });
        let http = grant.http.iter();
        let http = http.map(|one| Self::Http(one.destination.clone()));
        let secrets = grant.secrets.iter();
        let secrets = secrets.map(|one| Self::Secret(one.name.clone(), one.access));
        let storage = grant.storage.iter().map(|_| Self::Storage);
        let private = grant.http_private.then_some(Self::HttpPrivate);
        let variables = grant.environment.iter();
        let variables = variables.map(|(name, value)| Self::Variable(name.clone(), value.clone()));
        let settings = grant.config.iter();
        let settings = settings.map(|(key, value)| Self::Setting(key.clone(), value.clone()));
        let powers = storage.chain(folders).chain(http).chain(private);
        powers
            .chain(secrets)
            .chain(variables)
            .chain(settings)
            .collect()
    }

    /// Whether it reaches anything outside the plugin, so that a person has to approve the build that gets it.
    pub(crate) fn needs_approval(&self) -> bool {
        match self {
            Self::Storage | Self::Folder { .. } | Self::Http(_) | Self::Secret(..) => true,
            Self::HttpPrivate => true,
            Self::Variable(..) | Self::Setting(..) => false,
        }
    }

    /// What a plugin would ask for to get it; nothing where there is no such request.
    pub(crate) fn wish(&self) -> Option<Wish> {
        match self {
            Self::Storage => Some(Wish::Storage),
            Self::Folder { guest, access, .. } => Some(Wish::Folder(guest.clone(), *access)),
            Self::Http(destination) => Some(Wish::Http(destination.clone())),
            Self::Secret(name, access) => Some(Wish::Secret(name.clone(), *access)),
            Self::HttpPrivate | Self::Variable(..) | Self::Setting(..) => None,
        }
    }

    /// Whether the plugin asks for it. Addresses of the own network are nothing that it can ask for.
    pub(crate) fn is_requested(&self, requests: &Requests) -> bool {
        match self {
            Self::HttpPrivate => true,
            Self::Variable(name, _) => {
                let mut asked = requests.environment.iter();
                asked.any(|one| one.name.as_str() == name)
            }
            Self::Setting(key, _) => requests.config.iter().any(|one| one.key.as_str() == key),
            _ => self.wish().is_some_and(|wish| requests.asked().has(&wish)),
        }
    }

    /// The plugin's reason for what this gives, or for something that this gives a part of.
    pub(crate) fn reason<'a>(&self, requests: &'a Requests) -> Option<&'a str> {
        let reason = match self {
            Self::Storage => requests.storage.as_ref(),
            Self::Folder { guest, .. } => {
                let mut asked = requests.folders.iter();
                asked.find(|one| one.guest == *guest).map(|one| &one.reason)
            }
            Self::Http(destination) => {
                let touches =
                    |asked: &Destination| asked.covers(destination) || destination.covers(asked);
                let mut asked = requests.http.iter();
                asked
                    .find(|one| touches(&one.destination))
                    .map(|one| &one.reason)
            }
            Self::HttpPrivate => None,
            Self::Secret(name, _) => {
                let mut asked = requests.secrets.iter();
                asked.find(|one| one.name == *name).map(|one| &one.reason)
            }
            Self::Variable(name, _) => {
                let mut asked = requests.environment.iter();
                asked
                    .find(|one| one.name.as_str() == name)
                    .map(|one| &one.reason)
            }
            Self::Setting(key, _) => {
                let mut asked = requests.config.iter();
                asked
                    .find(|one| one.key.as_str() == key)
                    .map(|one| &one.reason)
            }
        };
        reason.map(|reason| reason.as_str())
    }
}

impl From<&Power> for Revoked {
    fn from(power: &Power) -> Self {
        match power.clone() {
            Power::Storage => Self::Storage,
            Power::Folder { guest, .. } => Self::Folder(guest),
            Power::Http(destination) => Self::Http(destination),
            Power::HttpPrivate => Self::HttpPrivate,
            Power::Secret(name, _) => Self::Secret(name),
            Power::Variable(name, _) => Self::Variable(name),
            Power::Setting(key, _) => Self::Setting(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_and_written_alike() {
        for word in [
            "storage",
            "fs=~/Notes:/notes",
            "fs=/srv/a b:/notes/x:rw",
            "fs=C:/Notes:/notes",
            "fs=~:/",
            "http=https://api.example.com",
            "http=http://*.example.com:8080",
            "http-private",
            "secret=api-token",
            "secret=vault-key:write",
            "env=TZ=UTC",
            "env=A=",
            "config=theme=dark=er",
        ] {
            let power: Power = word
                .parse()
                .unwrap_or_else(|error| panic!("{word}: {error}"));
            assert_eq!(power.to_string(), word);
            let revoked: Revoked = word
                .parse()
                .unwrap_or_else(|error| panic!("{word}: {error}"));
            let again: Revoked = revoked.to_string().parse().expect("its own text");
            assert_eq!(again, revoked, "{word}");
        }
        assert_eq!("fs=~/a:/x:ro".parse(), "fs=~/a:/x".parse::<Power>());
    }

    #[test]
    fn what_is_no_power_is_refused() {
        for (word, expected) in [
            ("", PowerError::Unknown),
            ("storage=1", PowerError::Unknown),
            ("http-private=1", PowerError::Unknown),
            ("process", PowerError::Unknown),
            ("fs=~/Notes", PowerError::Folder),
            ("fs=:/notes", PowerError::Folder),
            ("env=TZ", PowerError::Value),
            ("config=theme", PowerError::Value),
            (
                "fs=~/Notes:/notes/",
                PowerError::Guest(GuestPathError::NotPlain),
            ),
            ("secret=", PowerError::Secret(SecretNameError::Empty)),
        ] {
            assert_eq!(word.parse::<Power>(), Err(expected), "{word}");
        }
        assert!("http=example.com".parse::<Power>().is_err());
        assert!("http=https://example.com/x".parse::<Power>().is_err());
    }
}
