//! What a plugin asks for: its name and version, and each power with a reason in words.
//!
//! The deciding choice: the same TOML, read by the same checked types, is what an author writes (`plugin.toml`), what
//! stands in the custom section [`SECTION`] of a `.wasm`, and what `plugins.lock` keeps. So a text that the author's
//! tools accept is one that every host accepts, and a hostile one is refused in one place, with line and column.
//!
//! What this does not do: it grants nothing. Requests are shown to a person; only `policy.toml` grants. Reading the
//! section out of a `.wasm` is the sandbox's.

mod asked;
pub(crate) mod schema;
mod words;

pub use asked::{Asked, Wish};
pub use words::{Words, WordsError};

use crate::caller::Origin;
use crate::home::Position;
use crate::names::{HostName, PluginName};
use crate::policy::{Access, Destination, GuestPath, SecretAccess, SecretName};

/// The name of the custom section.
pub const SECTION: &str = "portcullis:requests";

/// The version of the text in it.
pub const FORMAT: i64 = 1;

/// The longest text, in bytes: every list full of what people write, with room. A start reads the requests of each
/// installed plugin, so this also bounds what one of them may cost.
pub const LONGEST: usize = 64 * 1024;

/// The most items in any one list. A person reads them all before granting anything.
pub const MOST_ITEMS: usize = 64;

/// Why a plugin wants something: one line, not empty, at most 512 bytes.
pub type Reason = Words<512>;

/// What a plugin says of itself and asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    /// What its author calls it. The name it is installed under may be another.
    pub name: PluginName,
    /// Its version, in whatever way its author counts.
    pub version: Words<64>,
    /// What it does.
    pub description: Words<1024>,
    /// The extensions that it is made for.
    pub origins: Vec<Origin>,
    /// The host names that these ask for.
    pub host_names: Vec<HostName>,
    /// Why it wants to keep data, where it does.
    pub storage: Option<Reason>,
    /// The folders that it wants.
    pub folders: Vec<FolderRequest>,
    /// Where it wants to send HTTP requests.
    pub http: Vec<HttpRequest>,
    /// The secrets that it wants.
    pub secrets: Vec<SecretRequest>,
    /// The settings that it reads.
    pub config: Vec<SettingRequest>,
    /// The variables that it reads.
    pub environment: Vec<VariableRequest>,
}

/// A folder that a plugin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRequest {
    /// Where it looks for it.
    pub guest: GuestPath,
    /// What for.
    pub access: Access,
    /// Which folder of the machine its author has in mind. Only words: nothing is opened because of them.
    pub suggested: Option<Words<1024>>,
    /// Why.
    pub reason: Reason,
}

/// A destination that a plugin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Where to.
    pub destination: Destination,
    /// Why.
    pub reason: Reason,
}

/// A secret that a plugin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRequest {
    /// Which one.
    pub name: SecretName,
    /// What for.
    pub access: SecretAccess,
    /// Why.
    pub reason: Reason,
}

/// A setting that a plugin reads. No power: settings are told, not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingRequest {
    /// Its key.
    pub key: Words<256>,
    /// Why.
    pub reason: Reason,
}

/// A variable that a plugin reads. No power either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableRequest {
    /// Its name.
    pub name: Words<256>,
    /// Why.
    pub reason: Reason,
}

/// Why a text holds no requests: where and what. The text's own name is for the caller to put before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct RequestsError {
    /// Where in the text.
    pub position: Position,
    /// What is wrong there.
    pub problem: String,
}

impl Requests {
    /// Reads what an author writes, or what stands in a section.
    ///
    /// # Errors
    ///
    /// The first [`RequestsError`]: an unknown key, one that stands twice, a value that breaks a rule, a power without a
    /// reason, a text that is too long or of a newer format.
    pub fn parse(text: &str) -> Result<Self, RequestsError> {
        schema::parse(text).map_err(|(at, problem)| RequestsError {
            position: Position::of(text, at),
            problem,
        })
    }

    /// The text that [`Self::parse`] reads the same requests from, in one form whatever the author's was.
    #[must_use]
    pub fn to_text(&self) -> String {
        schema::write(self)
    }

    /// The powers, without words: what an approval is about.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked::of(self)
    }

    /// Whether these ask for every power that `newer` asks for, so that whoever approved these has seen all of it.
    #[must_use]
    pub fn covers(&self, newer: &Self) -> bool {
        self.asked().covers(&newer.asked())
    }
}

#[cfg(test)]
mod tests;
