//! `plugins.lock`: what is installed, and what its files must be.
//!
//! The deciding choice: the file's shape (`schema`) and its meaning ([`Lock`]) are two types, joined by one
//! checked conversion. What comes out of [`Lock::load`] has unique names and numbers, digests that are digests, and
//! names of artifacts that follow from their contents and so lead nowhere else.
//!
//! A missing file means that nothing is installed. Anything else that is not as the programs write it is an error
//! with line and column, because the lock is what ties native code to a digest: fail closed.

mod approval;
mod error;
mod schema;

use std::io;
use std::path::Path;

pub use approval::{Approval, Unapproved};
pub use error::{LockError, LockProblem};

use super::write::{self, WriteError};
use super::{Home, HomeLock, artifact, guarded};
use crate::names::{Digest, PluginName};
use crate::requests::{Asked, Requests};

/// The only version of the file that there is.
const VERSION: i64 = 1;

/// The longest lock that is read: some 1 500 plugins with the requests that plugins have, far more than anybody has, and
/// small enough that reading it cannot be used to hold a browser up.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The most earlier builds whose requests are remembered. Whoever has not approved anything in so many builds is asked
/// again.
const MOST_EARLIER: usize = 16;

/// What is installed in a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Above every number ever given.
    next_number: u64,
    plugins: Vec<Installed>,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            next_number: 1,
            plugins: Vec::new(),
        }
    }
}

impl Lock {
    /// Reads the lock of `home`; where the file is missing, the lock of a home without plugins.
    ///
    /// # Errors
    ///
    /// A [`LockError`] where the file is not to be trusted or is not a lock of this version.
    pub fn load(home: &Home) -> Result<Self, LockError> {
        let path = home.lock_file();
        match guarded::read_text(&path, LONGEST)? {
            Some(text) => Self::parse(&text, &path),
            None => Ok(Self::default()),
        }
    }

    /// A lock of these plugins, which are some of another lock's, in its order.
    pub(super) fn of(next_number: u64, plugins: Vec<Installed>) -> Self {
        Self {
            next_number,
            plugins,
        }
    }

    /// Above every number ever given.
    pub(super) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Reads a lock from `text`. `path` is only for the error.
    ///
    /// # Errors
    ///
    /// A [`LockError`] with line and column where the text is not a lock of this version.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LockError> {
        schema::read(text).map_err(|(position, problem)| LockError::Malformed {
            path: path.to_owned(),
            position,
            problem,
        })
    }

    /// The text that [`Lock::parse`] reads the same lock from.
    #[must_use]
    pub fn to_text(&self) -> String {
        schema::write(self)
    }

    /// Puts the lock in the place of the home's.
    ///
    /// # Errors
    ///
    /// A [`WriteError`]; the old lock is then still there. A lock that would be too long to be read is not written.
    pub fn save(&self, lock: &HomeLock) -> Result<(), WriteError> {
        let (path, text) = (lock.home().lock_file(), self.to_text());
        if text.len() as u64 > LONGEST {
            let source = io::Error::other(format!(
                "it would have {} bytes, and at most {LONGEST} are read: remove a plugin first",
                text.len()
            ));
            return Err(WriteError { path, source });
        }
        write::replace(lock, &path, text.as_bytes())
    }

    /// The plugin of this name, where one is installed.
    #[must_use]
    pub fn find(&self, name: &PluginName) -> Option<&Installed> {
        self.plugins.iter().find(|plugin| plugin.name == *name)
    }

    /// All plugins, in the order in which their names were first installed.
    #[must_use]
    pub fn plugins(&self) -> &[Installed] {
        &self.plugins
    }

    /// The installation number for a plugin that is about to be [put](Lock::put) under `name`: that of the one which
    /// is there, so that a new build keeps its data, and otherwise one that was never given before.
    #[must_use]
    pub fn number_for(&self, name: &PluginName) -> u64 {
        self.find(name)
            .map_or(self.next_number, |plugin| plugin.number)
    }

    /// Adds the plugin, in the place of the one with the same name if there is one. Where that is the same installation,
    /// what its builds asked for is remembered.
    pub fn put(&mut self, mut plugin: Installed) {
        self.next_number = self.next_number.max(plugin.number + 1);
        if let Some(known) = self.find(&plugin.name)
            && known.number == plugin.number
        {
            plugin.earlier = known.builds_before(&plugin.digest);
        }
        match self
            .plugins
            .iter_mut()
            .find(|known| known.name == plugin.name)
        {
            Some(known) => *known = plugin,
            None => self.plugins.push(plugin),
        }
    }

    /// Notes new native code for every plugin whose `.wasm` has this digest: they share the file.
    pub fn set_artifact(&mut self, plugin: &Digest, artifact: &Artifact) {
        for known in self
            .plugins
            .iter_mut()
            .filter(|known| known.digest == *plugin)
        {
            known.artifact = artifact.clone();
        }
    }

    /// Takes the plugin of this name out and returns it. Its number is not given again.
    pub fn remove(&mut self, name: &PluginName) -> Option<Installed> {
        let index = self
            .plugins
            .iter()
            .position(|plugin| plugin.name == *name)?;
        Some(self.plugins.remove(index))
    }
}

/// One installed plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What policy and commands call it.
    pub name: PluginName,
    /// Which installation it is. Name and number together are the plugin's identity: a name that is used again for
    /// something else has another number, and so inherits nothing. See [`Lock::number_for`].
    pub number: u64,
    /// Where it came from, as the person gave it. Text for people: nothing is ever read from there again.
    pub source: String,
    /// The sha256 of the `.wasm`, which is in the store under it.
    pub digest: Digest,
    /// The length of the `.wasm` in bytes.
    pub size: u64,
    /// When it was installed.
    pub installed: Timestamp,
    /// The native code made from it.
    pub artifact: Artifact,
    /// What it asks for, where it has a section that says so.
    pub requests: Option<Requests>,
    /// What earlier builds of this installation asked for, the latest first. Builds that did not say are not among them.
    pub earlier: Vec<EarlierBuild>,
}

/// A build that was installed before under the same name and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierBuild {
    /// The sha256 of its `.wasm`, which is gone.
    pub digest: Digest,
    /// The powers that it asked for.
    pub asked: Asked,
}

/// The native code of an installed plugin: what the file in `cache/` must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The version of the program whose compiler made it. Only letters, digits, `.`, `_`, `+` and `-`.
    pub program_version: String,
    /// The target triple that it is for. The same characters.
    pub target: String,
    /// The sha256 of the file.
    pub digest: Digest,
    /// The length of the file in bytes.
    pub size: u64,
    /// What tells, without reading the file, that nothing has touched it since it was made.
    pub stamp: artifact::Stamp,
}

impl Artifact {
    /// The name of the file in `cache/` for the plugin whose `.wasm` has the digest `plugin`.
    #[must_use]
    pub fn file_name(&self, plugin: &Digest) -> String {
        artifact::artifact_file_name(plugin, &self.program_version, &self.target)
    }
}

/// A date with a time and its distance from UTC, as in RFC 3339. Handed in as text, because nothing here reads a
/// clock, and only ever shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp(String);

impl Timestamp {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Timestamp {
    type Err = LockProblem;

    fn from_str(text: &str) -> Result<Self, LockProblem> {
        // TOML's dates are those of RFC 3339, with parts left out in some forms.
        match text.parse::<toml::value::Datetime>() {
            Ok(parsed)
                if parsed.date.is_some() && parsed.time.is_some() && parsed.offset.is_some() =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(LockProblem::Timestamp {
                text: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
