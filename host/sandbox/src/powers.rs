//! What a plugin may reach, opened.
//!
//! The decision that shaped it: a power is not a permission to open something later but the thing itself, opened while
//! the process could still open things. So an instance holds nothing that its route was not granted, and a call finds
//! nothing to ask beyond what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_core::caller::Origin;
use portcullis_core::names::PluginName;
use portcullis_core::policy::Access;

use crate::capabilities::files::{Folder, Folders};
use crate::capabilities::http::Http;
use crate::capabilities::secrets::Secrets;
use crate::capabilities::storage::Storage;
use crate::confine::Needs;

/// What the plugin of one route may reach.
#[derive(Clone)]
pub struct Powers {
    /// The settings that it may read.
    pub config: Arc<BTreeMap<String, String>>,
    /// The variables in its environment.
    pub environment: Arc<BTreeMap<String, String>>,
    /// The secrets that it may read or write.
    pub secrets: Secrets,
    /// Where it may send HTTP requests, if anywhere.
    pub http: Option<Http>,
    /// The folders that it may use.
    pub folders: Folders,
    /// What it may keep, and where.
    pub storage: Option<Storage>,
    /// Where refusals are told.
    pub denials: Denials,
}

impl Powers {
    /// Nothing but settings, for the plugin that serves this extension.
    #[must_use]
    pub fn none(origin: &Origin, plugin: &PluginName) -> Self {
        let denials = Denials::new(origin, plugin);
        Self {
            config: Arc::default(),
            environment: Arc::default(),
            secrets: Secrets::default(),
            http: None,
            storage: None,
            folders: Folders::none(&denials),
            denials,
        }
    }

    /// Adds what these powers need from the system to what the process needs.
    pub fn add_needs<'a>(&'a self, needs: &mut Needs<'a>) {
        if let Some(http) = &self.http {
            http.add_ports(&mut needs.ports);
        }
        if let Some(storage) = &self.storage {
            storage.add_needs(needs);
        }
        let folders = self.folders.as_slice().iter();
        needs.folders.extend(folders.map(Folder::handle));
        if needs
            .folders
            .iter()
            .any(|(_, access)| *access == Access::ReadWrite)
        {
            // A file that is there already may have any size; what is written is counted in bytes.
            needs.file_size = u64::MAX;
        }
    }
}

/// The most refusals that one port tells of for one plugin: what a guest makes up has no end, and the first say it all.
const MOST_TOLD: usize = 64;

/// Tells the log what a plugin was refused, each thing once, with the command that would grant it.
#[derive(Clone)]
pub struct Denials {
    plugin: PluginName,
    /// The beginning of the command.
    subject: Arc<str>,
    told: Arc<Mutex<BTreeSet<String>>>,
}

impl Denials {
    /// The refusals of one plugin that serves one extension.
    #[must_use]
    pub fn new(origin: &Origin, plugin: &PluginName) -> Self {
        Self {
            plugin: plugin.clone(),
            subject: format!("portcullis grant {origin} {plugin}").into(),
            told: Arc::default(),
        }
    }

    /// Writes one line about a refusal, if this is the first of its kind. `attempted` says what the plugin tried, and
    /// `power` is what follows origin and plugin in the command that would grant it; both are escaped by the caller
    /// where the plugin chose them.
    pub fn tell(&self, attempted: &str, power: &str) {
        let Self {
            plugin, subject, ..
        } = self;
        if self.is_first(power) {
            tracing::warn!(%plugin, "refused: {attempted}; `{subject} {power}` would allow it");
        }
    }

    /// The same for what is no refusal but may be the reason why something does not work: at level debug.
    pub fn tell_quietly(&self, attempted: &str, power: &str) {
        let Self {
            plugin, subject, ..
        } = self;
        if self.is_first(power) {
            tracing::debug!(%plugin, "{attempted}; `{subject} {power}` would change that");
        }
    }

    /// Writes one line about a limit that has been reached, if this is the first of its kind. `limit` is its key in the
    /// policy.
    pub fn tell_limit(&self, attempted: &str, limit: &str) {
        let plugin = &self.plugin;
        if self.is_first(limit) {
            tracing::warn!(%plugin, "refused: {attempted}; the policy's `{limit}` sets the limit");
        }
    }

    /// Writes one line about something that no grant allows, if this is the first of its kind.
    pub fn tell_final(&self, attempted: &str) {
        let plugin = &self.plugin;
        if self.is_first(attempted) {
            tracing::warn!(%plugin, "refused: {attempted}; nothing grants that");
        }
    }

    fn is_first(&self, what: &str) -> bool {
        // No code runs under the lock that could leave the set half-changed.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MOST_TOLD && told.insert(what.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_told_once_and_not_without_end() {
        let origin = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
        let denials = Denials::new(
            &origin.parse().expect("an origin"),
            &"notes".parse().expect("a name"),
        );
        assert!(denials.is_first("storage"));
        assert!(!denials.clone().is_first("storage"));
        for number in 0..1000 {
            denials.is_first(&number.to_string());
        }
        assert!(!denials.is_first("http https://example.com"));
    }
}
